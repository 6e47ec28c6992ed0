"""Alarms over the live record: what they ask for, what is done, and how a new fit begins with a clean one."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest

from forecasting.data.store import Store
from forecasting.domain.forecast import Forecast, Origin, Outcome
from forecasting.domain.market import Symbol
from forecasting.service.watch import CALM, begin_anew, look, widened
from tests.support.bars import weekdays
from tests.support.ledger_rows import forecast

N = 90
DAYS = weekdays(N + 12, date(2020, 1, 6))


class Record:
    """A ledger whose outcomes are made up: only what `look` asks for."""

    def __init__(self, *, held_every: int | None = None, lost_from: int = N) -> None:
        self._held_every, self._lost_from = held_every, lost_from
        self.meta: dict[str, str] = {}
        self.ledger = self.runs = self

    def get_meta(self, key: str) -> str | None:
        return self.meta.get(key)

    def set_meta(self, key: str, value: str) -> None:
        self.meta[key] = value

    def outcomes(self, *, model: str, horizon: int, origin: Origin) -> list[Outcome]:
        assert (horizon, origin) == (1, Origin.LIVE)
        return [self._outcome(model, i) for i in range(N)]

    def _outcome(self, model: str, i: int) -> Outcome:
        outside = self._held_every is not None and i >= N - 25 and i % self._held_every == 0
        wobble = 0.0004 if i % 2 else -0.0004
        lost = 0.004 if model == "ensemble" and i >= self._lost_from else 0.0
        return Outcome(
            entry_id=i, symbol=Symbol("AAA"), model=model, origin=Origin.LIVE, horizon=1, as_of_session=DAYS[i],
            target_session=DAYS[i + 1], settled_at=datetime(2021, 1, 1, tzinfo=UTC) + timedelta(days=i),
            actual=0.05 if outside else 0.0, median=0.0, low_80=-0.01, high_80=0.01, p_up=0.5,
            crps=0.01 + lost + (wobble if model == "ensemble" else 0.0),
        )


def test_a_quiet_record_asks_for_nothing() -> None:
    assert look(Record()) == CALM  # type: ignore[arg-type]


def test_bands_that_hold_too_little_for_a_month_are_widened_and_that_is_said() -> None:
    response = look(Record(held_every=2))  # type: ignore[arg-type]
    assert response.widen > 1.0
    assert not response.fall_back
    assert "80 % band held" in response.reasons[0]


def test_an_ensemble_that_has_begun_to_lose_falls_silent_until_a_new_fit_begins_anew() -> None:
    record = Record(lost_from=65)
    response = look(record)  # type: ignore[arg-type]
    assert (response.fall_back, response.refit) == (True, True)
    assert "ewma-t" in response.reasons[0]
    begin_anew(record, DAYS[N])  # type: ignore[arg-type]
    assert look(record) == CALM  # type: ignore[arg-type]


@pytest.fixture
def said() -> list[Forecast]:
    return [replace(forecast(), model="ensemble"), forecast()]


def test_widening_moves_the_ensembles_bands_and_no_others(said: list[Forecast]) -> None:
    response = replace(CALM, widen=1.1)
    wider, same = widened(said, response)
    assert same is said[1]
    for row, before in zip(wider.log_returns, said[0].log_returns, strict=True):
        middle = len(row) // 2
        assert row[middle] == before[middle]
        assert [x - row[middle] for x in row] == pytest.approx([1.1 * (x - before[middle]) for x in before])
    assert widened(said, CALM) == said


def test_the_watch_reads_a_real_ledger() -> None:
    with Store.temporary() as store:
        assert look(store) == CALM
