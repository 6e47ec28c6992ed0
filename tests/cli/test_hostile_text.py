"""What Yahoo and files say reaches standard output and the store without what could steer a terminal."""

from __future__ import annotations

import json
import unicodedata
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.command_line import Run
from tests.support.fake_yahoo import FakeSymbol, FakeYahoo, last_weekday, routed, weekday_bars
from tests.support.yahoo_faults import HOSTILE

NAME = f"{HOSTILE}\nsecond line\r\x07\x9b31m\u2066\u200b"
CONFIG = '[source]\nstream = false\n[[list]]\nname = "L"\nsymbols = ["AAPL", "MSFT"]\n'


@pytest.fixture
def yahoo(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[FakeYahoo]:
    """Two symbols with a name that would do harm."""
    bars = weekday_bars(last_weekday(), 60)
    hostile = {"longName": NAME, "shortName": NAME, "marketState": NAME, "fullExchangeName": NAME}
    known = {symbol: FakeSymbol(bars, name=NAME, quote=hostile) for symbol in ("AAPL", "MSFT")}
    with FakeYahoo(known) as fake, routed(monkeypatch, fake):
        yield fake


@pytest.fixture
def config(run: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    path = tmp_path / "own.toml"
    path.write_text(CONFIG)
    monkeypatch.setenv("TAPECAST_CONFIG", str(path))


def harmful(text: str) -> set[str]:
    """What could steer a terminal or turn a line around; line ends between rows are meant."""
    return {c for c in text if unicodedata.category(c) in ("Cc", "Cf", "Cs", "Co") and c != "\n"}


@pytest.mark.usefixtures("config")
def test_names_that_would_steer_a_terminal_do_not_reach_it(run: Run, yahoo: FakeYahoo, data: Path) -> None:
    as_text, as_json = run("print"), run("print", "--json")
    assert (as_text.code, as_json.code) == (0, 0), as_text.err
    for said in (as_text.out, as_text.err, as_json.out, as_json.err, json.dumps(as_json.json, ensure_ascii=False)):
        assert harmful(said) == set()
    assert len(as_text.out.splitlines()) == 3      # the header and a row each: a name cannot make a line of its own

    rows = data.with_name("rows.jsonl")
    assert run("export", "--to", rows, "--what", "bars").code == 0
    names = [json.loads(line).get("name") for line in rows.read_text().splitlines()]
    kept = {name for name in names if name is not None}
    assert kept == {"Evil Inc.[@click=app.quit]x[/] second line"}


@pytest.mark.usefixtures("config")
def test_what_a_failing_yahoo_says_does_not_reach_the_terminal(run: Run, yahoo: FakeYahoo) -> None:
    for fault in ("403", "html", "other-symbol", "text"):
        yahoo.faults = {"*" if fault in ("403", "html") else "quote": fault}
        result = run("print", "--json")
        assert result.code != 0
        assert harmful(result.out + result.err + json.dumps(result.json, ensure_ascii=False)) == set()


@pytest.mark.parametrize("cell", ["\x1b]52;c;cm0=\x07", "\u202e12", "\x9b2J"])
def test_what_stands_in_a_file_does_not_reach_the_terminal(run: Run, tmp_path: Path, cell: str) -> None:
    folder = tmp_path / "csv"
    folder.mkdir()
    (folder / "AAA.csv").write_text(f"Date,Open,High,Low,Close\n2024-01-03,10,11,9,{cell}\n")
    (folder / "BBB.csv").write_text(f"Date,Open,{cell},Low,Close\n2024-01-03,10,11,9,10\n")
    for words in (["print", "--json"], ["print"], ["forecast", "AAA", "BBB", "--json"], ["indicators", "AAA"]):
        result = run(*words, "--csv-dir", folder, "--as-of", "2024-01-10")
        assert harmful(result.out + result.err) == set()
        assert harmful(json.dumps(result.json, ensure_ascii=False) if "--json" in words and result.out else "") == set()
