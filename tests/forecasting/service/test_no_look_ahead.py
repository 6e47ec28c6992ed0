"""T1 to the end of the line: bars in, and what every model said of a session stays as it was, whatever came later."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from forecasting.domain.forecast import Forecast, Origin
from forecasting.domain.market import BarSeries, Symbol
from forecasting.evaluation import calibration
from forecasting.features import fusion
from forecasting.features.fusion import Columns, Prepared
from forecasting.features.panel import Panel
from forecasting.features.pipeline import HAR_COLUMNS, MARKET_COLUMNS, build_panel
from forecasting.models.base import Fitted
from forecasting.models.registry import NAMES
from forecasting.service import backfill
from forecasting.service.backend import Work
from forecasting.service.bench import ENSEMBLE
from forecasting.service.calibrator import FollowedFit
from tests.support.bars import random_walk_series
from tests.support.desk import backend, recorded, write_csv
from tests.support.leaks import FUTURES, disturbances, leaks
from tests.support.markets import at
from tests.support.panels import every_model

TRAINED = 280      # session index
RUN_IN = 40        # sessions before it that run the calibration in; two years would find no more


@pytest.fixture(scope="module")
def watchlist() -> list[BarSeries]:
    """A full history, a young one, one with days off, and another exchange's."""
    full = [random_walk_series(f"S{i}", 380, seed=i) for i in range(3)]
    young = replace(full[1], bars=full[1].bars[200:])
    holey = replace(full[2], bars=tuple(b for k, b in enumerate(full[2].bars) if k % 17))
    return [full[0], young, holey, random_walk_series("T", 380, seed=9, exchange="XTKS")]


@pytest.fixture(scope="module")
def fitted(watchlist: list[BarSeries]) -> dict[str, Fitted]:
    panel = build_panel(watchlist)
    found = {m.name: m.fit(panel, cut=TRAINED) for m in every_model((*HAR_COLUMNS, *MARKET_COLUMNS))}
    assert set(found) == set(NAMES)
    return found


