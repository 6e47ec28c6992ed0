"""A whole backend over the real yfinance and a fake Yahoo, on a clock of its own."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from forecasting.data.sources.yahoo import YahooSource
from forecasting.data.store import Store
from forecasting.service.local import LocalBackend
from tests.support.desk import setup
from tests.support.markets import CALENDARS


@contextmanager
def yahoo_backend(data: Path) -> Iterator[LocalBackend]:
    """The backend with its store below `data`; whoever is `routed` to is asked."""
    made = replace(setup(data, data, source="yahoo"), csv_dir=None, history_years=2)
    with Store.open(made.store_path) as store:
        backend = LocalBackend(made, store)
        backend.desk.source = YahooSource(
            cache_dir=data / "yf", clock=backend.desk.clock, wall=backend.desk.clock, calendars=CALENDARS,
            cap_s=2.0, per_second=500.0,
        )
        yield backend
