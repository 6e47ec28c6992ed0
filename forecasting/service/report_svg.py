"""Pictures of a report as SVG, in the page's own colours; values in, text out."""

from __future__ import annotations

from collections.abc import Sequence

from forecasting.domain.forecast import Forecast
from forecasting.domain.scorecard import Pit

WIDTH, HEIGHT = 320, 120
_PAST = 0.7      # share of the width that closes get beside a fan
_BANDS = ((0.025, 0.975, "b95"), (0.1, 0.9, "b80"), (0.25, 0.75, "b50"))


def fan(closes: Sequence[float], forecast: Forecast) -> str:
    """Past closes and the forecast's 50, 80 and 95 % bands, in the price the forecast starts from.

    Args:
        closes: Ascending to the session the forecast rests on, adjusted; the last one is the forecast's own close.
        forecast: Quantiles of the return from there.
    """
    scale = forecast.last_close / closes[-1]
    past = [close * scale for close in closes]
    horizons = range(len(forecast.log_returns) + 1)

    def ahead(level: float) -> list[float]:
        return [forecast.last_close, *(forecast.price(h, level) for h in horizons[1:])]

    edges = [*past, *ahead(0.025), *ahead(0.975)]
    low, high = min(edges), max(edges)

    def spot(x: float, price: float) -> str:
        return f"{x:.1f},{HEIGHT - 4 - (price - low) / ((high - low) or 1.0) * (HEIGHT - 8):.1f}"

    now, step = WIDTH * _PAST, WIDTH * (1.0 - _PAST) / max(1, len(horizons) - 1)
    parts = []
    for below, above, name in _BANDS:
        upper = [spot(now + h * step, price) for h, price in enumerate(ahead(above))]
        lower = [spot(now + h * step, price) for h, price in enumerate(ahead(below))]
        parts.append(f'<polygon class="{name}" points="{" ".join([*upper, *reversed(lower)])}"/>')
    median = " ".join(spot(now + h * step, price) for h, price in enumerate(ahead(0.5)))
    line = " ".join(spot(now * i / max(1, len(past) - 1), price) for i, price in enumerate(past))
    parts += [f'<polyline class="median" points="{median}"/>', f'<polyline class="past" points="{line}"/>']
    return _picture("closes, and bands of 50, 80 and 95 %", parts)


def histogram(pit: Pit) -> str:
    """Shares of outcomes in the forecast's slices, with the line that a right forecast has and its margin."""
    flat, margin = 1.0 / len(pit.shares), pit.margin or 0.0
    top = max(*pit.shares, flat + margin) * 1.1
    wide = WIDTH / len(pit.shares)

    def y(share: float) -> float:
        return HEIGHT * (1.0 - share / top)

    parts = [
        f'<rect class="b50" x="{i * wide + 1:.1f}" y="{y(share):.1f}" width="{wide - 2:.1f}"'
        f' height="{HEIGHT - y(share):.1f}"/>'
        for i, share in enumerate(pit.shares)
    ]
    if margin:
        parts.append(
            f'<rect class="margin" x="0" y="{y(flat + margin):.1f}" width="{WIDTH}"'
            f' height="{y(max(0.0, flat - margin)) - y(flat + margin):.1f}"/>'
        )
    parts.append(f'<line class="past" x1="0" x2="{WIDTH}" y1="{y(flat):.1f}" y2="{y(flat):.1f}"/>')
    return _picture("where outcomes fell in their forecasts", parts)


def _picture(label: str, parts: Sequence[str]) -> str:
    return f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{label}">{"".join(parts)}</svg>'