@pytest.fixture(autouse=True)
def short_run_in(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(calibration, "RUN_IN", RUN_IN)


def said(fitted: Mapping[str, Fitted], series: Sequence[BarSeries], cut: date) -> Mapping[str, Any]:
    """Forecasts at the close of `cut` and of a few sessions before it; the calibrated ones of the last twenty."""
    panel = build_panel(series)
    end = panel.index_of(cut)
    found: dict[str, Any] = {}
    for name, model in fitted.items():
        told = model.predict(panel, sorted({TRAINED + 1, (TRAINED + end) // 2 + 1, end}))
        found |= {name: told.log_returns, f"{name}, up": told.p_up}
    calibrated = FollowedFit(fitted[ENSEMBLE]).predict(panel, range(max(TRAINED, end - 20) + 1, end + 1))
    return {**found, "calibrated": calibrated.log_returns, "calibrated, up": calibrated.p_up}


@pytest.mark.honesty("T1")
def test_what_every_model_said_keeps_every_bit_whatever_comes_after(
    fitted: dict[str, Fitted], watchlist: list[BarSeries]
) -> None:
    assert leaks(lambda series, cut: said(fitted, series, cut), watchlist, cuts=25, first=TRAINED + 2) == set()


@pytest.mark.honesty("T1", "T5", red=True)
def test_a_feature_that_sees_the_next_session_changes_what_its_readers_said(
    monkeypatch: pytest.MonkeyPatch, fitted: dict[str, Fitted], watchlist: list[BarSeries]
) -> None:
    plant_shift(monkeypatch)
    found = leaks(lambda series, cut: said(fitted, series, cut), watchlist, cuts=2, first=TRAINED + 2)
    assert found >= {"har-t", "lstm", "lstm-attention", "transformer", "ensemble", "calibrated"}
    assert not found & {"garch-t", "ewma-t", "ewma", "random-walk"}      # these read returns, which know nothing


@pytest.mark.honesty("T1", red=True)
def test_a_calibration_that_learns_before_an_outcome_is_there_is_found(
    monkeypatch: pytest.MonkeyPatch, fitted: dict[str, Fitted], watchlist: list[BarSeries]
) -> None:
    def early(panel: Panel) -> Panel:
        """Every outcome, of ten sessions ahead as well, is taken for known at the next close."""
        tomorrow = np.arange(len(panel.sessions))[None, :, None] + 1
        return replace(panel, target_ends=np.minimum(panel.target_ends, tomorrow))

    honest = FollowedFit.predict
    monkeypatch.setattr(FollowedFit, "predict", lambda self, panel, at: honest(self, early(panel), at))
    found = leaks(lambda series, cut: said(fitted, series, cut), watchlist, cuts=3, first=TRAINED + 10)
    assert "calibrated" in found
    assert found <= {"calibrated", "calibrated, up"}


def plant_shift(monkeypatch: pytest.MonkeyPatch, sessions: int = 1) -> None:
    """Tomorrow's range among today's features: pandas' `shift(-1)`, or further."""
    honest = fusion.BAR_GROUPS["volatility"]

    def leaky(data: Prepared) -> Columns:
        columns = honest(data)
        gk = columns["log_gk_1"]
        return {**columns, "log_gk_1": np.concatenate([gk[:, sessions:], gk[:, -sessions:]], axis=1)}

    monkeypatch.setitem(fusion.BAR_GROUPS, "volatility", leaky)


# --- backfill: the ledger's rows about the past

SYMBOLS = (Symbol("AAA"), Symbol("BBB"))
NOW = date(2015, 6, 30)
BACKFILLED, LATER = 40, 15       # sessions; the newest of them come after the cut


def backfilled(folder: Path, data: Path, cut: date, sessions: int) -> dict[tuple[str, str, date], Forecast]:
    """What the backfill wrote about sessions before `cut`: of the newest there are, a late tick speaks."""
    with backend(folder, data) as local:
        local.desk.backfill_sessions = sessions
        local.tick(SYMBOLS, at(NOW, 12), lambda step: None)
        for work in (Work.TRAIN, Work.BACKFILL):
            local.work(work, SYMBOLS, at(NOW, 12), lambda step: None)
        ledger = local.desk.store.ledger
        entries = ledger.entries(range(1, ledger.count() + 1))
    told = [e.forecast for e in entries if e.origin is Origin.BACKFILL and e.forecast.as_of_session < cut]
    return {(f.symbol, f.model, f.as_of_session): f for f in told}


@pytest.fixture
def rows(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str | None], dict[Any, Forecast]]:
    """Backfills the market with one of FUTURES after the cut, or as it was."""
    monkeypatch.setattr(backfill, "BLOCK", 10)      # several fits, each with forecasts before and after
    series = recorded(SYMBOLS, date(2014, 1, 2), NOW)
    cut = series[0].bars[-2 - LATER].session        # the session of NOW itself has not closed

    def made(future: str | None) -> dict[Any, Forecast]:
        spoilt = dict(zip(FUTURES, disturbances(series, cut), strict=True)).get(future or "", series)
        folder = write_csv(tmp_path / f"csv {future}", spoilt)
        gone = LATER if future in ("deleted", "missing") else 0       # the same first session, and the same fits
        return backfilled(folder, tmp_path / f"data {future}", cut, BACKFILLED - gone)

    return made


@pytest.mark.honesty("T1")
def test_a_backfill_says_the_same_of_a_session_whatever_came_after_it(
    rows: Callable[[str | None], dict[Any, Forecast]],
) -> None:
    known = rows(None)
    assert {model for _, model, _ in known} == {"ensemble", "lstm", "har-t", "ewma-t", "random-walk"}
    assert len(known) == len(SYMBOLS) * 5 * (BACKFILLED - LATER)
    for future in FUTURES:
        assert rows(future) == known, future


@pytest.mark.honesty("T1", red=True)
def test_a_backfill_with_a_feature_that_sees_two_sessions_ahead_changes_its_rows(
    monkeypatch: pytest.MonkeyPatch, rows: Callable[[str | None], dict[Any, Forecast]],
) -> None:
    plant_shift(monkeypatch, sessions=2)      # the newest row compared is the one before the cut
    known, spoilt = rows(None), rows("a thousand times larger")
    changed = {model for (_, model, _), f in known.items() if spoilt[f.symbol, model, f.as_of_session] != f}
    assert changed >= {"har-t", "ensemble"}
