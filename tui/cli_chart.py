"""`tapecast chart`: one symbol's chart, in the terminal or as a picture."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, cast

import click
from rich.console import Console
from rich.text import Text

from forecasting.config import Settings
from forecasting.domain.chart import INDICATORS
from forecasting.domain.market import parse_symbol
from forecasting.errors import ConfigError
from forecasting.service.out_file import STDOUT, check_out_file, write_out_file
from tui import format as fmt
from tui.charts.options import PAST_HORIZONS, TIMEFRAMES, USUAL, ChartOptions
from tui.cli_evaluate import progress
from tui.options import Options, shared_options
from tui.themes import THEMES, Palette, palette, theme_name

if TYPE_CHECKING:
    from forecasting.service.chart_once import Charted
    from tui.charts.beyond import Beyond
    from tui.charts.figure import Chart
    from tui.charts.of_symbol import SymbolCharts
    from tui.charts.painting import Words

PIXELS = (1200, 800)
"""Of a picture, where nothing is said."""
FEWEST_PIXELS, MOST_PIXELS = 240, 8000
CELLS = (100, 36)
"""Of a chart that goes nowhere else than into a file or a pipe."""
FEWEST_CELLS, MOST_CELLS = (40, 12), 1000
_RECORD_LINES = 3
"""Of a narrow picture; what does not fit is left out whole."""
PIXELS_A_COLUMN = 5
"""A candle in a picture is no narrower."""
_SHORT = {theme.name.removeprefix("tapecast-").removeprefix("tapecast") or "default": theme.name for theme in THEMES}


@click.command()
@click.argument("symbol")
@click.option("--timeframe", type=click.Choice([t.name for t in TIMEFRAMES]), default=TIMEFRAMES[USUAL].name,
              show_default=True, help="How far to look back.")
@click.option("--png", type=click.Path(path_type=Path, dir_okay=False),
              help="Write a PNG picture (needs Pillow); - is standard output.")
@click.option("--svg", type=click.Path(path_type=Path, dir_okay=False),
              help="Write an SVG picture; - is standard output.")
@click.option("--force", is_flag=True, help="Write over a file that exists.")
@click.option("--width", type=int, help="Pixels of a picture, cells of the terminal.")
@click.option("--height", type=int, help="The same upwards.")
@click.option("--line", is_flag=True, help="A line through the closes instead of candles.")
@click.option("--log", is_flag=True, help="Prices on a logarithmic scale.")
@click.option("--past", type=click.Choice([str(h) for h in PAST_HORIZONS if h]),
              help="Forecasts made so many bars before, laid over what came.")
@click.option("--indicator", "indicators", multiple=True, type=click.Choice([kind.key for kind in INDICATORS]),
              help="A further indicator; may be repeated.")
@click.option("--theme", type=click.Choice(list(_SHORT)), help="Colours; else those of the settings.")
@shared_options
def chart(
    options: Options, symbol: str, timeframe: str, png: Path | None, svg: Path | None, force: bool, width: int | None,
    height: int | None, line: bool, log: bool, past: str | None, indicators: tuple[str, ...], theme: str | None,
) -> None:
    """Draw the chart of SYMBOL with its forecast: in the terminal, or as a picture for a report."""
    settings, asked = options.settings(), parse_symbol(symbol)
    files = [file for file in (png, svg) if file is not None]
    for option, file, mime in (("--png", png, "image/png"), ("--svg", svg, "image/svg+xml")):
        if file is not None:
            check_out_file(option, file, mime, f".{option[2:]}", force=force)
    if len(files) > len({file.absolute() for file in files}):
        raise ConfigError(f"--png and --svg both name {png}; name two files")
    size = _size(width, height, picture=bool(files))
    if png is not None:
        from tui.charts import png as pngs

        pngs.check()
    chosen = ChartOptions(
        timeframe=[t.name for t in TIMEFRAMES].index(timeframe), candles=not line, log=log,
        past=None if past is None else int(past), extra=tuple(k.key for k in INDICATORS if k.key in indicators),
    )
    from forecasting.service import chart_once

    found = chart_once.chart(
        settings, asked, options.as_of, progress() if sys.stderr.isatty() else _silently, horizon=chosen.past,
        indicators=chosen.extra, short=chosen.frame.short,
    )
    for note in found.notes:
        click.echo(note, err=True)
    colours = _palette(_SHORT[theme] if theme else theme_name(settings.display.theme))
    if files:
        for file in files:
            picture = _picture(found, chosen, colours, size, as_png=file is png)
            if file == STDOUT:
                click.echo(picture, nl=False)
            else:
                write_out_file(file, picture, force=force)
                click.echo(f"{asked}: {file}", err=True)
    else:
        _print(found, chosen, colours, size, settings)
    sys.exit(found.exit_code)


def _silently(step: object) -> None:
    """A script waits a few seconds without being told of each."""


def _size(width: int | None, height: int | None, *, picture: bool) -> tuple[int, int]:
    if picture:
        size = _either(width, PIXELS[0]), _either(height, PIXELS[1])
        if not all(FEWEST_PIXELS <= side <= MOST_PIXELS for side in size):
            between = f"between {FEWEST_PIXELS} and {MOST_PIXELS} each"
            raise ConfigError(f"a picture of {size[0]} x {size[1]} pixels: {between}")
        return size
    usual = os.get_terminal_size() if sys.stdout.isatty() else CELLS
    size = _either(width, usual[0]), _either(height, max(FEWEST_CELLS[1], usual[1] - 2))
    if size[0] < FEWEST_CELLS[0] or size[1] < FEWEST_CELLS[1]:
        raise ConfigError(f"a chart of {size[0]} x {size[1]} cells: at least {FEWEST_CELLS[0]} x {FEWEST_CELLS[1]}")
    if max(size) > MOST_CELLS:
        raise ConfigError(f"a chart of {size[0]} x {size[1]} cells: at most {MOST_CELLS} each; --svg has more room")
    return size


def _either(said: int | None, usual: int) -> int:
    """What was said, zero included."""
    return usual if said is None else said


def _palette(name: str) -> Palette:
    """A theme's palette, without an app."""
    theme = next(theme for theme in THEMES if theme.name == name)
    own = {key: cast("str", getattr(theme, key))
           for key in ("accent", "success", "warning", "error", "foreground", "background")}
    return palette({**theme.variables, **own})


