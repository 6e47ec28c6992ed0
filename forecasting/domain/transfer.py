"""What a person may ask an export for."""

from __future__ import annotations

from typing import Literal, get_args

Format = Literal["csv", "json", "parquet"]
FORMATS: tuple[Format, ...] = get_args(Format)

What = Literal["bars", "forecasts", "signals", "alerts", "watchlist", "holdings", "all"]
WHAT: tuple[What, ...] = get_args(What)

ListFormat = Literal["text", "csv", "json"]
"""What lists alone may be written in, and read from."""
