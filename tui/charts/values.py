"""Values by candle, as charts under each other hold them; None where there is none."""

from __future__ import annotations

from collections.abc import Sequence

from tui.charts.axis import TimeAxis

Values = tuple[float | None, ...]


def known(values: Sequence[float | None], axis: TimeAxis) -> tuple[list[float], list[float]]:
    """Places and values where there is one."""
    pairs = [(axis.at(i), v) for i, v in enumerate(values) if v is not None]
    return [x for x, _ in pairs], [v for _, v in pairs]


def at_readout(values: Values, axis: TimeAxis) -> float | None:
    """The value under the cross-hair, else the newest."""
    if not values:
        return None
    return values[-1 if axis.readout is None else min(axis.readout, len(values) - 1)]
