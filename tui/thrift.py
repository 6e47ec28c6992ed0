"""Frames in fewer bytes, since over SSH each of them is waited for; what the terminal shows stays the same.

Textual writes a changed cell together with all that stands left of it in its widget: `Exact` leaves that out. Rich
writes a full description of its style before every piece of text and a reset after it, some forty bytes around a price
of nine: `thrifty` tells of a style only what differs from the one in force.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import NamedTuple

from rich.console import Console, RenderableType
from rich.control import Control
from textual._compositor import ChopsUpdate  # what Textual paints by has no public name
from textual.driver import Driver

_STYLE = re.compile(r"\x1b\[([\d;]*)m")
_MOVES = re.compile(r"(?:\x1b\[\d+;\d+H)*")      # of the cursor: they look alike in any style


class _Style(NamedTuple):
    """What the parameters of a style sequence add up to, each part as parameters again."""

    attributes: frozenset[str]
    foreground: str = "39"
    background: str = "49"


class Exact(ChopsUpdate):
    """Paints the changed spans of lines, and nothing beside them."""

    def render_segments(self, console: Console) -> str:
        """What to write to the terminal."""
        said = []
        for y, left, right in self.spans:
            for end, (begin, strip) in zip(self.chop_ends[y], self.chops[y].items(), strict=False):
                first, last = max(begin, left), min(end, right)
                if strip is not None and first < last:
                    said.append(Control.move_to(first, y).segment.text)
                    said.append(strip.crop(first - begin, last - begin).render(console))
        return "".join(said)


def exact(frame: RenderableType | None) -> RenderableType | None:
    """The same frame, painted exactly where it is a change of the one before."""
    return Exact(frame.chops, frame.spans, frame.chop_ends) if isinstance(frame, ChopsUpdate) else frame


def sparing(driver: type[Driver], *, colours: bool = True) -> type[Driver]:
    """The driver, writing what `thrifty` makes of each frame; without `colours` no frame sets any."""

    def write(self: Driver, data: str) -> None:
        driver.write(self, thrifty(data if colours else colourless(data)))

    return type(driver.__name__, (driver,), {"write": write})


def thrifty(frame: str) -> str:
    """The same frame with shorter style sequences; it begins and ends in the style it did before."""
    text, *rest = _STYLE.split(frame)            # text, style, text, style, .. text
    said = [text]
    there = wanted = ""                          # parameters; none is the style the frame found
    for style, text in zip(rest[::2], rest[1::2], strict=True):
        wanted = _added(wanted, style)
        if wanted != there and not _MOVES.fullmatch(text):
            said.append(_change(there, wanted))
            there = wanted
        said.append(text)
    if wanted != there:
        said.append(_change(there, wanted))
    return "".join(said)


def colourless(frame: str) -> str:
    """The same frame in the terminal's own two colours; bold, reverse and the like stay."""
    return _STYLE.sub(lambda found: _attributes(found[1]), frame)


@lru_cache(4096)
def _attributes(parameters: str) -> str:
    """A style sequence without its colours; "" where nothing is left of it."""
    before = "999"                               # no attribute at all: gone after a reset, and only then
    codes = _parsed(f"{before};{parameters}").attributes
    told = sorted(codes - {before} if before in codes else {"0", *codes})
    return f"\x1b[{';'.join(told)}m" if told else ""


@lru_cache(4096)
def _added(there: str, style: str) -> str:
    """What two style sequences in a row add up to; what stood before a reset counts for nothing."""
    parsed = _parsed(f"{there};{style}" if there and style else style)
    colours = [code for code, default in ((parsed.foreground, "39"), (parsed.background, "49")) if code != default]
    return ";".join([*sorted(parsed.attributes), *colours])


@lru_cache(4096)
def _change(there: str, wanted: str) -> str:
    """The sequence that leads from one style to another."""
    if not wanted:
        return "\x1b[0m"
    if not there:
        return f"\x1b[{wanted}m"
    before, after = _parsed(there), _parsed(wanted)
    if before.attributes - after.attributes:     # they are switched off together, and the colours with them
        return f"\x1b[0;{wanted}m"
    codes = sorted(after.attributes - before.attributes)
    codes += [new for old, new in zip(before[1:], after[1:], strict=True) if new != old]
    return f"\x1b[{';'.join(codes)}m" if codes else ""


def _parsed(parameters: str) -> _Style:
    style = _Style(frozenset())
    codes = iter(parameters.split(";"))
    for code in codes:
        number = int(code or 0)
        if number in (38, 48):                   # 38;5;N or 38;2;R;G;B
            kind = next(codes, "5")
            code = ";".join((code, kind, *(next(codes, "0") for _ in range(3 if kind == "2" else 1))))
        if number == 0:
            style = _Style(frozenset())
        elif 30 <= number < 40 or 90 <= number < 98:
            style = style._replace(foreground=code)
        elif 40 <= number < 50 or 100 <= number < 108:
            style = style._replace(background=code)
        else:
            style = style._replace(attributes=style.attributes | {code})
    return style
