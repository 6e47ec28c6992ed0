"""T10: a row issued before its ticker was watched, or after its first session had opened, is backfill for good."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace

import pytest

from forecasting.domain.forecast import LedgerEntry, Origin
from forecasting.domain.market import Symbol
from forecasting.errors import LedgerError
from forecasting.service import backfill, issue
from forecasting.service.backend import Work
from forecasting.service.kept_records import kept_records
from forecasting.service.local import LocalBackend
from tests.support.desk import backend, recorded, write_csv
from tests.support.markets import CALENDARS, at

OLD, NEW = Symbol("OLD"), Symbol("NEW")
FIRST_WATCH = at(date(2015, 6, 1), 12)
JOINED = {OLD: FIRST_WATCH, NEW: at(date(2015, 6, 15), 12)}
END = date(2015, 6, 30)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_csv(tmp_path_factory.mktemp("csv"), recorded((OLD, NEW), date(2014, 1, 2), END))


@pytest.fixture
def local(folder: Path, tmp_path: Path) -> Iterator[LocalBackend]:
    with backend(folder, tmp_path) as made:
        yield made


def live_through(local: LocalBackend, *, hour: int = 12, fill: bool = True) -> None:
    """A month of mornings; the second ticker is added in its middle, and pasts are filled in if `fill`."""
    for session in CALENDARS.sessions("XNYS", FIRST_WATCH.date(), END).sessions:
        now = at(session.session, hour, 31)
        watched = tuple(s for s, joined in JOINED.items() if joined <= now)
        local.tick(watched, now, lambda step: None)
        if fill and any(joined.date() == session.session for joined in JOINED.values()):
            local.work(Work.BACKFILL, watched, now, lambda step: None)


def entries(local: LocalBackend) -> tuple[LedgerEntry, ...]:
    ledger = local.desk.store.ledger
    return tuple(ledger.entries(range(1, ledger.count() + 1)))


def falsely_live(found: tuple[LedgerEntry, ...], joined: Mapping[Symbol, datetime]) -> list[LedgerEntry]:
    """Live rows about a ticker nobody watched yet, or about a session that had opened."""
    opens = {s.session: s.open for s in CALENDARS.sessions("XNYS", date(2014, 1, 2), END + timedelta(days=30)).sessions}
    return [
        e for e in found
        if e.origin is Origin.LIVE
        and not joined[e.forecast.symbol] <= e.forecast.issued_at < opens[e.forecast.target_sessions[0]]
    ]


@pytest.mark.honesty("T10")
def test_what_lies_before_a_ticker_joined_is_backfill_and_its_record_stands_apart(local: LocalBackend) -> None:
    live_through(local)
    found = entries(local)
    assert falsely_live(found, JOINED) == []
    first_live = {s: min(e.forecast.as_of_session for e in found if e.forecast.symbol == s and e.origin is Origin.LIVE)
                  for s in JOINED}
    assert first_live == {OLD: date(2015, 5, 29), NEW: date(2015, 6, 12)}
    past = {(e.forecast.symbol, e.forecast.as_of_session) for e in found if e.origin is Origin.BACKFILL}
    assert all(session < first_live[symbol] for symbol, session in past)
    assert len({session for symbol, session in past if symbol == NEW}) == 40

    ledger, kinds = local.desk.store.ledger, set()
    for record in kept_records(local.desk.store):
        rows = ledger.outcomes(record.symbol, record.model, record.horizon, record.origin)
        assert record.n == len(rows)
        kinds.add((record.symbol, record.origin))
    assert kinds == {(s, origin) for s in (OLD, NEW, None) for origin in Origin}


@pytest.mark.honesty("T10")
def test_rows_issued_after_the_open_are_all_backfill(local: LocalBackend) -> None:
    live_through(local, hour=13, fill=False)       # 9:31 in New York
    assert {e.origin for e in entries(local)} == {Origin.BACKFILL}


@pytest.mark.honesty("T10", red=True)
def test_late_rows_that_are_called_live_are_found(local: LocalBackend, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(issue, "_is_live", lambda forecast, table, desk: True)
    live_through(local, hour=13, fill=False)
    found = entries(local)
    assert falsely_live(found, JOINED) == list(found)


@pytest.mark.honesty("T10", red=True)
def test_the_ledger_refuses_a_backfill_that_is_called_live(
    local: LocalBackend, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(backfill, "Origin", SimpleNamespace(BACKFILL=Origin.LIVE))
    with pytest.raises(LedgerError, match="recorded at 2015-06-01 12:31"):
        live_through(local)
