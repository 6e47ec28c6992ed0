"""`tapecast chart` as people and reports use it."""

from __future__ import annotations

import builtins
import stat
import xml.etree.ElementTree as ET
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from tests.support.command_line import Run
from tests.support.desk import recorded, write_csv

SVG = "{http://www.w3.org/2000/svg}"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_csv(tmp_path_factory.mktemp("csv"), recorded(("AAA",), date(2024, 1, 2), date(2026, 2, 27)))


def test_without_a_file_the_chart_is_printed_without_colour_into_a_pipe(run: Run, folder: Path) -> None:
    code, out, err = run("chart", "AAA", "--csv-dir", folder, "--width", 90, "--height", 30)
    assert (code, err) == (0, "")
    lines = out.rstrip("\n").split("\n")
    assert len(lines) <= 30
    assert max(map(len, lines)) <= 90
    assert "\x1b" not in out
    assert "AAA  6mo candles" in out
    assert all(shade in out for shade in "░▒▓")
    assert all(word in out for word in ("Volume", "RSI 14", "MACD 12,26,9"))


def test_an_svg_is_well_formed_of_the_size_asked_for_and_fetches_nothing(
    run: Run, folder: Path, tmp_path: Path
) -> None:
    file = tmp_path / "aaa.svg"
    code, out, err = run("chart", "AAA", "--csv-dir", folder, "--svg", file, "--width", 900, "--height", 1100,
                         "--indicator", "bollinger", "--indicator", "atr", "--timeframe", "1y", "--log")
    assert (code, out, err) == (0, "", f"AAA: {file}\n")
    root = ET.parse(file).getroot()      # our own file
    assert (root.get("width"), root.get("height")) == ("900", "1100")
    said = [element.text or "" for element in root.iter(f"{SVG}text")]
    assert any(text.startswith("BB upper") for text in said)
    assert {"Volume", "ATR 14", "RSI 14", "MACD 12,26,9", "95%", "80%", "50%"} <= set(said)
    assert "http" not in file.read_text().replace("http://www.w3.org/2000/svg", "")
    assert stat.S_IMODE(file.stat().st_mode) & 0o077 == 0


def test_a_png_is_a_picture_of_the_size_asked_for(run: Run, folder: Path, tmp_path: Path) -> None:
    image = pytest.importorskip("PIL.Image")
    file = tmp_path / "aaa.png"
    assert run("chart", "AAA", "--csv-dir", folder, "--png", file, "--width", 400, "--height", 300).code == 0
    with image.open(file) as picture:
        assert (picture.format, picture.size) == ("PNG", (400, 300))
        assert len(picture.getcolors(400 * 300)) > 20


