"""A small store with rows in every table that an export knows."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from itertools import islice
from pathlib import Path
from typing import Any

from forecasting.data.store import Store
from forecasting.domain.decision import AlertRule, Signal, SignalKind
from forecasting.domain.forecast import Origin
from forecasting.domain.holding import Holding, Lot, Split
from forecasting.domain.market import Instrument, Symbol
from forecasting.domain.watchlist import WatchGroup
from tests.support.store import AMD, MONDAY, NVDA, close_of, forecast, outcome, series, weekdays

FACTS = ("instruments", "bars", "forecasts", "outcomes", "pending", "watch_groups", "watch_symbols",
         "watch_filters", "signals", "alert_rules", "holdings", "holding_entries")
"""Every table whose rows leave and come back."""


def fill(path: Path, *, sessions: int = 3) -> None:
    """Bars, a ledger settled and waiting, signals open and scored, lists full, empty and smart, rules, a mute, lots."""
    days = list(islice(weekdays(MONDAY), sessions))
    with Store.open(path) as store:
        store.market.put_instruments([Instrument(Symbol("7203.T"), "Toyota, \"Motor\"\u00a5 株", "XTKS", "", True)])
        for symbol in (NVDA, AMD):
            store.market.put_bars(series(symbol, n=20))
        for day in days:
            made = [forecast(symbol, session=day, last_close=101.1) for symbol in (NVDA, AMD)]
            entries = store.ledger.append(made, Origin.BACKFILL, at=close_of(day))
            store.ledger.settle([outcome(entry, horizon) for entry in entries for horizon in (1, 2)])
        store.signals.append([
            Signal(symbol, SignalKind.RSI_OVERSOLD, MONDAY, close_of(MONDAY), 0.1 + 0.2, 1, 5, "RSI 28.4", model)
            for symbol, model in ((NVDA, None), (AMD, "3f9a"))
        ])
        store.signals.settle(1, 1 / 3, close_of(MONDAY) + timedelta(days=7))
        store.watchlist.save([WatchGroup("Core, \"best\"", (NVDA, AMD)), WatchGroup("Later", ()),
                              WatchGroup("Buys", (), "signal == buy and last > 1")])
        blank = AlertRule(0, "last > 3", (NVDA, AMD), None, (), 900.0, 0.0, close_of(MONDAY))
        store.alerts.add(blank)
        store.alerts.add(replace(blank, text='name == "株"', symbols=(), group="Core", sinks=("bell", "phone")))
        store.alerts.mute(2, close_of(MONDAY) + timedelta(hours=8))
        bought = Lot(MONDAY, Decimal("0.0000000001"), Decimal("183.20"), Decimal(1))
        split = Split(MONDAY + timedelta(days=7), 10, 1)
        store.holdings.save([
            Holding(NVDA, 'the "株"', ("ai", "core"), "a note", (bought, bought, split)),
            Holding(Symbol("7203.T"), note="to be watched"),
        ])


def rows(path: Path, table: str) -> list[Any]:
    """Every row of one table, as SQLite keeps it."""
    with closing(sqlite3.connect(path)) as raw:
        return raw.execute(f"SELECT * FROM {table} ORDER BY 1, 2").fetchall()
