"""An edit of config.toml: what it changes, what it renews, and that a broken one does neither."""

from __future__ import annotations

import os
from itertools import count
from pathlib import Path

import pytest

from forecasting.config import Settings, load
from forecasting.errors import ConfigError, StoreError
from forecasting.service.reloading import Reloading

_TIMES = count(1_700_000_000)


def write(file: Path, text: str) -> None:
    """Save, at a time of its own even where the clock is coarse."""
    file.write_text(text)
    os.utime(file, (moment := next(_TIMES), moment))


class Followed:
    """A file, and who follows it."""

    def __init__(self, folder: Path, text: str = "") -> None:
        self.file = folder / "config.toml"
        write(self.file, text)
        self.renewed: list[Settings] = []
        self.reloading = Reloading(load(self.file), lambda: load(self.file), self.renewed.append)

    def edit(self, text: str) -> tuple[str, ...] | None:
        write(self.file, text)
        found = self.reloading.look()
        return None if found is None else found.changed


def test_what_nobody_has_edited_is_not_read_again(tmp_path: Path) -> None:
    followed = Followed(tmp_path)
    assert followed.reloading.look() is None
    assert followed.edit("") == ()      # saved, and nothing changed


@pytest.mark.parametrize(("text", "changed", "renews"), [
    ('[display]\ntheme = "light"', ("display",), False),
    ('[keys]\nrefresh = "b"', ("keys",), False),
    ("[refresh]\nopen_seconds = 30.0", ("refresh",), True),
    ("[alerts]\nrate = 3\n[[sink]]\nname = \"b\"\nkind = \"bell\"", ("alerts", "sink"), True),
    ('[display]\ncurrency = "EUR"', ("display",), True),
    ("[model]\nseeds = 1", ("model",), True),
    ('[[list]]\nname = "Core"\nsymbols = ["NVDA"]', (), False),      # the watchlist follows its lists by itself
])
def test_each_section_is_named_and_the_engine_renewed_for_what_it_is_made_of(
    tmp_path: Path, text: str, changed: tuple[str, ...], renews: bool
) -> None:
    followed = Followed(tmp_path)
    assert followed.edit(text) == changed
    assert len(followed.renewed) == renews


def test_a_broken_edit_is_told_once_with_its_line_and_the_next_good_one_counts(tmp_path: Path) -> None:
    followed = Followed(tmp_path, '[display]\ntheme = "dark"')
    write(followed.file, '[display]\nthem = "light"')
    with pytest.raises(ConfigError, match=r"config\.toml:2: .*theme.* the edit is not in force"):
        followed.reloading.look()
    assert followed.reloading.look() is None
    assert followed.edit('[display]\ntheme = "dark"') == ()      # mended, and as it was
    assert followed.edit('[display]\ntheme = "light"') == ("display",)


def test_what_the_engine_refuses_is_not_in_force(tmp_path: Path) -> None:
    followed = Followed(tmp_path)

    def refuse(settings: Settings) -> None:
        raise StoreError("no space left")

    reloading = Reloading(load(followed.file), lambda: load(followed.file), refuse)
    write(followed.file, "[refresh]\nopen_seconds = 30.0")
    with pytest.raises(ConfigError, match="no space left; the edit is not in force"):
        reloading.look()
    write(followed.file, '[refresh]\nopen_seconds = 30.0\n[display]\ntheme = "light"')
    with pytest.raises(ConfigError, match="no space left"):      # the pace still differs from what is in force
        reloading.look()


def test_a_file_that_is_away_while_an_editor_replaces_it_is_waited_for(tmp_path: Path) -> None:
    followed = Followed(tmp_path, '[display]\ntheme = "dark"')
    followed.file.unlink()
    assert followed.reloading.look() is None
    assert followed.edit('[display]\ntheme = "light"') == ("display",)


def test_a_file_that_stays_away_is_told_once_and_counts_again_when_it_is_back(tmp_path: Path) -> None:
    followed = Followed(tmp_path, '[display]\ntheme = "dark"')
    kept = followed.file.rename(tmp_path / "kept.toml")
    assert followed.reloading.look() is None
    with pytest.raises(ConfigError, match=r"config\.toml: gone; what it set stays until the app ends"):
        followed.reloading.look()
    assert followed.reloading.look() is None
    kept.rename(followed.file)
    found = followed.reloading.look()
    assert found is not None
    assert (found.changed, found.settings.display.theme) == ((), "dark")


def test_a_file_that_never_was_is_not_missed(tmp_path: Path) -> None:
    reloading = Reloading(Settings(origin=tmp_path / "config.toml"), Settings, lambda settings: None)
    assert [reloading.look() for _ in range(3)] == [None, None, None]
