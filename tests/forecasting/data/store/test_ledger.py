"""The ledger: forecasts before their outcomes, outcomes once, the first forecast of a session stands."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import replace
from datetime import date, datetime, timedelta
from itertools import islice
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from forecasting.data.store import Due, Store
from forecasting.domain.forecast import HORIZONS, LEVELS, Origin
from forecasting.errors import LedgerError
from tests.support.store import AMD, MONDAY, NVDA, close_of, forecast, outcome, weekdays

ISSUED = close_of(MONDAY) + timedelta(minutes=5)
TUESDAY, WEDNESDAY = date(2026, 3, 3), date(2026, 3, 4)


@pytest.fixture(scope="module")
def shared() -> Iterator[Store]:
    with Store.temporary() as store:
        yield store


returns = st.floats(min_value=-0.9, max_value=0.9)


@settings(max_examples=40, deadline=None)
@given(
    rows=st.lists(st.lists(returns, min_size=21, max_size=21).map(sorted).map(tuple), min_size=10, max_size=10),
    p_up=st.lists(st.floats(min_value=0, max_value=1), min_size=10, max_size=10),
    last_close=st.floats(min_value=1e-6, max_value=1e6),
    day=st.dates(min_value=date(1980, 1, 1), max_value=date(2090, 1, 1)),
)
def test_a_forecast_comes_back_to_seven_digits_and_is_returned_as_the_ledger_holds_it(
    shared: Store, rows: list[tuple[float, ...]], p_up: list[float], last_close: float, day: date
) -> None:
    model = f"m{shared.ledger.count()}"
    said = forecast(NVDA, model, day, log_returns=tuple(rows), p_up=tuple(p_up), last_close=last_close)
    (entry,) = shared.ledger.append([said], Origin.BACKFILL, at=ISSUED)
    assert shared.ledger.entry(entry.id) == entry
    kept = entry.forecast
    assert replace(kept, log_returns=said.log_returns, p_up=said.p_up, last_close=last_close) == said
    for row, kept_row in zip((*rows, p_up), (*kept.log_returns, kept.p_up), strict=True):
        assert kept_row == pytest.approx(row, rel=1e-6, abs=0)
    assert kept.last_close == pytest.approx(last_close, rel=1e-6)


def test_the_first_forecast_of_a_session_stands(store: Store) -> None:
    (first,) = store.ledger.append([forecast()], Origin.LIVE, at=ISSUED)
    second = forecast(last_close=999.0)
    assert store.ledger.append([second, second], Origin.LIVE, at=ISSUED) == (first, first)
    assert store.ledger.count() == 1
    (past,) = store.ledger.append([second], Origin.BACKFILL, at=ISSUED)   # kept apart, never mixed
    assert (past.id, past.origin, past.forecast.last_close) == (2, Origin.BACKFILL, 999.0)


@pytest.mark.parametrize(
    ("changes", "complaint"),
    [
        ({"train_end": MONDAY}, "fitted up to 2026-03-02"),
        ({"issued_at": close_of(MONDAY) - timedelta(seconds=1)}, "before the fact it rests on"),
        ({"issued_at": close_of(TUESDAY)}, "its first outcome was known at 2026-03-03 21:00"),
        ({"target_sessions": (MONDAY, *forecast().target_sessions[1:])}, "target sessions must ascend after it"),
        ({"target_times": (close_of(MONDAY), *forecast().target_times[1:])}, "target times must ascend"),
        ({"target_times": forecast().target_times[:9]}, "10 target sessions and 21 levels, but"),
        ({"as_of": datetime(2026, 3, 2, 21)}, "no time zone"),  # noqa: DTZ001
        ({"last_close": 0.0}, "last close 0.0"),
        ({"levels": LEVELS[::-1]}, "levels must ascend"),
        ({"p_up": (1.5,) * 10}, r"probabilities must lie in 0\.\.1"),
        ({"log_returns": ((math.nan,) * 21,) * 10}, "horizon 1: a quantile is not finite"),
        ({"log_returns": (*forecast().log_returns[:9], LEVELS[::-1])}, "horizon 10: quantiles cross"),
    ],
)
def test_a_forecast_that_breaks_a_promise_is_refused_and_takes_its_batch_along(
    store: Store, changes: dict[str, Any], complaint: str
) -> None:
    with pytest.raises(LedgerError, match=f"^AMD har-t as of 2026-03-02: .*{complaint}"):
        store.ledger.append([forecast(NVDA), forecast(AMD, **changes)], Origin.LIVE, at=ISSUED)
    assert store.ledger.count() == 0


def test_a_row_written_after_its_first_outcome_is_no_live_row(store: Store) -> None:
    with pytest.raises(LedgerError, match="recorded at 2026-03-03 21:00:00"):
        store.ledger.append([forecast()], Origin.LIVE, at=close_of(TUESDAY))
    assert store.ledger.append([forecast()], Origin.BACKFILL, at=close_of(TUESDAY))[0].origin is Origin.BACKFILL


def test_horizons_are_due_until_they_are_settled_and_they_are_settled_once(store: Store) -> None:
    (entry,) = store.ledger.append([forecast()], Origin.LIVE, at=ISSUED)
    assert store.ledger.unsettled(MONDAY) == ()
    assert [d.horizon for d in store.ledger.unsettled(WEDNESDAY)] == [1, 2]
    assert len(store.ledger.unsettled()) == len(HORIZONS)

    first = outcome(entry, horizon=1, actual=0.012)
    assert store.ledger.settle([first, first]) == (first,)
    assert store.ledger.settle([outcome(entry, horizon=1, actual=-0.5)]) == ()
    assert store.ledger.outcomes() == (first,)
    assert store.ledger.unsettled(WEDNESDAY) == (
        Due(entry.id, NVDA, "har-t", Origin.LIVE, 2, MONDAY, WEDNESDAY, close_of(WEDNESDAY)),
    )


@pytest.mark.parametrize(
    ("changes", "complaint"),
    [
        ({"settled_at": close_of(TUESDAY) - timedelta(seconds=1)}, "its target closes at 2026-03-03 21:00Z"),
        ({"settled_at": datetime(2026, 3, 4)}, "no time zone"),  # noqa: DTZ001
        ({"target_session": WEDNESDAY}, "the outcome's target_session is 2026-03-04, the forecast's 2026-03-03"),
        ({"symbol": AMD}, "the outcome's symbol is AMD, the forecast's NVDA"),
        ({"origin": Origin.BACKFILL}, "the outcome's origin is backfill"),
        ({"entry_id": 9}, "ledger entry 9, horizon 1"),
        ({"horizon": 11}, "horizon 11"),
        ({"crps": math.inf}, "not finite"),
    ],
)
def test_an_outcome_that_is_not_the_forecasts_own_is_refused(
    store: Store, changes: dict[str, Any], complaint: str
) -> None:
    (entry,) = store.ledger.append([forecast()], Origin.LIVE, at=ISSUED)
    with pytest.raises(LedgerError, match=complaint):
        store.ledger.settle([outcome(entry, horizon=2), replace(outcome(entry), **changes)])
    assert store.ledger.outcomes() == ()


def test_outcomes_are_asked_for_by_symbol_model_horizon_and_origin(store: Store) -> None:
    days = (MONDAY, TUESDAY, WEDNESDAY)
    live = store.ledger.append([forecast(NVDA, session=day) for day in days], Origin.BACKFILL, at=close_of(WEDNESDAY))
    other = store.ledger.append([forecast(AMD, "lstm")], Origin.LIVE, at=ISSUED)
    written = [outcome(e, h, actual=e.id + h / 10) for e in (*live, *other) for h in (1, 2)]
    store.ledger.settle(reversed(written))

    nvda = store.ledger.outcomes(NVDA, "har-t", 1, Origin.BACKFILL)
    assert [o.actual for o in nvda] == [1.1, 2.1, 3.1]
    assert store.ledger.outcomes(NVDA, horizon=1, limit=2) == nvda[1:]
    assert [o.actual for o in store.ledger.outcomes(model="lstm")] == [4.1, 4.2]
    assert store.ledger.outcomes(origin=Origin.LIVE) == store.ledger.outcomes(AMD)
    assert len(store.ledger.outcomes()) == 8


def test_latest_and_previous_know_the_newest_of_each_model_and_prefer_live(store: Store) -> None:
    store.ledger.append([forecast(session=day) for day in (MONDAY, TUESDAY)], Origin.BACKFILL, at=close_of(TUESDAY))
    store.ledger.append([forecast(session=TUESDAY, last_close=77.0)], Origin.LIVE, at=close_of(TUESDAY))
    store.ledger.append([forecast(AMD, "lstm")], Origin.LIVE, at=ISSUED)

    latest = store.ledger.latest()
    assert {symbol: set(models) for symbol, models in latest.items()} == {NVDA: {"har-t"}, AMD: {"lstm"}}
    assert (latest[NVDA]["har-t"].origin, latest[NVDA]["har-t"].forecast.last_close) == (Origin.LIVE, 77.0)
    assert store.ledger.latest([NVDA], origin=Origin.BACKFILL)[NVDA]["har-t"].forecast.as_of_session == TUESDAY
    assert store.ledger.symbols() == (AMD, NVDA)

    before = store.ledger.previous(NVDA, "har-t", before=TUESDAY)
    assert before is not None
    assert (before.forecast.as_of_session, before.origin) == (MONDAY, Origin.BACKFILL)
    assert store.ledger.previous(NVDA, "har-t", before=MONDAY) is None


def test_an_entry_that_does_not_exist_is_named(store: Store) -> None:
    with pytest.raises(LedgerError, match="entry 3: there is none; the ledger has 0"):
        store.ledger.entry(3)
    assert store.ledger.entries([1, 2]) == ()


def test_of_each_symbol_and_model_one_entry_is_kept_in_memory(store: Store) -> None:
    for session in islice(weekdays(MONDAY), 5):
        (entry,) = store.ledger.append([forecast(session=session)], Origin.LIVE, at=close_of(session))
        assert store.ledger.latest()[NVDA]["har-t"] == entry
        assert store.ledger.latest()[NVDA]["har-t"] is store.ledger.latest()[NVDA]["har-t"]
    assert list(store.ledger._kept) == [entry.id]
