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
    "forecasting.service.engine", "forecasting.service.onlooker", "forecasting.service.client", "hashlib",
)  # fmt: skip


def loaded_by(module: str, candidates: tuple[str, ...]) -> list[str]:
    """Which of `candidates` are in memory once `module` has been imported in a fresh interpreter."""
    code = f"import sys, {module}; print(*sorted(sys.modules.keys() & {set(candidates)!r}))"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout.split()


def test_the_app_imports_nothing_heavy_before_its_first_paint() -> None:
    assert loaded_by("tui.app, tui.cli, forecasting.service.front", HEAVY + AFTER_FIRST_PAINT) == []


def test_every_frozen_class_before_the_first_paint_is_made_cheaply() -> None:
    """Half a millisecond each: see `forecasting.frozen`."""
    code = """
import dataclasses, sys, tui.app, tui.cli, forecasting.service.front
ours = [m for name, m in sys.modules.items() if name.split(".")[0] in ("tui", "forecasting")]
classes = {c for m in ours for c in vars(m).values() if isinstance(c, type) and c.__module__ == m.__name__}
made = [c for c in classes if dataclasses.is_dataclass(c)]
print(len(made) > 60, *sorted(c.__qualname__ for c in made if c.__dataclass_params__.frozen))
"""
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.stdout.split() == ["True"], done.stderr


@pytest.mark.parametrize("module", ["forecasting.service.engine"])
def test_the_engine_knows_no_screen_and_loads_nothing_heavy(module: str) -> None:
    assert loaded_by(module, ("textual", "rich", *HEAVY)) == []
