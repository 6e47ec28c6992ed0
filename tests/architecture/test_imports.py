"""What may be in memory: the screen's process stays light, and the engine knows no screen."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
HEAVY = (
    "torch", "pandas", "yfinance", "numpy", "scipy", "talib", "exchange_calendars", "websockets", "google.protobuf",
)  # fmt: skip
AFTER_FIRST_PAINT = (
    "plotext", "textual_plotext", "apscheduler", "pydantic", "tomlkit", "forecasting.service.questions",
    "forecasting.domain.backtest", "forecasting.domain.report", "forecasting.domain.scorecard",
)  # fmt: skip


def loaded_by(module: str, candidates: tuple[str, ...]) -> list[str]:
    """Which of `candidates` are in memory once `module` has been imported in a fresh interpreter."""
    code = f"import sys, {module}; print(*sorted(sys.modules.keys() & {set(candidates)!r}))"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout.split()


def test_the_app_imports_nothing_heavy_before_its_first_paint() -> None:
    assert loaded_by("tui.app, tui.cli, forecasting.service.build", HEAVY + AFTER_FIRST_PAINT) == []


@pytest.mark.parametrize("module", ["forecasting.service.engine"])
def test_the_engine_knows_no_screen_and_loads_nothing_heavy(module: str) -> None:
    assert loaded_by(module, ("textual", "rich", *HEAVY)) == []
