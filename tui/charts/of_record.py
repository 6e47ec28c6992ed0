"""A model's record as charts."""

from __future__ import annotations

from collections.abc import Callable

from forecasting.domain.scorecard import Rolled
from forecasting.service.accuracy import ModelAccuracy
from tui import format as fmt
from tui.charts.accuracy import OutcomeChart
from tui.charts.axis import TimeAxis
from tui.charts.calibration import PitChart, ReliabilityChart
from tui.charts.figure import Chart
from tui.charts.rolled import RolledChart


def skill_chart(found: ModelAccuracy) -> Chart | None:
    """Rolled CRPS skill against the baseline."""
    return _rolled(
        found, "CRPS skill", lambda r: f"on {fmt.baseline(found.card.crps.baseline_name)}", lambda r: r.skill,
        lambda r: (r.skill_low, r.skill_high), lambda r: 0.0, signed=True,
    )


def hit_chart(found: ModelAccuracy) -> Chart | None:
    """Rolled hit rate beside what always-up scored."""
    return _rolled(
        found, "Hit rate", lambda r: f"/ always-up {fmt.share(r.always_up)}", lambda r: r.hit_rate,
        lambda r: (r.hit_low, r.hit_high), lambda r: r.always_up, signed=False,
    )


def coverage_chart(found: ModelAccuracy) -> Chart | None:
    """Rolled coverage of the 80 % band."""
    return _rolled(
        found, "80% band", lambda r: "held of 80%", lambda r: r.coverage_80,
        lambda r: (r.coverage_low, r.coverage_high), lambda r: 0.8, signed=False,
    )


def saved_chart(found: ModelAccuracy) -> Chart | None:
    """R2 out of sample as it grew: squared errors saved so far, as a share of all that no change makes.

    None where there are too few days, or where the median is no change itself.
    """
    squares = found.card.n * found.card.rmse.baseline**2
    if len(found.rolled) < 2 or not any(rolled.squares_saved for _, rolled in found.rolled):
        return None
    saved, r2 = tuple(100.0 * rolled.squares_saved / squares for _, rolled in found.rolled), found.card.r2
    return RolledChart(
        "R2, added up", ("on no change", f"n={found.card.n}"), ("rising where the median helps",),
        TimeAxis(tuple(day for day, _ in found.rolled)), saved, (), (0.0,) * len(saved), signed=True,
        whole=(100.0 * r2.low, 100.0 * r2.high),
    )


def _rolled(
    found: ModelAccuracy, title: str, measured_by: Callable[[Rolled], str], value: Callable[[Rolled], float],
    bounds: Callable[[Rolled], tuple[float, float]], reference: Callable[[Rolled], float], *, signed: bool,
) -> Chart | None:
    """None where there are too few days for a window."""
    if len(found.rolled) < 2:
        return None
    points = [rolled for _, rolled in found.rolled]
    pairs = [bounds(point) for point in points]
    return RolledChart(
        title, (measured_by(points[-1]), f"n={points[-1].n}"), (f"over the last {found.window} days",),
        TimeAxis(tuple(day for day, _ in found.rolled)),
        tuple(100.0 * value(point) for point in points), tuple((100.0 * low, 100.0 * high) for low, high in pairs),
        tuple(100.0 * reference(point) for point in points), signed=signed,
    )


def pit_chart(found: ModelAccuracy) -> Chart | None:
    """Where outcomes fell."""
    return PitChart(found.card.pit)


def reliability_chart(found: ModelAccuracy) -> Chart | None:
    """How often what was likely came; None where nothing moved."""
    bins = found.card.reliability
    return ReliabilityChart(bins, f"n={sum(b.n for b in bins)}") if bins else None


def past_chart(found: ModelAccuracy, horizon: int) -> Chart | None:
    """The newest forecasts' 80 % bands, and what came."""
    if not found.past:
        return None
    held = found.card.coverage[1].held
    record = f"all: {fmt.share(held.value)} {fmt.interval(held.low, held.high)} n={found.card.n}"
    return OutcomeChart(
        record, TimeAxis(tuple(one.target for one in found.past)),
        tuple((one.bands[1][0] * 100, one.bands[1][1] * 100) for one in found.past),
        tuple(one.actual * 100 for one in found.past), horizon,
    )
