"""`tapecast doctor` as a person uses it: a line per check, exit codes, and a leak that it finds."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from forecasting.data.store import Store
from forecasting.domain.forecast import Origin
from forecasting.domain.market import Bar, BarSeries, Instrument, Symbol, SymbolFailure
from forecasting.domain.sessions import SessionTable
from forecasting.domain.watchlist import WatchGroup
from forecasting.errors import SourceOffline, StoreUnwritable
from forecasting.features import fusion
from forecasting.features.fusion import Columns, Prepared
from forecasting.features.pipeline import DEFAULT_SPEC, build_panel
from forecasting.models import checkpoint
from forecasting.models.registry import create
from forecasting.service import checks, doctor
from tests.support import store as kept
from tests.support.command_line import Run
from tests.support.desk import recorded, write_csv
from tui.cli_doctor import terminal

SYMBOLS = ("AAA", "BBB", "CCC", "DDD")
SERIES = recorded(SYMBOLS, date(2013, 6, 3), date(2015, 3, 31), seed=3)
LEAKS = ("T1 future", "T2 poison", "T4 null")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_csv(tmp_path_factory.mktemp("csv"), SERIES)


def test_a_folder_of_good_bars_is_fine_and_only_lacks_a_model(run: Run, folder: Path, data: Path) -> None:
    result = run("doctor", "--csv-dir", folder, "--json")
    assert result.code == 0
    names = ["software", "terminal", "config", "data folder", "store", "calendars", "source", "bars", "models"]
    assert list(result.checks) == names
    fine = {n for n, c in result.checks.items() if c["status"] == "ok"}
    assert fine >= {"config", "data folder", "store", "calendars", "source", "bars"}
    assert result.checks["models"]["status"] == "warning"
    assert "tapecast train" in result.checks["models"]["remedy"]
    assert f"{4 * len(SERIES[0].bars):,} bars of 4 symbols, newest 2015-03-31" in result.checks["bars"]["found"]
    assert "csv: AAA" in result.checks["source"]["found"]
    assert not list(data.rglob("store.db"))       # looked at, and left as it was


def test_options_stand_before_the_command_as_well_and_each_check_is_a_line(run: Run, folder: Path) -> None:
    result = run("--csv-dir", folder, "doctor")
    assert result.code == 0
    assert len(result.out.splitlines()) == 9
    assert {line.split()[0] for line in result.out.splitlines()} <= {"ok", "warning"}


def test_a_package_that_is_needed_and_not_there_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    needed = ["numpy<3,>=2.1", "no-such-thing>=1", 'nor-this>=8; extra == "test"']
    monkeypatch.setattr("importlib.metadata.requires", lambda name: needed)
    assert (checks.software().status, checks.software().found) == ("failed", "not installed: no-such-thing")
    monkeypatch.setattr("importlib.metadata.version", lambda name: "1.0")
    assert checks.software().found.endswith("numpy 1.0, no-such-thing 1.0")


def test_a_terminal_is_told_without_its_escapes_and_without_where_one_comes_from(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("TERM", "xterm\x1b[31m")
    monkeypatch.setenv("SSH_CONNECTION", "192.0.2.7 5000 192.0.2.9 22")
    monkeypatch.delenv("TMUX", raising=False)
    found = terminal().found
    assert "TERM=xterm?[31m" in found
    assert "over SSH" in found
    assert "192.0.2.7" not in found
    assert "tmux" not in found


def test_missing_sessions_and_wild_moves_are_counted_by_symbol(run: Run, tmp_path: Path) -> None:
    holey = BarSeries(SERIES[0].instrument, tuple(b for i, b in enumerate(SERIES[0].bars) if i not in (50, 51, 300)))
    wild = BarSeries(SERIES[1].instrument, tuple(b if i < 200 else halved(b) for i, b in enumerate(SERIES[1].bars)))
    bars = run("doctor", "--csv-dir", write_csv(tmp_path / "odd", [holey, wild, SERIES[2]]), "--json").checks["bars"]
    assert bars["status"] == "warning"
    assert "3 sessions without a bar (AAA 3)" in bars["found"]
    assert "1 times 'move without a recorded event' (BBB 1)" in bars["found"]


def halved(bar: Bar) -> Bar:
    figures = (bar.open, bar.high, bar.low, bar.close, bar.adj_close, bar.volume)
    return Bar(bar.session, *(0.5 * x for x in figures))


def test_a_file_that_cannot_be_read_is_a_warning_that_says_where(run: Run, tmp_path: Path) -> None:
    folder = write_csv(tmp_path / "odd", SERIES[:2])
    (folder / "ZZZ.csv").write_text("Date,Open,High,Low,Close\n2015-01-02,1,2,x,1\n")
    result = run("doctor", "--csv-dir", folder, "--json")
    assert result.code == 0
    assert "1 symbols have none (ZZZ.csv: line 2, column Low: found 'x'" in result.checks["bars"]["found"]


def test_a_wrong_configuration_is_named_with_what_is_known_so_far(run: Run, tmp_path: Path) -> None:
    config = tmp_path / "wrong.toml"
    config.write_text("[model]\nsedes = 3\n")
    result = run("doctor", "--config", config, "--json")
    assert result.code == 2
    assert list(result.checks) == ["software", "terminal", "config"]
    assert result.checks["config"]["status"] == "failed"
    assert "unknown key 'model.sedes'" in result.checks["config"]["found"]
    assert "did you mean 'seeds'" in result.checks["config"]["remedy"]


def stored(data: Path) -> Path:
    """A person's own store with a few bars and forecasts."""
    with Store.open(data / "store.db") as store:
        store.market.put_bars(SERIES[0])
        store.watchlist.save([WatchGroup("All", (Symbol("AAA"),))])
        said = [kept.forecast("AAA"), kept.forecast("BBB")]
        store.ledger.append(said, Origin.LIVE, at=kept.close_of(kept.MONDAY) + timedelta(minutes=5))
        return store.path