def _charts(found: Charted, options: ChartOptions, width: int) -> tuple[SymbolCharts, Beyond]:
    from tui.charts.beyond import beyond_of
    from tui.charts.of_symbol import symbol_charts
    from tui.charts.window import AT_NEWEST

    beyond = beyond_of(found.answer, found.detail.instrument)
    charts = symbol_charts(found.detail, options, width, AT_NEWEST, beyond, found.alerts)
    assert charts is not None      # a detail without bars is an error of the service
    return charts, beyond


def _picture(
    found: Charted, options: ChartOptions, colours: Palette, size: tuple[int, int], *, as_png: bool
) -> bytes:
    from tui.charts.painting import paint
    from tui.charts.png import PngCanvas
    from tui.charts.svg import SvgCanvas

    charts, _ = _charts(found, options, size[0] // PIXELS_A_COLUMN)
    canvas = (PngCanvas if as_png else SvgCanvas)(*size, colours.background)
    paint(charts, canvas, colours, _words(found, charts, size[0]), size)
    return canvas.picture()


def _words(found: Charted, charts: SymbolCharts, width: int) -> Words:
    """Title, what is shown, how good forecasts have been, and where the prices are from, on `width` pixels."""
    from textwrap import wrap

    from tui.charts.canvas import LARGE, SMALL, USUAL, letters
    from tui.charts.painting import Words
    from tui.widgets.record_text import pane_record

    instrument, last = found.detail.instrument, charts.candles[-1]
    told = "synthetic" in instrument.name
    mark = " (synthetic: made by a generator, never traded)" if instrument.synthetic and not told else ""
    price = fmt.in_currency(last.close, instrument.currency, instrument.symbol)
    shown = " · ".join(filter(None, (charts.price.note, price, fmt.bar_name(charts.dates[-1]))))
    room = letters(width, USUAL)
    record = pane_record(found.row, _palette(THEMES[0].name), room, lines=_RECORD_LINES).plain.split("\n")
    source = found.row.bars_source or found.row.source if found.row is not None else ""
    said = (shown, *record, ", ".join(charts.price.past_notes))
    foot = f"tapecast · bars of {source or 'no known source'} to {fmt.bar_name(charts.dates[-1])} · not advice"
    name = "" if instrument.name == instrument.symbol else f" {instrument.name}"
    head = fmt.clip(f"{instrument.symbol}{name}", letters(width, LARGE) - len(mark)) + mark
    return Words(fmt.clip(head, letters(width, LARGE)), tuple(line for text in said for line in wrap(text, room)),
                 fmt.clip(foot, letters(width, SMALL)))


def _print(
    found: Charted, options: ChartOptions, colours: Palette, size: tuple[int, int], settings: Settings
) -> None:
    """The panes one under the other; colour only where a terminal shows it and nobody has said no."""
    from tui.charts.figure import build
    from tui.widgets.readout import readout
    from tui.widgets.record_text import pane_record

    width, height = size
    plain = settings.display.ascii or "utf" not in (sys.stdout.encoding or "").lower()
    glyphs = fmt.ASCII if plain else fmt.UNICODE
    charts, _ = _charts(found, options, width)
    panes: list[Chart] = [charts.volume, *charts.panes, charts.rsi, charts.macd]
    rows = 4 if height >= 30 else 3
    room = height - 2 - 2 - 1
    while panes and room - len(panes) * (rows + 1) < 8:
        panes.pop()
    lines = [readout(charts, found.detail, colours, glyphs, width)]
    above = room - len(panes) * (rows + 1)
    for pane in (charts.price, *panes):
        drawn = build(pane, width, above if pane is charts.price else rows, colours, glyphs)
        lines += [pane.heading(colours, glyphs, width), drawn]
    lines.append(pane_record(found.row, colours, width))
    console = Console(width=width, highlight=False, color_system="auto" if sys.stdout.isatty() else None)
    for text in lines:
        for one in text.split("\n"):
            one.truncate(width, overflow="ellipsis")
            console.print(one if console.color_system else Text(one.plain), no_wrap=True, crop=False)
