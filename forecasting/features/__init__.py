"""From bars to what a network reads: indicators, targets, scaling, windows."""