def test_without_pillow_a_png_is_refused_before_any_work(
    run: Run, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    known = builtins.__import__

    def without(name: str, *rest: Any, **more: Any) -> Any:
        if name.startswith("PIL"):
            raise ImportError(name)
        return known(name, *rest, **more)

    monkeypatch.setattr(builtins, "__import__", without)
    code, _, err = run("chart", "AAA", "--csv-dir", folder, "--png", tmp_path / "aaa.png")
    assert (code, err) == (2, "tapecast: --png needs Pillow: pip install 'tapecast[png]', or use --svg\n")


def test_a_file_that_exists_is_written_over_only_by_force(run: Run, folder: Path, tmp_path: Path) -> None:
    file = tmp_path / "aaa.svg"
    file.write_text("mine")
    code, _, err = run("chart", "AAA", "--csv-dir", folder, "--svg", file)
    assert (code, file.read_text()) == (2, "mine")
    assert err == f"tapecast: --svg {file}: it is there already; name another file, or give --force\n"
    assert run("chart", "AAA", "--csv-dir", folder, "--svg", file, "--force").code == 0
    assert file.read_text().startswith("<svg")


def test_a_picture_may_go_to_standard_output(run: Run, folder: Path) -> None:
    code, out, err = run("chart", "AAA", "--csv-dir", folder, "--svg", "-")
    assert (code, out[:5], out[-7:], err) == (0, "<svg ", "</svg>\n", "")


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (("AAA", "--svg", "/no/such/folder/a.svg"), 2, "there is no folder /no/such/folder; make it, or name another"),
        (("NONE",), 1, "NONE: no NONE.csv in"),
        (("no symbol",), 2, "is no ticker symbol"),
        (("AAA", "--width", "10"), 2, "a chart of 10 x 34 cells: at least 40 x 12"),
        (("AAA", "--width", "0"), 2, "a chart of 0 x 34 cells: at least 40 x 12"),
        (("AAA", "--width", "1000000"), 2, "a chart of 1000000 x 34 cells: at most 1000 each; --svg has more room"),
        (("AAA", "--svg", "a.svg", "--width", "9"), 2, "a picture of 9 x 800 pixels: between 240 and 8000 each"),
        (("AAA", "--svg", "a.svg", "--width", "0"), 2, "a picture of 0 x 800 pixels: between 240 and 8000 each"),
        (("AAA", "--png", "a.gif"), 2, "its name says image/gif, and --png writes image/png; name it a.png"),
        (("AAA", "--svg", "x.png"), 2, "its name says image/png, and --svg writes image/svg+xml; name it x.svg"),
        (("AAA", "--svg", "a", "--png", "a"), 2, "--png and --svg both name a; name two files"),
    ],
    ids=["folder", "unknown", "spelling", "cells", "none", "too-many", "pixels", "no-pixels", "gif", "png", "same"],
)
def test_what_cannot_be_is_one_line_and_an_exit_code(
    run: Run, folder: Path, words: tuple[str, ...], code: int, said: str
) -> None:
    found = run("chart", *words, "--csv-dir", folder)
    assert (found.code, found.out) == (code, "")
    assert found.err.count("\n") == 1
    assert said in found.err


def test_a_day_of_daily_bars_says_so_and_shows_a_month(run: Run, folder: Path) -> None:
    code, out, err = run("chart", "AAA", "--csv-dir", folder, "--timeframe", "1d")
    assert code == 0
    assert err.startswith("daily bars: AAA: ")
    assert "1mo of daily bars for 1d candles" in out


def test_past_forecasts_say_that_none_is_settled_yet(run: Run, folder: Path) -> None:
    assert "80% band made 5 before: none settled yet" in run("chart", "AAA", "--csv-dir", folder, "--past", "5").out


@pytest.mark.parametrize(("width", "height"), [(240, 240), (300, 900), (1600, 240), (1200, 800)])
def test_nothing_a_picture_says_leaves_it_or_loses_its_n(
    run: Run, folder: Path, tmp_path: Path, width: int, height: int
) -> None:
    file = tmp_path / "aaa.svg"
    run("chart", "AAA", "--csv-dir", folder, "--svg", file, "--width", width, "--height", height)
    texts = list(ET.parse(file).getroot().iter(f"{SVG}text"))      # our own file
    for text in texts:
        said, size, x = text.text or "", float(text.get("font-size", 0)), float(text.get("x", 0))
        room = {"start": width - x, "end": x, "middle": 2 * min(x, width - x)}[text.get("text-anchor", "start")]
        assert len(said) * size * 0.56 <= room + size, said
    assert "no settled forecast yet" in " ".join(text.text or "" for text in texts)


def test_in_a_low_picture_the_price_has_the_room_and_panes_are_left_out(
    run: Run, folder: Path, tmp_path: Path
) -> None:
    panes = ["Volume", "RSI 14", "MACD 12,26,9"]
    for height, shown in ((240, 0), (330, 1), (800, 3)):
        file = tmp_path / f"{height}.svg"
        run("chart", "AAA", "--csv-dir", folder, "--svg", file, "--height", height)
        said = {text.text for text in ET.parse(file).getroot().iter(f"{SVG}text")}      # our own file
        assert [pane for pane in panes if pane in said] == panes[:shown]
