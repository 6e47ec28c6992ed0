"""Charts: values in, plotext drawing out."""