class Offline:
    """A source that never answers."""

    name = "yahoo"

    def catalogue(self) -> tuple[Symbol, ...]:
        return ()

    def quotes(self, symbols: object) -> list[object]:
        raise SourceOffline("yahoo: quotes: no answer (could not resolve host); check the network")


@pytest.fixture
def offline(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("forecasting.service.local.open_source", lambda *args, **kwargs: Offline())


@pytest.mark.usefixtures("offline")
def test_yahoo_out_of_reach_is_a_failure_and_what_is_stored_is_looked_at(run: Run, data: Path) -> None:
    stored(data)
    result = run("doctor", "--source", "yahoo", "--json")
    assert result.code == 1
    failed = {n: c for n, c in result.checks.items() if c["status"] == "failed"}
    assert list(failed) == ["source"]
    assert failed["source"]["remedy"] == "check the network"
    assert "ledger of 2 forecasts as recorded" in result.checks["store"]["found"]
    assert f"{len(SERIES[0].bars)} bars of 1 symbols" in result.checks["bars"]["found"]


@pytest.mark.usefixtures("offline")
def test_an_edited_ledger_is_found_out(run: Run, data: Path) -> None:
    path = stored(data)
    with closing(sqlite3.connect(path)) as connection:
        for (trigger,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
            connection.execute(f'DROP TRIGGER "{trigger}"')
        connection.execute("UPDATE forecasts SET body = replace(body, '101.25', '99.25') WHERE id = 1")
        connection.commit()
    result = run("doctor", "--source", "yahoo", "--json")
    assert result.code == 1
    assert result.checks["store"]["status"] == "failed"
    assert "ledger entry 1: it was edited" in result.checks["store"]["found"]


@pytest.mark.usefixtures("offline")
def test_a_disk_that_takes_nothing_fails_the_store(run: Run, data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    stored(data)
    refused = StoreUnwritable("the store is read-only: nothing new is kept in store.db; make it writable")
    monkeypatch.setattr(Store, "notices", (f"{refused}; shown is what store.db holds",))
    monkeypatch.setattr(Store, "refusal", lambda store: refused)
    found = run("doctor", "--source", "yahoo", "--json").checks["store"]
    assert (found["status"], found["remedy"]) == ("failed", "make it writable")


@pytest.mark.usefixtures("offline")
def test_a_damaged_store_is_named_and_not_touched(run: Run, data: Path) -> None:
    path = stored(data)
    whole = path.read_bytes()
    path.write_bytes(whole[:8192] + b"\xff" * 4096 + whole[12288:])
    damaged = path.read_bytes()
    result = run("doctor", "--source", "yahoo", "--json")
    assert result.code == 1
    assert result.checks["store"]["status"] == "failed"
    assert "set aside" in result.checks["store"]["remedy"]
    assert path.read_bytes() == damaged


@pytest.mark.usefixtures("offline")
def test_what_others_may_read_is_a_warning(run: Run, data: Path) -> None:
    path = stored(data)
    path.chmod(0o644)
    data.chmod(0o755)
    found = run("doctor", "--source", "yahoo", "--json").checks
    assert "(0644)" in found["store"]["found"]
    assert path.stat().st_mode & 0o777 == 0o600
    assert found["data folder"] == {
        "name": "data folder", "status": "warning", "found": f"{data} is open to others (0755)",
        "remedy": f"run: chmod 700 {data}",
    }


def test_a_calendar_that_ends_too_soon_fails(run: Run, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def short(desk: Any, symbols: Any) -> dict[Symbol, SessionTable]:
        table = desk.calendars.sessions("XNYS", date(2013, 1, 2), datetime.now(UTC).date() + timedelta(days=9))
        return dict.fromkeys(symbols, table)

    monkeypatch.setattr("forecasting.service.desk.Desk.tables", short)
    result = run("doctor", "--csv-dir", folder, "--json")
    assert result.code == 1
    assert "needs 30" in result.checks["calendars"]["found"]


def test_checkpoints_are_read_and_an_old_one_is_expired(run: Run, folder: Path, data: Path) -> None:
    run("doctor", "--csv-dir", folder)          # makes the folder of this source
    (home,) = data.glob("csv-*")
    panel = build_panel(SERIES)
    path = save(create("har-t").fit(panel, cut=len(panel.sessions) - 40), home)
    models = run("doctor", "--csv-dir", folder, "--json").checks["models"]
    assert models["status"] == "warning"
    assert "expired: the newest session is 2015-03-31" in models["found"]

    newest = save(create("har-t").fit(panel, cut=len(panel.sessions) - 2), home)
    models = run("doctor", "--csv-dir", folder, "--json").checks["models"]
    assert models["status"] == "ok"
    assert "2 load, the newest is har-t" in models["found"]

    newest.write_bytes(newest.read_bytes()[:100])
    assert "1 do not, first: checkpoint har-t" in run("doctor", "--csv-dir", folder, "--json").checks["models"]["found"]
    path.unlink()
    result = run("doctor", "--csv-dir", folder, "--json")
    assert (result.code, result.checks["models"]["status"]) == (1, "failed")


def save(fitted: Any, home: Path) -> Path:
    return checkpoint.save(fitted, home / "models", spec_hash=DEFAULT_SPEC.hash)


@pytest.mark.honesty("T1", "T2", "T4")
def test_no_leak_is_found_where_there_is_none(run: Run, folder: Path) -> None:
    result = run("doctor", "--csv-dir", folder, "--leaks", "--json")
    assert result.code == 0
    assert {result.checks[name]["status"] for name in LEAKS} == {"ok"}
    assert "25 random cuts" in result.checks["T1 future"]["found"]
    for model in ("har-t", "ewma-t", "ensemble"):
        assert f"{model} " in result.checks["T2 poison"]["found"]
    assert "against the true sigma" in result.checks["T4 null"]["found"]


def plant(monkeypatch: pytest.MonkeyPatch) -> None:
    """Tomorrow's return among today's features, and the one quick model that reads features."""
    def leaky(data: Prepared) -> Columns:
        columns = fusion.returns(data)
        shifted = np.full_like(columns["return_1"], np.nan)
        shifted[:, :-1] = columns["return_1"][:, 1:]
        return {**columns, "return_1": shifted}

    monkeypatch.setitem(fusion.BAR_GROUPS, "returns", leaky)
    monkeypatch.setattr(doctor, "LEAK_MODELS", ("har-t",))


@pytest.mark.honesty("T1", "T4", red=True)
def test_a_planted_leak_fails_and_ends_with_1(run: Run, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    plant(monkeypatch)
    result = run("doctor", "--csv-dir", folder, "--leaks", "--json")
    assert result.code == 1
    assert [n for n in LEAKS if result.checks[n]["status"] == "failed"] == ["T1 future", "T4 null"]
    assert "feature return_1" in result.checks["T1 future"]["found"]


@pytest.mark.honesty("T2", red=True)
def test_a_planted_fit_past_its_cut_fails_and_ends_with_1(
    run: Run, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("forecasting.features.panel.Panel.targets_until", lambda panel, cut: panel.targets)
    monkeypatch.setattr(doctor, "LEAK_MODELS", ("har-t", "ewma-t"))
    result = run("doctor", "--csv-dir", folder, "--leaks", "--json")
    assert result.code == 1
    assert result.checks["T2 poison"]["status"] == "failed"
    assert "har-t, ewma-t changed" in result.checks["T2 poison"]["found"]


def test_too_few_bars_to_look_for_leaks_is_a_warning(run: Run, tmp_path: Path) -> None:
    short = [BarSeries(s.instrument, s.bars[-120:]) for s in SERIES]
    result = run("doctor", "--csv-dir", write_csv(tmp_path / "short", short), "--leaks", "--json")
    assert result.code == 0
    future = result.checks["T1 future"]
    assert (future["status"], future["remedy"]) == ("warning", "load more history")


def test_the_sample_is_spread_over_the_list_and_bounded() -> None:
    bars = tuple(Bar(date(2000, 1, 1) + timedelta(days=i), 1.0, 1.0, 1.0, 1.0, 1.0, 0.0) for i in range(3000))
    many = [BarSeries(Instrument(Symbol(f"S{i}"), "", "XNYS", ""), bars) for i in range(50)]
    chosen = doctor.sample(many)
    assert [s.symbol for s in chosen] == [f"S{int(i * 50 / 12)}" for i in range(12)]
    assert {len(s.bars) for s in chosen} == {2520}
    assert chosen[0].bars[-1] == bars[-1]
    assert [s.symbol for s in doctor.sample(many[:3])] == ["S0", "S1", "S2"]


class Silent(Offline):
    """A source with prices for nobody: all there is to look at is in the person's own store."""

    def quotes(self, symbols: object) -> list[object]:
        return [SymbolFailure(Symbol("AAA"), "no-data", "AAA: no quote today")]


@pytest.mark.honesty("T1", "T2", "T4", red=True)
def test_leaks_are_looked_for_in_the_persons_own_store_and_decide_how_it_ends(
    run: Run, data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Store.open(data / "store.db") as store:
        for one in SERIES:
            store.market.put_bars(one)
        store.watchlist.save([WatchGroup("All", tuple(one.symbol for one in SERIES))])
    monkeypatch.setattr("forecasting.service.local.open_source", lambda *args, **kwargs: Silent())
    monkeypatch.setattr(doctor, "LEAK_MODELS", ("har-t",))
    honest = run("doctor", "--source", "yahoo", "--leaks", "--json")
    assert honest.code == 0
    assert {honest.checks[name]["status"] for name in LEAKS} == {"ok"}
    assert "4 of 4 symbols" in honest.checks["T1 future"]["found"]

    plant(monkeypatch)
    leaky = run("doctor", "--source", "yahoo", "--leaks", "--json")
    assert leaky.code == 1
    assert {n for n, c in leaky.checks.items() if c["status"] == "failed"} == {"T1 future", "T4 null"}


def test_each_sink_is_looked_at_nothing_is_sent_and_no_secret_is_shown(
    run: Run, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = tmp_path / "sinks.toml"
    config.write_text(
        '[[sink]]\nname = "screen"\nkind = "osc9"\n'
        '[[sink]]\nname = "hook"\nkind = "command"\ncommand = ["sh", "-c", "touch hook-ran"]\n'
        '[[sink]]\nname = "lost"\nkind = "command"\ncommand = ["no-such-program"]\n'
        '[[sink]]\nname = "desk"\nkind = "webhook"\nurl = "https://hooks.example.org/s3cret"\nsecret = "env:DESK_KEY"\n'
        '[[sink]]\nname = "phone"\nkind = "apprise"\nurl = "env:PHONE_URL"\n'
    )
    monkeypatch.setenv("PHONE_URL", "ntfys://ntfy.sh/s3cret")
    result = run("doctor", "--config", config, "--csv-dir", folder, "--json")
    found = {name.removeprefix("sink "): (c["status"], c["found"]) for name, c in result.checks.items()
             if name.startswith("sink ")}
    nothing_sent = "; nothing was sent, try it: tapecast alerts test "
    assert found == {
        "screen": ("ok", "osc9, to whoever sits at the app"),
        "hook": ("ok", f"command, program sh{nothing_sent}hook"),
        "lost": ("failed", "command: no program 'no-such-program'"),
        "desk": ("failed", "sink desk: secret: $DESK_KEY is not set"),
        "phone": ("ok", f"apprise, url env:PHONE_URL{nothing_sent}phone"),
    }
    assert (result.code, "s3cret" in result.out) == (1, False)
    monkeypatch.setenv("DESK_KEY", "s3cret")
    desk = run("doctor", "--config", config, "--csv-dir", folder, "--json").checks["sink desk"]["found"]
    assert desk == f"webhook, url https://hooks.example.org/…, secret env:DESK_KEY{nothing_sent}desk"
    assert not Path("hook-ran").exists()
