"""Themes: words can be read in each of them, and in sixteen colours nothing becomes something else."""

from __future__ import annotations

from itertools import combinations

import pytest
from rich._palettes import STANDARD_PALETTE
from rich.color import Color
from textual.theme import Theme

from tui.themes import SIXTEEN, THEMES, Palette, palette, theme_problem

WORDS = ("foreground", "accent", "up", "down", "muted", "forecast", "success", "warning", "error")
"""What is written, not only drawn."""


def colours(theme: Theme) -> Palette:
    named = ("accent", "success", "warning", "error", "foreground", "background")
    return palette({**theme.variables, **{name: str(getattr(theme, name)) for name in named}})


def luminance(colour: str) -> float:
    """Relative luminance as WCAG 2.2 defines it."""
    channels = (int(colour[i : i + 2], 16) / 255.0 for i in (1, 3, 5))
    red, green, blue = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    dark, light = sorted((luminance(one), luminance(other)))
    return (light + 0.05) / (dark + 0.05)


def test_contrast_is_that_of_wcag() -> None:
    assert contrast("#ffffff", "#000000") == pytest.approx(21.0)
    assert contrast("#777777", "#ffffff") == pytest.approx(4.48, abs=0.005)


@pytest.mark.parametrize("theme", THEMES, ids=lambda theme: theme.name)
def test_every_word_stands_out_from_whatever_it_stands_on(theme: Theme) -> None:
    found = {
        (name, ground): contrast(getattr(colours(theme), name), str(getattr(theme, ground)))
        for name in WORDS for ground in ("background", "surface", "panel")
    }
    assert {pair: round(value, 2) for pair, value in found.items() if value < 4.5} == {}
    on_banner = contrast(str(theme.background), str(theme.warning))
    assert on_banner >= 4.5


@pytest.mark.parametrize("theme", THEMES, ids=lambda theme: theme.name)
def test_bands_stand_out_from_the_ground_and_the_narrower_the_more(theme: Theme) -> None:
    shown = colours(theme)
    bands = [contrast(colour, shown.background) for colour in (shown.band_50, shown.band_80, shown.band_95)]
    assert bands == sorted(bands, reverse=True)
    assert min(bands) > 1.3


def test_up_and_down_differ_in_more_than_hue_for_the_colour_blind() -> None:
    default = colours(THEMES[0])
    # Blue against orange: the blue channel tells them apart whoever looks (Okabe & Ito 2008, Color universal design).
    assert abs(int(default.up[5:], 16) - int(default.down[5:], 16)) > 120


def test_in_sixteen_colours_no_meaning_becomes_another() -> None:
    theme = next(theme for theme in THEMES if theme.name == SIXTEEN)
    shown = colours(theme)
    numbers = {name: STANDARD_PALETTE.match(Color.parse(getattr(shown, name)).get_truecolor()) for name in WORDS}
    exact = {tuple(STANDARD_PALETTE[i]) for i in range(16)}
    assert all(tuple(Color.parse(getattr(shown, name)).get_truecolor()) in exact for name in WORDS)
    apart = ("foreground", "up", "down", "muted", "forecast", "warning")
    assert all(numbers[a] != numbers[b] for a, b in combinations(apart, 2))


def test_red_up_is_the_dark_theme_the_other_way_round() -> None:
    by_name = {theme.name: colours(theme) for theme in THEMES}
    dark, red_up = by_name["tapecast-dark"], by_name["tapecast-red-up"]
    assert (red_up.up, red_up.down) == (dark.down, dark.up)
    assert red_up.success not in (red_up.up, red_up.down)      # neither a rise nor a fall is what goes well


@pytest.mark.parametrize(("wanted", "told"), [
    ("tapecast", None), ("light", None), ("tapecast-light", None),
    ("tapcast", "theme 'tapcast': no such theme; did you mean 'tapecast'?"),
    ("solar", f"theme 'solar': no such theme; there are {', '.join(t.name.removeprefix('tapecast-') for t in THEMES)}"),
])
def test_a_theme_there_is_not_is_told_with_the_nearest_or_all(wanted: str, told: str | None) -> None:
    assert theme_problem(wanted) == told
