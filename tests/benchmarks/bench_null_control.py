"""T4 with all its seeds: what the pipeline finds in thirty markets of pure chance. `--seeds N` runs fewer.

The ensemble has its default size. Expected: at most one badge in a hundred is false, hit rates lie within their 95 %
intervals 95 times in a hundred, and no spread beats the true one.
"""

from __future__ import annotations

import math
import time
from statistics import mean, stdev
from typing import Any

from tests.support.null_control import SPREADS, Control, null_control


def run(runs: int = 30) -> dict[str, Any]:
    """One market per seed."""
    began = time.perf_counter()
    return {**summary([null_control(seed) for seed in range(runs)]), "seconds": round(time.perf_counter() - began, 1)}


def summary(controls: list[Control]) -> dict[str, Any]:
    """Counts over all markets; a skill's interval is that of the mean over markets, which are independent."""
    scores = [s for c in controls for s in c.scores]
    models = sorted({s.model for s in scores})
    return {
        "seeds": len(controls),
        "badges": {"of": len(scores), "false": sum(len(c.badges) for c in controls)},
        "badges_by_own_record": {"of": sum(c.records for c in controls), "false": sum(c.supported for c in controls)},
        "hit_rate": {
            m: {"of": len(own), "half_inside": sum(s.hit_rate.low <= 0.5 <= s.hit_rate.high for s in own),
                "mean": round(mean(s.hit_rate.value for s in own), 4)}
            for m in models for own in [[s for s in scores if s.model == m]]
        },
        "skill_vs_truth": {m: _skill([c.skill[m][0] for c in controls], controls, m) for m in SPREADS},
    }


def _skill(values: list[float], controls: list[Control], model: str) -> dict[str, Any]:
    half = 1.96 * stdev(values) / math.sqrt(len(values)) if len(values) > 1 else math.inf
    middle = mean(values)
    return {
        "mean": round(middle, 5), "low": _finite(middle - half), "high": _finite(middle + half),
        "better_than_truth": sum(model in c.skilled for c in controls),
    }


def _finite(x: float) -> float | None:
    return round(x, 5) if math.isfinite(x) else None
