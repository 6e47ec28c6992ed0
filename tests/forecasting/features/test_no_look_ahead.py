"""T1 and T14: nothing at or before a session depends on anything after it."""

from __future__ import annotations

import ast
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from forecasting.domain.market import BarSeries
from forecasting.features.panel import FloatArray, Panel
from forecasting.features.pipeline import build_panel
from forecasting.features.scaling import Scaler
from tests.support.bars import random_walk_series, stocknet
from tests.support.leaks import leaks

ROOT = Path(__file__).resolve().parents[3]


def watchlist() -> list[BarSeries]:
    """Four symbols with different histories, exchanges and days off."""
    full = [random_walk_series(f"S{i}", 300, seed=i) for i in range(3)]
    young = replace(full[1], bars=full[1].bars[120:])
    holey = replace(full[2], bars=tuple(b for k, b in enumerate(full[2].bars) if k % 17))
    return [full[0], young, holey, random_walk_series("T", 300, seed=9, exchange="XTKS")]


def until(panel: Panel, cut: date) -> dict[str, Any]:
    """All a model may know at the close of `cut`."""
    end = panel.index_of(cut) + 1
    return {
        "features": panel.features[:, :end],
        "returns": panel.returns[:, :end],
        "scale": panel.scale[:, :end],
        "closes": panel.closes[:, :end],
        "traded": panel.traded[:, :end],
        "valid": panel.valid[:, :end],
        "targets": panel.targets_until(end - 1)[:, :end],
    }


def observe_panel(series: Sequence[BarSeries], cut: date) -> Mapping[str, Any]:
    panel = build_panel(series)
    known = until(panel, cut)
    scaler = Scaler.fit(known["features"][known["valid"]])
    return {**known, **{name: np.array(v) for name, v in scaler.to_dict().items()}}


@pytest.mark.honesty("T1")
def test_the_past_keeps_every_bit_whatever_comes_after() -> None:
    assert leaks(observe_panel, watchlist(), cuts=25, first=100) == set()


@pytest.mark.honesty("T1")
def test_the_past_of_real_bars_keeps_every_bit_whatever_comes_after() -> None:
    assert leaks(observe_panel, stocknet("AAPL", "GE", "BABA", "XOM"), cuts=5, first=150) == set()


def later(values: FloatArray) -> FloatArray:
    """Pandas' shift(-1)."""
    return np.concatenate([values[:, 1:], np.full_like(values[:, :1], np.nan)], axis=1)


@pytest.mark.honesty("T1", red=True)
@pytest.mark.parametrize(
    "leaky",
    [
        pytest.param(lambda p: later(p.returns), id="tomorrow's return"),
        pytest.param(lambda p: p.scale / np.nanmean(p.scale, axis=1, keepdims=True), id="scaled by the whole sample"),
        pytest.param(lambda p: (p.scale + later(p.scale)) / 2.0, id="centred window"),
        pytest.param(lambda p: p.targets[:, :, 0], id="targets without a cut"),
        pytest.param(lambda p: later(np.log(p.closes)) - np.log(p.closes), id="gap to the next bar"),
    ],
)
def test_a_planted_leak_turns_the_check_red(leaky: Any) -> None:
    def observe(series: Sequence[BarSeries], cut: date) -> Mapping[str, Any]:
        panel = build_panel(series)
        return {**until(panel, cut), "planted": leaky(panel)[:, : panel.index_of(cut) + 1]}

    assert leaks(observe, watchlist(), cuts=3, first=100) == {"planted"}


@pytest.mark.honesty("T1", red=True)
def test_a_scaler_fitted_on_everything_turns_the_check_red() -> None:
    def observe(series: Sequence[BarSeries], cut: date) -> Mapping[str, Any]:
        panel = build_panel(series)
        return {"centre": Scaler.fit(panel.features[panel.valid]).centre}

    assert leaks(observe, watchlist(), cuts=3, first=100) == {"centre"}


LOOKING_AHEAD = {
    "bfill", "backfill", "interpolate", "filtfilt", "savgol_filter", "roll", "gradient", "medfilt", "uniform_filter1d",
    "gaussian_filter1d", "convolve1d",
}
"""Calls that read later rows; slices that do so are caught by the disturbances above."""


def look_aheads(source: str) -> list[str]:
    """Calls in `source` that let a row see later ones."""
    found = []
    for call in (node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Call)):
        name = call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")
        values = [k.value for k in call.keywords]
        options = {k.arg: ast.unparse(k.value) for k in call.keywords}
        steps = [*map(ast.unparse, call.args[:1]), options.get("periods", "")]
        if (
            name in LOOKING_AHEAD
            or options.get("center") == "True"
            or options.get("method") in ("'bfill'", "'backfill'")
            or (name in ("convolve", "correlate") and "'same'" in map(ast.unparse, (*call.args, *values)))
            or (name in ("shift", "diff", "pct_change") and any(s.startswith("-") for s in steps))
        ):
            found.append(f"line {call.lineno}: {name}")
    return found


@pytest.mark.honesty("T14", red=True)
@pytest.mark.parametrize(
    ("source", "call"),
    [
        ("frame.bfill()", "bfill"),
        ("frame.fillna(method='bfill')", "fillna"),
        ("frame.interpolate()", "interpolate"),
        ("frame.rolling(5, center=True).mean()", "rolling"),
        ("frame.shift(-1)", "shift"),
        ("frame.shift(periods=-h)", "shift"),
        ("frame.pct_change(-5)", "pct_change"),
        ("np.roll(x, -1)", "roll"),
        ("filtfilt(b, a, x)", "filtfilt"),
        ("np.convolve(x, y, 'same')", "convolve"),
        ("np.convolve(x, y, mode='same')", "convolve"),
        ("uniform_filter1d(x, 5)", "uniform_filter1d"),
    ],
)
def test_the_scan_knows_a_look_ahead_when_it_sees_one(source: str, call: str) -> None:
    assert look_aheads(source) == [f"line 1: {call}"]


@pytest.mark.parametrize("source", ["frame.shift(1)", "frame.rolling(5).mean()", "np.convolve(x, y)", "frame.ffill()"])
def test_the_scan_lets_backward_looks_pass(source: str) -> None:
    assert look_aheads(source) == []


@pytest.mark.honesty("T14")
def test_no_module_but_targets_looks_ahead() -> None:
    assert scanned(ROOT / "forecasting") == {}


def scanned(package: Path) -> dict[str, list[str]]:
    """What is found in each module of a package but `features/targets.py`."""
    modules = [m for m in sorted(package.rglob("*.py")) if m != package / "features/targets.py"]
    assert modules
    found = {str(m.relative_to(package)): look_aheads(m.read_text(encoding="utf-8")) for m in modules}
    return {name: calls for name, calls in found.items() if calls}


@pytest.mark.honesty("T14", red=True)
def test_a_look_ahead_slipped_into_any_module_but_targets_is_named(tmp_path: Path) -> None:
    package = tmp_path / "forecasting"
    shutil.copytree(ROOT / "forecasting", package, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("features/targets.py", "features/volatility.py", "trading/targets.py"):
        with (package / name).open("a", encoding="utf-8") as module:
            module.write("\n\ndef smooth(frame):\n    return frame.rolling(5, center=True).mean()\n")
    assert set(scanned(package)) == {"features/volatility.py", "trading/targets.py"}
