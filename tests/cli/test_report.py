"""`tapecast report --html`: one page, whole or not at all, that asks nothing of anybody."""

from __future__ import annotations

import re
import stat
from datetime import UTC, datetime, timedelta
from html.parser import HTMLParser
from itertools import islice
from pathlib import Path

import pytest

from forecasting.config import load
from forecasting.data.store import Store
from forecasting.domain.forecast import BASELINE, Origin
from forecasting.domain.market import Instrument, Quote, Symbol
from forecasting.domain.watchlist import WatchGroup
from forecasting.errors import ConfigError
from forecasting.service.accuracy import AskAccuracy
from forecasting.service.places import place
from forecasting.service.report_page import make_page, report
from forecasting.service.report_svg import fan, histogram
from tests.support.command_line import Run
from tests.support.fake_accuracy import answer_accuracy
from tests.support.store import AMD, MONDAY, NVDA, close_of, forecast, outcome, series, weekdays

NOW = datetime(2026, 12, 1, tzinfo=UTC)
HOSTILE = '<img src="https://example.com/x.png" onerror=alert(1)> & Co.'


def fill(store: Store, *, sessions: int) -> None:
    """Bars and forecasts of two symbols, settled one session ahead; one of them with a hostile name."""
    for symbol in (NVDA, AMD):
        store.market.put_bars(series(symbol, n=sessions + 1))
    store.market.put_instruments([Instrument(AMD, HOSTILE, "XNYS", "USD")])
    for session in islice(weekdays(MONDAY), sessions):
        made = [forecast(s, model, session) for s in (NVDA, AMD) for model in ("har-t", BASELINE)]
        entries = store.ledger.append(made, Origin.BACKFILL, at=close_of(session) + timedelta(minutes=6))
        store.ledger.settle([outcome(e, 1, 0.003 if session.day % 2 else -0.004) for e in entries])


def page_of(path: Path, *, sessions: int = 40) -> str:
    with Store.open(path / "store.db") as store:
        fill(store, sessions=sessions)
        return make_page(store, (NVDA, AMD), None, NOW, lambda step: None)


