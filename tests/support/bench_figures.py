"""From samples to the figures a benchmark prints."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

Figures = Mapping[str, float | int | str | None]
"""What a benchmark found; names carry their unit, `ratio_..` has none."""


def percentile(samples: Sequence[float], share: float) -> float:
    """The smallest sample that `share` of all samples do not exceed (nearest rank)."""
    return sorted(samples)[max(0, math.ceil(share * len(samples)) - 1)]


def spread(samples: Sequence[float], prefix: str = "") -> dict[str, float | int]:
    """Count, p50, p99 and maximum of seconds, as milliseconds."""
    return {
        f"{prefix}n": len(samples),
        f"{prefix}p50_ms": milliseconds(percentile(samples, 0.5)),
        f"{prefix}p99_ms": milliseconds(percentile(samples, 0.99)),
        f"{prefix}max_ms": milliseconds(max(samples)),
    }


def milliseconds(seconds: float) -> float:
    """Seconds as milliseconds, to a hundredth."""
    return round(seconds * 1000, 2)
