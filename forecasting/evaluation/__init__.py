"""How good the forecasts are, and how sure of that one can be."""
