"""What the watch table's columns are called, in config.toml and everywhere else.

How each looks is in `tui.widgets.watch_cells`; a test holds the two together.
"""

COLUMN_KEYS = (
    "symbol", "last", "change", "spark", "forecast", "band", "skill", "signal", "age",
    "name", "currency", "volume", "day", "year", "rsi", "macd", "p_up", "coverage", "hits", "source", "state",
    "qty", "cost", "value", "pnl", "pnl_pct", "day_pnl", "tags",
)
"""Those shown by default come first."""
