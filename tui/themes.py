"""Colours: themes with the same meanings, and the palette that tables and charts draw with.

The default tells up from down by blue and orange, which people with any common colour blindness can tell apart; arrows
and signs say the same without colour. Words have a contrast of at least 4.5 to what they stand on (WCAG 2.2, 1.4.3);
bands are surfaces, told apart by their pattern too.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from difflib import get_close_matches

from textual.theme import Theme

from forecasting.frozen import dataclass


@dataclass(frozen=True, slots=True)
class Palette:
    """What each colour means. All are #rrggbb."""

    up: str
    down: str
    muted: str         # context: grids, units, what is not resolved
    accent: str        # lines that belong to the price
    forecast: str      # the forecast's median
    band_50: str
    band_80: str
    band_95: str
    success: str       # what goes well: not a price that rises, which is red in East Asia
    warning: str
    error: str
    foreground: str
    background: str


_VARIABLES = ("up", "down", "muted", "forecast", "band-50", "band-80", "band-95")


def palette(variables: Mapping[str, str]) -> Palette:
    """The palette of a theme, from Textual's theme variables."""
    return Palette(**{field.name: variables[field.name.replace("_", "-")] for field in fields(Palette)})


def _theme(
    name: str, *, dark: bool, colours: str, background: str, surface: str, panel: str, success: str = ""
) -> Theme:
    """A theme from colours in the order of the parameters below; they read better as one row than as fourteen."""
    foreground, accent, up, down, muted, forecast, b50, b80, b95, warning, error = colours.split()
    variables = dict(zip(_VARIABLES, (up, down, muted, forecast, b50, b80, b95), strict=True))
    variables |= {"block-cursor-background": accent, "block-cursor-foreground": background, "border": muted}
    return Theme(
        name=name, dark=dark, primary=accent, secondary=up, accent=accent, foreground=foreground,
        background=background, surface=surface, panel=panel, success=success or up, warning=warning, error=error,
        variables=variables,
    )


SIXTEEN = "tapecast-sixteen"
"""For terminals with 16 colours."""

# foreground accent up down muted forecast band50 band80 band95 warning error
THEMES = (
    _theme(
        "tapecast", dark=True, background="#0f141a", surface="#0f141a", panel="#1b2530",
        colours="#d7dde4 #e6c35c #58a6ff #ff9b45 #8490a0 #c9a6ff #8f6fc4 #6a5596 #463c63 #e6c35c #ff6b6b",
    ),
    _theme(
        "tapecast-dark", dark=True, background="#0c0f0d", surface="#0c0f0d", panel="#1a211c",
        colours="#d8ded9 #e0c060 #4cc38a #f2666c #828e86 #7cc4ff #5b93bf #436c8c #2e475a #e0c060 #ff7b72",
    ),
    _theme(
        "tapecast-light", dark=False, background="#fbfaf7", surface="#fbfaf7", panel="#e8e5dd",
        colours="#1f2328 #7a5200 #0a58ca #a54500 #5c646e #6b3fa0 #a488c9 #bfaadb #dacdec #855600 #b42318",
    ),
    _theme(
        "tapecast-contrast", dark=True, background="#000000", surface="#000000", panel="#202020",
        colours="#ffffff #ffff00 #66b3ff #ffb000 #c0c0c0 #ffffff #d0d0d0 #909090 #606060 #ffff00 #ff8080",
    ),
    _theme(     # up is red where it means joy: in China, Japan, Korea, Taiwan
        "tapecast-red-up", dark=True, background="#0c0f0d", surface="#0c0f0d", panel="#1a211c", success="#8fd0d6",
        colours="#d8ded9 #e0c060 #f2666c #4cc38a #828e86 #7cc4ff #5b93bf #436c8c #2e475a #e0c060 #ffb38a",
    ),
    _theme(     # each is one of the sixteen, so that none becomes another on its way to the terminal
        SIXTEEN, dark=True, background="#000000", surface="#000000", panel="#000000",
        colours="#ffffff #ffff55 #55ffff #ff5555 #aaaaaa #ff55ff #aaaaaa #5555ff #555555 #ffff55 #ff5555",
    ),
)

DEFAULT_THEME = THEMES[0].name


def theme_name(wanted: str) -> str:
    """The registered name for a short one ("dark" -> "tapecast-dark"); the default where there is none such."""
    known = {theme.name for theme in THEMES}
    return next((name for name in (wanted, f"tapecast-{wanted}") if name in known), DEFAULT_THEME)


def theme_problem(wanted: str) -> str | None:
    """What is wrong with the theme that is wanted, and which is near; None where there is one of that name."""
    short = [theme.name.removeprefix(f"{DEFAULT_THEME}-") for theme in THEMES]
    if wanted in short or wanted in {theme.name for theme in THEMES}:
        return None
    near = get_close_matches(wanted, short, 1)
    return f"theme '{wanted}': no such theme; " + (
        f"did you mean '{near[0]}'?" if near else f"there are {', '.join(short)}"
    )


def next_theme(name: str) -> str:
    """The theme after `name`, round and round."""
    names = [theme.name for theme in THEMES]
    return names[(names.index(name) + 1) % len(names)] if name in names else names[0]