class Reader(HTMLParser):
    """Tags with their attributes, and whether every one is closed."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in ("meta",):
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def test_the_page_is_well_formed_runs_no_script_and_loads_nothing(tmp_path: Path) -> None:
    page = page_of(tmp_path)
    reader = Reader()
    reader.feed(page)
    assert reader.open == []
    assert not {tag for tag, _ in reader.tags} & {"script", "img", "link", "iframe", "object", "use", "image"}
    assert not [name for _, attrs in reader.tags for name in attrs if name in ("src", "href") or name.startswith("on")]
    assert "default-src 'none'" in page
    assert "url(" not in page
    assert "prefers-color-scheme: dark" in page


def test_names_from_outside_are_text(tmp_path: Path) -> None:
    page = page_of(tmp_path)
    assert "&lt;img src=&quot;https://example.com/x.png&quot; onerror=alert(1)&gt; &amp; Co." in page
    assert HOSTILE not in page


def test_a_price_is_shown_with_its_cents_and_the_moment_it_was_made(tmp_path: Path) -> None:
    prices = {"BTC-USD": 104321.5, "NVDA": 240.099998, "EURUSD=X": 1.08512, "PENNY": 0.0012345}
    with Store.open(tmp_path / "store.db") as store:
        store.market.put_quotes(Quote(Symbol(s), p, NOW, None, "USD", "test") for s, p in prices.items())
        page = make_page(store, tuple(map(Symbol, (*prices, "NONE"))), None, NOW, lambda step: None)
    cells = [re.findall("<td.*?>(.*?)</td>", line) for line in page.split("<tr>")[2:]]
    assert [(row[0], row[2], row[4]) for row in cells] == [
        ("BTC-USD", "104,321.50 USD", "2026-12-01 00:00"), ("NVDA", "240.10 USD", "2026-12-01 00:00"),
        ("EURUSD=X", "1.08512 USD", "2026-12-01 00:00"), ("PENNY", "0.0012345 USD", "2026-12-01 00:00"),
        ("NONE", "-", "-"),
    ]


def test_a_model_that_always_says_a_half_claims_nothing(tmp_path: Path) -> None:
    line = next(line for line in page_of(tmp_path).split("<tr>") if line.startswith("<td>har-t</td><td>0"))
    assert line.count("<td>no claim</td>") == 2      # neither hits nor a Brier skill


def test_every_symbol_has_its_forecast_and_every_record_its_interval_baseline_and_n(tmp_path: Path) -> None:
    page = page_of(tmp_path)
    assert page.count('<polygon class="b80"') == 2
    assert re.findall("<h3>(.*?)</h3>", page) == ["1 ahead, backfill"]
    assert re.search(r"<td>har-t</td><td>0\.0 % \[0\.0\.\.0\.0\], no skill</td>", page)
    assert "<td>random-walk</td><td>baseline</td>" in page
    assert re.search(r"<td>100% \[9\d\.\.100\]</td>", page)
    assert "<td>80</td><td>40</td>" in page
    assert "the test needs 50 days apart, has 40" in page


def test_a_short_record_says_what_it_needs(tmp_path: Path) -> None:
    assert "needs 30 days, has 12" in page_of(tmp_path, sessions=12)


def test_a_store_without_anything_says_so(tmp_path: Path) -> None:
    with Store.open(tmp_path / "store.db") as store:
        page = make_page(store, (), None, NOW, lambda step: None)
    assert "No forecast yet." in page
    assert "nothing is known" in page


@pytest.mark.parametrize("written", ["config.toml", "store"])
def test_the_page_is_about_the_lists_that_are_watched_wherever_they_are_written(tmp_path: Path, written: str) -> None:
    config = tmp_path / "config.toml"
    config.write_text('[[list]]\nname = "Mine"\nsymbols = ["NVDA"]\n' if written == "config.toml" else "")
    settings = load(config).overridden(data_dir=tmp_path / "data", source="simulated")
    with Store.open(place(settings, demo=False).store) as store:
        fill(store, sessions=2)
        store.watchlist.save([WatchGroup("Kept", (AMD,))])
    report(settings, tmp_path / "page.html", force=False, on_step=lambda step: None)
    page = (tmp_path / "page.html").read_text()
    assert "<p class=\"dim\">1 symbols, " in page
    assert ("<td>NVDA</td>" in page, "<td>AMD</td>" in page) == (written == "config.toml", written == "store")


def test_the_file_is_private_and_another_is_never_replaced_unasked(tmp_path: Path) -> None:
    settings = load(None).overridden(data_dir=tmp_path / "data", source="simulated")
    place(settings, demo=False).store.parent.mkdir(parents=True, exist_ok=True)
    html = tmp_path / "page.html"
    answer = report(settings, html, force=False, on_step=lambda step: None)
    assert (answer.exit_code, answer.value["bytes"]) == (0, html.stat().st_size)
    assert stat.S_IMODE(html.stat().st_mode) == 0o600
    html.write_text("mine")
    with pytest.raises(ConfigError, match="it is there already; name another file, or give --force"):
        report(settings, html, force=False, on_step=lambda step: None)
    assert html.read_text() == "mine"
    report(settings, html, force=True, on_step=lambda step: None)
    assert html.read_text().startswith("<!doctype html>")
    assert [file.name for file in tmp_path.iterdir() if file.is_file()] == ["page.html"]


def test_who_has_stored_nothing_yet_is_told_what_to_do_first(tmp_path: Path) -> None:
    settings = load(None).overridden(data_dir=tmp_path / "data", source="simulated")
    first = report(settings, tmp_path / "page.html", force=False, on_step=lambda step: None)
    assert first.exit_code == 0
    assert [note for note in first.notes if "run tapecast first" in note]
    with Store.open(place(settings, demo=False).store) as store:
        fill(store, sessions=2)
        store.watchlist.save([WatchGroup("Kept", (NVDA,))])
    assert report(settings, tmp_path / "page.html", force=True, on_step=lambda step: None).notes == ()


def test_what_the_page_cannot_be_written_to_is_told_in_one_line_and_before_any_work(run: Run, tmp_path: Path) -> None:
    for name, said in (("no/page.html", f"there is no folder {tmp_path / 'no'}"), ("page.pdf", "name it page.html")):
        code, out, err = run("report", "--source", "simulated", "--html", tmp_path / name)
        assert (code, out, err.count("\n")) == (2, "", 1)
        assert said in err


def test_the_page_may_go_to_standard_output(run: Run) -> None:
    code, out, err = run("report", "--source", "simulated", "--html", "-")
    assert (code, out[:15], out[-8:]) == (0, "<!doctype html>", "</html>\n")
    assert "run tapecast first" in err


def test_bands_lie_inside_each_other_and_within_the_picture() -> None:
    drawn = fan([90.0, 95.0, 101.25], forecast(session=MONDAY))
    last = {name: [float(y) for _, y in points[10:12]] for name, points in (
        (name, [spot.split(",") for spot in text.split()])
        for name, text in re.findall(r'<polygon class="(b\d\d)" points="([^"]+)"', drawn)
    )}
    assert last["b95"][0] < last["b80"][0] < last["b50"][0] < last["b50"][1] < last["b80"][1] < last["b95"][1]
    assert all(0.0 <= float(y) <= 120.0 for y in re.findall(r",(-?\d+\.\d)", drawn))


def test_the_histograms_columns_are_as_high_as_their_shares() -> None:
    found = answer_accuracy(AskAccuracy((NVDA,), NVDA, 1, Origin.BACKFILL), lambda step: None).models[0]
    heights = [float(h) for h in re.findall(r'class="b50"[^>]*height="(\d+\.\d)"', histogram(found.card.pit))]
    shares = found.card.pit.shares
    assert heights == pytest.approx([share / max(shares) * max(heights) for share in shares], abs=0.2)
