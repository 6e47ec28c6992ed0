"""Processes that write to one store and say on standard output what they have been told is kept.

    python -m tests.support.store_writer hammer PATH NAME SECONDS     a writer of its own symbol and model
    python -m tests.support.store_writer read PATH SECONDS            a reader that looks for torn facts
    python -m tests.support.store_writer work PATH                    two lanes as the worker has, until it is killed
    python -m tests.support.store_writer engine PATH                  the worker's own code on `PATH/../csv`, likewise

Each line is one acknowledgement, written after the call that wrote the row has returned.
"""

from __future__ import annotations

import os
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import date, timedelta
from itertools import count, islice
from pathlib import Path
from typing import Any

from forecasting.data.store import Store
from forecasting.domain.forecast import Origin
from forecasting.domain.market import Bar, BarSeries, Symbol
from tests.support.store import close_of, forecast, instrument, outcome, weekdays

FIRST = date(1900, 1, 1)
ENGINE_START, ENGINE_END = date(2005, 1, 3), date(2025, 12, 31)      # what `engine` ticks through
_SHARED = Symbol("SHARED")


def acknowledge(*words: object) -> None:
    """One line, in one write, so that a kill leaves whole lines or none."""
    os.write(1, (" ".join(map(str, words)) + "\n").encode())


def _bar(day: date, close: float) -> Bar:
    return Bar(day, close, close + 1.0, close - 0.5, close, close, 1e6)


def _days(after: date | None) -> Iterator[date]:
    return weekdays(FIRST if after is None else after + timedelta(days=1))


def hammer(path: Path, name: str, seconds: float) -> None:
    """Bars, a quote's worth of bookkeeping, a forecast and its outcome, as fast as it goes."""
    symbol, end = Symbol(name), time.monotonic() + seconds
    with Store.open(path) as store:
        for number, day in enumerate(_days(None)):
            if time.monotonic() > end:
                break
            store.market.put_bars(BarSeries(instrument(symbol), (_bar(day, 100.0 + number % 50),)))
            acknowledge("bar", symbol, day)
            (entry,) = store.ledger.append([forecast(symbol, session=day)], Origin.BACKFILL, at=close_of(day))
            acknowledge("forecast", entry.id, entry.hash)
            store.ledger.settle([outcome(entry)])
            acknowledge("outcome", entry.id, 1)
            store.runs.next_trial()
            acknowledge("trial")
            # Two writers replace one history in turn: whoever reads sees one of them whole.
            whole = BarSeries(instrument(_SHARED), tuple(_bar(d, 10.0 + number) for d in islice(weekdays(FIRST), 20)))
            store.market.put_bars(whole, replace=True)


def read(path: Path, seconds: float) -> None:
    """What a screen asks for, again and again; says how often it read, and `torn` where two facts contradict."""
    reads, end = 0, time.monotonic() + seconds
    with Store.open(path) as store:
        newest = 0
        while time.monotonic() < end:
            closes = {bar.close for bar in store.market.bars(_SHARED)}
            if len(closes) > 1:
                acknowledge("torn", "half of one history and half of another")
            entries = store.ledger.count()
            if entries < newest:
                acknowledge("torn", f"the ledger had {newest} entries, then {entries}")
            newest = entries
            store.ledger.latest()
            store.market.quotes()
            reads += 1
    acknowledge("reads", reads)


def work(path: Path) -> None:
    """A fast lane with bars and live forecasts beside a slow lane with a backfill, as the worker has them."""
    with Store.open(path) as store:
        slow = threading.Thread(target=_backfill, args=(store,), daemon=True)
        slow.start()
        last = store.market.last_sessions([Symbol("FAST")]).get(Symbol("FAST"))
        for number, day in enumerate(_days(last)):
            store.market.put_bars(BarSeries(instrument("FAST"), (_bar(day, 100.0 + number % 50),)))
            acknowledge("bar", "FAST", day)
            made = [forecast("FAST", model, day) for model in ("har-t", "ewma-t")]
            for entry in store.ledger.append(made, Origin.LIVE, at=close_of(day)):
                acknowledge("forecast", entry.id, entry.hash)
            for entry in store.ledger.append(
                [replace(each, model="lstm") for each in made[:1]], Origin.BACKFILL, at=close_of(day)
            ):
                store.ledger.settle([outcome(entry, horizon) for horizon in (1, 2)])
                acknowledge("outcome", entry.id, 1)
                acknowledge("outcome", entry.id, 2)


def _backfill(store: Store) -> None:
    known = store.ledger.latest([Symbol("SLOW")]).get(Symbol("SLOW"), {}).get("ensemble")
    days = _days(None if known is None else known.forecast.as_of_session)
    for _ in count():
        span = list(islice(days, 20))
        made = [forecast("SLOW", "ensemble", day) for day in span]
        entries = store.ledger.append(made, Origin.BACKFILL, at=close_of(span[-1]))
        for entry in entries:
            acknowledge("forecast", entry.id, entry.hash)
        store.ledger.settle([outcome(entry) for entry in entries])
        for entry in entries:
            acknowledge("outcome", entry.id, 1)


def engine(path: Path) -> None:
    """Tick from session to session over a recorded market, with the walk-forward backfill beside it."""
    from forecasting.service.backend import Work
    from forecasting.service.local import LocalBackend
    from tests.support.desk import setup

    with Store.open(path) as store:
        _listen(store)
        backend = LocalBackend(setup(path.parent / "csv", path.parent), store)
        now = close_of(max(store.market.last_sessions().values(), default=ENGINE_START)) + timedelta(hours=6)
        symbols = backend.catalogue(now)
        backend.tick(symbols, now, lambda step: None)
        threading.Thread(
            target=lambda: backend.work(Work.BACKFILL, symbols, now, lambda step: None), daemon=True
        ).start()
        while now.date() < ENGINE_END:
            now += timedelta(days=1)
            backend.tick(symbols, now, lambda step: None)


def _listen(store: Store) -> None:
    """Have the store's writes acknowledged once they have returned."""
    append, settle, put_bars = store.ledger.append, store.ledger.settle, store.market.put_bars

    def appended(*args: Any, **options: Any) -> Any:
        entries = append(*args, **options)
        for entry in entries:
            acknowledge("forecast", entry.id, entry.hash)
        return entries

    def settled(outcomes: Any) -> Any:
        new = settle(outcomes)
        for each in new:
            acknowledge("outcome", each.entry_id, each.horizon)
        return new

    def put(series: BarSeries, **options: Any) -> int:
        count = put_bars(series, **options)
        for bar in series.bars:
            acknowledge("bar", series.symbol, bar.session)
        return count

    vars(store.ledger).update(append=appended, settle=settled)
    vars(store.market).update(put_bars=put)


def main() -> None:
    """Do what the command line says."""
    what, path, *rest = sys.argv[1:]
    if what == "hammer":
        hammer(Path(path), rest[0], float(rest[1]))
    elif what == "read":
        read(Path(path), float(rest[0]))
    else:
        {"work": work, "engine": engine}[what](Path(path))


if __name__ == "__main__":
    main()
