"""Why a band is this wide: the usual day's, and what each kind of facts makes of it today."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from forecasting.domain.interval import Interval
from forecasting.service.model_board import Band, Part
from tui import format as fmt
from tui.format import Glyphs
from tui.themes import Palette

_MEANING = {
    "day": "the last session", "week": "the last five", "month": "the last 22, and the scale",
    "quarter": "the last 66, and the long run", "leverage": "falls of late", "market": "the market's own",
    "other": "volume, calendar, returns, RSI and MACD", "bounds": "limits that hold on wild days",
}
_SMALL_PRINT = """\
Sigma: the band's width as a normal distribution's standard deviation, per cent over the whole horizon; x1.10 makes it \
a tenth wider than on the symbol's usual training day. HAR-t's parts are exact; what integrated gradients miss of the \
networks stands as gap. tapecast explain measures besides which facts the forecast cannot do without."""
_ARM = 8      # cells of the bar to either side
_FULL = 0.25  # log sigma that fills it


def band_text(band: Band, interval: Interval, palette: Palette, glyphs: Glyphs, width: int) -> Iterator[RenderableType]:
    """The whole answer."""
    ahead = fmt.bars_ahead(band.horizon, interval)
    yield Text.assemble(
        (f"{band.symbol}", "bold"), f"  80% band, {ahead} ahead, as of {fmt.bar_name(band.as_of)}  ",
        (band.model, palette.forecast), (f" {band.model_id} trained to {fmt.bar_name(band.train_end)}", palette.muted),
    )
    yield _issued(band, palette)
    yield Text()
    yield _table(band.parts, palette, glyphs, width)
    yield Text()
    yield Text(_SMALL_PRINT, palette.muted)


def _issued(band: Band, palette: Palette) -> Text:
    if band.issued is None or band.widened is None:
        return Text("not issued yet for this bar; so the model says it", palette.muted)
    low, high = (math.expm1(edge) * 100.0 for edge in band.issued)
    text = Text("issued ").append(f"{fmt.band(low, high)}%", f"bold {palette.foreground}")
    return text.append(f"  the model's own width x{band.widened:.3f} by calibration and alarms", palette.muted)


def _table(parts: Sequence[Part], palette: Palette, glyphs: Glyphs, width: int) -> Table:
    whole, shown = parts[0], parts if width >= 60 else parts[:1]
    explained, drawn = width >= 100, width >= 60
    table = Table.grid(padding=(0, 2, 0, 0))
    for place in range(2 + len(shown) + explained):
        table.add_column(justify="right" if 2 <= place < 2 + len(shown) else "left", no_wrap=True)
    heads = [Text(part.name if part is whole else f"{part.name} {fmt.share(part.weight)}", palette.forecast)
             for part in shown]
    table.add_row(Text(), Text(), *heads, *[Text()] * explained)
    table.add_row(Text("usual day"), Text(), *(_sigma(p.baseline, palette) for p in shown),
                  *[Text("sigma of the symbol's own training rows", palette.muted)] * explained)
    names = list(dict.fromkeys(name for part in parts for name, _ in part.blocks))
    for name in names:
        values = [dict(part.blocks).get(name) for part in shown]
        bar = _bar(values[0], palette, glyphs) if drawn else Text()
        table.add_row(Text(name), bar, *(_factor(v, palette, glyphs) for v in values),
                      *[Text(_MEANING.get(name, ""), palette.muted)] * explained)
    table.add_row(Text("gap", palette.muted), Text(), *(_factor(p.gap, palette, glyphs) for p in shown),
                  *[Text("what the parts miss", palette.muted)] * explained)
    table.add_row(Text("today", "bold"), Text(), *(_sigma(p.log_sigma, palette, bold=True) for p in shown),
                  *[Text("sigma before calibration", palette.muted)] * explained)
    return table


def _sigma(log_sigma: float, palette: Palette, *, bold: bool = False) -> Text:
    return Text(f"{math.exp(log_sigma) * 100.0:.2f}%", f"bold {palette.foreground}" if bold else palette.foreground)


def _factor(value: float | None, palette: Palette, glyphs: Glyphs) -> Text:
    if value is None:
        return Text(fmt.MISSING, palette.muted)
    text = f"x{math.exp(value):.3f}"
    if text == "x1.000":
        return Text(text, palette.muted)
    return Text(f"{glyphs.up if value > 0 else glyphs.down} {text}", palette.up if value > 0 else palette.down)


def _bar(value: float | None, palette: Palette, glyphs: Glyphs) -> Text:
    """What narrows to the left of the middle, what widens to the right."""
    cells = 0 if value is None else min(_ARM, round(abs(value) / _FULL * _ARM))
    wide = value is not None and value > 0
    bar = glyphs.bar_full * cells
    text = Text(("" if wide else bar).rjust(_ARM), palette.down, no_wrap=True).append(glyphs.wick, palette.muted)
    return text.append((bar if wide else "").ljust(_ARM), palette.up)
