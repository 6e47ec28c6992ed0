"""The question how good past forecasts were, from a small ledger to the far end of the pipe."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import islice
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import pytest

from forecasting.data.store import Store
from forecasting.domain.forecast import BASELINE, LEVELS, Origin
from forecasting.domain.market import Symbol
from forecasting.service import wire
from forecasting.service.accuracy import Accuracy, AskAccuracy
from forecasting.service.backend import Step
from forecasting.service.desk import Desk
from forecasting.service.scoring import PAST, answer_accuracy
from tests.support.store import AMD, MONDAY, NVDA, close_of, forecast, outcome, weekdays

NOW = datetime(2026, 12, 1, tzinfo=UTC)
SESSIONS = 70


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    """70 sessions of backfill for NVDA and AMD by two models, three live ones of NVDA; horizons 1 and 5 settled."""
    with Store.open(tmp_path / "store.db") as store:
        days = list(islice(weekdays(MONDAY), SESSIONS))
        for origin, symbols, chosen in ((Origin.BACKFILL, (NVDA, AMD), days), (Origin.LIVE, (NVDA,), days[:3])):
            for session in chosen:
                made = [forecast(s, model, session) for s in symbols for model in ("har-t", BASELINE)]
                entries = store.ledger.append(made, origin, at=close_of(session) + timedelta(minutes=6))
                came = 0.012 if session.day % 2 else -0.004
                store.ledger.settle([outcome(e, h, came) for e in entries for h in (1, 5)])
        yield cast(Desk, SimpleNamespace(store=store))


def ask(desk: Desk, symbol: Symbol | None = None, horizon: int = 1, origin: Origin = Origin.BACKFILL) -> Accuracy:
    question = AskAccuracy((NVDA, AMD), symbol, horizon, origin)
    return answer_accuracy(desk, question, NOW, lambda step: None)


def test_each_model_is_scored_over_one_symbol_or_over_all(desk: Desk) -> None:
    whole, one = ask(desk), ask(desk, NVDA)
    assert [m.card.model for m in whole.models] == [m.card.model for m in one.models] == ["har-t", BASELINE]
    assert [(a.symbols, a.models[0].card.n, a.models[0].card.n_days) for a in (whole, one)] == [
        (2, 2 * SESSIONS, SESSIONS), (1, SESSIONS, SESSIONS)
    ]


def test_live_and_backfill_are_never_added_up(desk: Desk) -> None:
    live, past = ask(desk, origin=Origin.LIVE), ask(desk)
    assert (live.origin, live.models[0].card.n) == (Origin.LIVE, 3)
    assert (past.origin, past.models[0].card.n) == (Origin.BACKFILL, 2 * SESSIONS)
    assert not live.models[0].rolled
    assert not live.models[0].card.long_enough


def test_symbols_that_are_not_watched_any_more_are_left_out(desk: Desk) -> None:
    alone = answer_accuracy(desk, AskAccuracy((AMD,), None, 1, Origin.BACKFILL), NOW, lambda step: None)
    assert (alone.symbols, alone.models[0].card.n) == (1, SESSIONS)
    assert {p.symbol for p in alone.models[0].past} == {AMD}


def test_a_horizon_is_scored_by_its_own_quantiles(desk: Desk) -> None:
    for horizon in (1, 5):
        found = ask(desk, NVDA, horizon).models[0]
        # The support's quantile at level q is (q - 1/2) h / 100.
        widths = [c.width.value for c in found.card.coverage]
        assert widths == pytest.approx([0.5 * horizon, 0.8 * horizon, 0.95 * horizon])
        assert found.past[-1].bands[1] == pytest.approx((-0.004 * horizon, 0.004 * horizon))
    assert ask(desk, NVDA, 10).models == ()      # not settled


def test_the_newest_past_forecasts_come_with_the_baselines_loss(desk: Desk) -> None:
    past = ask(desk).models[0].past
    assert len(past) == PAST
    assert [p.target for p in past] == sorted(p.target for p in past)
    assert {(p.symbol, p.crps_baseline) for p in past} == {(NVDA, 0.0041), (AMD, 0.0041)}


def test_forecasts_on_another_grid_of_levels_are_left_out(desk: Desk) -> None:
    later = next(day for day in weekdays(MONDAY + timedelta(days=200)))
    few = forecast(NVDA, session=later, levels=LEVELS[::2], log_returns=tuple((0.0,) * 11 for _ in range(10)))
    (entry,) = desk.store.ledger.append([few], Origin.BACKFILL, at=close_of(later))
    settled = outcome(entry, 1, median=0.0, low_80=0.0, high_80=0.0)
    desk.store.ledger.settle([settled])
    assert len(desk.store.ledger.said("har-t", 1, Origin.BACKFILL, NVDA)) == SESSIONS + 1
    assert ask(desk, NVDA).models[0].card.n == SESSIONS


def test_an_answer_crosses_the_pipe_unchanged_with_what_is_not_known(desk: Desk) -> None:
    for found in (ask(desk), ask(desk, NVDA, 5), ask(desk, origin=Origin.LIVE)):
        line = wire.encode(wire.pack(found))
        assert wire.unpack(Accuracy, wire.decode(line)) == found


def test_a_step_is_said_for_each_model(desk: Desk) -> None:
    steps: list[Step] = []
    answer_accuracy(desk, AskAccuracy((NVDA,), None, 1, Origin.BACKFILL), NOW, steps.append)
    assert [step.message.split()[-1] for step in steps] == ["ensemble", "lstm", "har-t", "ewma-t", BASELINE]
