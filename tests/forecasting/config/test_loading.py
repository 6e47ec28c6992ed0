"""config.toml: where it is looked for, and what it says when it is wrong."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from dataclasses import fields, replace
from pathlib import Path

import pytest
import tomlkit
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from forecasting.config import STARTER_LISTS, Settings, SinkSettings, default_file, load, user_file
from forecasting.config.diagnosis import _keys_of
from forecasting.config.loading import parse
from forecasting.config.settings import Written
from forecasting.domain.market import Symbol
from forecasting.domain.watchlist import WatchGroup
from forecasting.errors import ConfigError

ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home of its own for each test: nothing is read from or written to the person's."""
    folder = tmp_path / "home"
    monkeypatch.setenv("HOME", str(folder))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(folder / "config"))
    monkeypatch.setenv("XDG_DATA_HOME", str(folder / "data"))
    return folder


def write(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


def seed(value: int) -> str:
    return f"[source]\nseed = {value}\n"


def complaint(text: str) -> str:
    """What is said of `text` as `c.toml`, without the file name."""
    with pytest.raises(ConfigError) as caught:
        parse(text, Path("c.toml"))
    message = str(caught.value)
    assert "\n" not in message
    return message.removeprefix("c.toml")


def complaint_or_none(read: Callable[[], Settings]) -> str | None:
    """What is said of a configuration; None if it is a good one. Any other exception is the test's failure."""
    try:
        read()
    except ConfigError as error:
        return str(error)
    return None


def test_the_shipped_file_says_what_the_built_in_defaults_say() -> None:
    shipped = load(default_file())
    assert replace(shipped, origin=None) == Settings()
    assert default_file() == ROOT / "config.toml"


def test_every_key_that_can_be_set_stands_in_the_shipped_file() -> None:
    text = default_file().read_text(encoding="utf-8")
    sections = [getattr(Settings(), f.name) for f in fields(Written) if f.name not in ("lists", "sinks", "keys")]
    keys = [key for table in (*map(type, sections), SinkSettings) for key in _keys_of(table)]
    assert [key for key in keys if f"{key} = " not in text] == []


def test_lookup_order_is_argument_then_environment_then_folder_then_user_then_defaults(tmp_path: Path) -> None:
    argument, env_file = write(tmp_path / "a.toml", seed(1)), write(tmp_path / "e.toml", seed(2))
    local, own = write(tmp_path / "cwd/config.toml", seed(3)), write(user_file(), seed(4))
    env = {"TAPECAST_CONFIG": str(env_file)}

    found = load(argument, env, local.parent)
    assert (found.source.seed, found.origin) == (1, argument)
    assert load(None, env, local.parent).source.seed == 2
    assert load(None, {}, local.parent).source.seed == 3
    assert load(None, {}, tmp_path).source.seed == 4
    own.unlink()
    nothing = load(None, {}, tmp_path)
    assert (nothing.source.seed, nothing.origin) == (7, None)


def test_the_shipped_file_in_a_checkout_yields_to_the_users_own() -> None:
    assert load(None, {}, ROOT).origin == default_file()
    own = write(user_file(), seed(4))
    assert load(None, {}, ROOT).origin == own


def test_an_installed_package_carries_its_default_inside(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("forecasting.config.loading._PACKAGE", tmp_path)
    inside = write(tmp_path / "default_config.toml", seed(5))
    assert default_file() == inside
    assert load(None, {}, tmp_path).origin is None      # built-in defaults, not a file somebody might edit


@pytest.mark.parametrize(("path", "env", "by"), [
    (Path("/no/such.toml"), {}, "--config"),
    (None, {"TAPECAST_CONFIG": "/no/such.toml"}, "$TAPECAST_CONFIG"),
])  # fmt: skip
def test_a_named_file_that_is_missing_is_an_error_and_no_fallback(
    path: Path | None, env: dict[str, str], by: str
) -> None:
    with pytest.raises(ConfigError, match=r"names /no/such\.toml, which does not exist") as caught:
        load(path, env)
    assert str(caught.value).startswith(by)


@pytest.mark.parametrize(("text", "message"), [
    ("[soruce]", ":1: unknown key 'soruce'; did you mean 'source'?"),
    ("\n[source]\nnmae = 'csv'", ":3: unknown key 'source.nmae'; did you mean 'name'?"),
    ("[paths]\nzzz = 1", ":2: unknown key 'paths.zzz'; known here: data_dir"),
    ("[model]\nnormalization = 'z-score'", ":2: unknown key 'model.normalization'; did you mean 'normalisation'?"),
    ("[model]\nnormalisation = 'zscore'",
     ":2: model.normalisation = \"zscore\": should be 'z-score', 'min-max' or 'log-return'; "
     'the default is "z-score"'),
    ("[model]\nlookback = 20", ":2: model.lookback = 20: should be greater than or equal to 40; the default is 88"),
    ("[model]\nhidden = 30", ":2: model.hidden = 30: should be a multiple of 4; the default is 32"),
    ("[model]\nbody = 'gru'",
     ":2: model.body = \"gru\": should be 'lstm', 'lstm-attention' or 'transformer'; the default is \"lstm\""),
    ("[model]\nfeatures = ['volatility', 'rsi']",
     ":2: model.features[2] = \"rsi\": should be 'volatility', 'returns', 'volume', 'indicators', "
     "'technical', 'market' or 'time'"),
    ("[model]\nfeatures = []",
     ":2: model.features: choose at least one of volatility, returns, volume, indicators, technical, market, time"),
    ("refresh.open_second = 1", ":1: unknown key 'refresh.open_second'; did you mean 'open_seconds'?"),
    ("[source]\nseed = '7'", ':2: source.seed = "7": should be a whole number, without quotes; the default is 7'),
    ("[display]\nascii = 'yes'",
     ':2: display.ascii = "yes": should be true or false, without quotes; the default is false'),
    ("[refresh]\nopen_seconds = 0.5",
     ":2: refresh.open_seconds = 0.5: should be greater than or equal to 2; the default is 15.0"),
    ("[refresh]\nopen_seconds = nan", ":2: refresh.open_seconds = NaN: should be a finite number; the default is 15.0"),
    ('[paths]\ndata_dir = "a\\u0000b"', ":2: paths.data_dir: a folder name is printable text"),
    ("list = 3", ":1: list = 3: should be an array, [..]"),
    ("source = 3", ":1: source = 3: should be a table"),
    ("[keys]\nquit = 1", ":2: keys.quit = 1: should be text, in quotes"),
    ("[[list]]\nsymbols = []", ":1: 'list[1].name' is missing; add it"),
    ("[[list]]\nname='a'\n[[list]]\nname='a'", ":1: list: two lists are called 'a'; rename one or join their symbols"),
    ("[[list]]\nname='a'\n\n[[list]]\nname='b'\nsymbols=['AAPL', 'no good']",
     ":6: list[2].symbols[2]: 'no good' is no ticker symbol: "
     "use 1-15 of A-Z 0-9 . ^ = -, for example NVDA, ^GSPC, BRK-B"),
    ("a = = 3", ":1:5: not TOML: Invalid value; correct it, the file was left as it is"),
    ("\nx = [", ":2: not TOML: Invalid value; correct it, the file was left as it is"),
    ("[source]\nseed = -1\nsymbols = 0",
     ":2: source.seed = -1: should be greater than or equal to 0; the default is 7 (and 1 more)"),
])  # fmt: skip
def test_one_line_names_place_key_finding_and_remedy(text: str, message: str) -> None:
    assert complaint(text) == message


@given(st.sampled_from(["open_seconds", "closed_seconds", "replay_seconds_per_session"]), st.data())
def test_a_slip_of_one_letter_is_answered_with_the_key_that_was_meant(key: str, data: st.DataObject) -> None:
    i = data.draw(st.integers(0, len(key) - 1))
    slip = key[:i] + key[i + 1 :]
    assert f"did you mean '{key}'?" in complaint(f"[refresh]\n{slip} = 20")


@given(st.one_of(st.binary(max_size=200), st.text(max_size=200).map(lambda text: text.encode("utf-8", "replace"))))
@example(b"x = " + b"[" * 100_000)
@example(b"x = " + b"1" * 5_000)
@example(b'"a\x1b[2J" = 1')
@example(b'"\\u001b[2J" = 1')
@example(b"\xff\xfe")
@example("\ufeff[source]\r\nseed = 3\r\n".encode())
@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_bytes_are_settings_or_one_printable_line(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "any.toml"
    path.write_bytes(content)
    message = complaint_or_none(lambda: load(path))
    assert message is None or (message.isprintable() and message.startswith(str(path)))


_scalars = st.one_of(st.booleans(), st.integers(), st.floats(), st.text(max_size=20))


_sections = st.sampled_from(["source", "refresh", "model", "display", "paths", "keys"])
_keys = st.sampled_from(["name", "seed", "symbols", "open_seconds", "theme", "ascii", "timeframe", "data_dir"])
_tables = st.dictionaries(st.text("abc", min_size=1), _scalars, max_size=2)


@given(_sections, _keys, st.one_of(_scalars, st.lists(_scalars, max_size=3), _tables))
def test_any_value_under_any_key_is_settings_or_one_printable_line(section: str, key: str, value: object) -> None:
    text = tomlkit.dumps({section: {key: value}})
    message = complaint_or_none(lambda: parse(text, Path("c.toml")))
    assert message is None or (message.isprintable() and message.startswith("c.toml:"))


@pytest.mark.parametrize(("path", "why"), [("/dev/zero", "over 1048576 bytes"), (".", "Is a directory")])
def test_what_is_no_file_is_one_line(path: str, why: str) -> None:
    with pytest.raises(ConfigError, match=why):
        load(Path(path))


def test_relative_folders_start_at_the_files_own_folder(tmp_path: Path, home: Path) -> None:
    path = write(tmp_path / "x/c.toml", "[source]\nname = 'csv'\ncsv_dir = 'prices'\n[paths]\ndata_dir = '~/tc'\n")
    found = load(path)
    assert found.source.csv_dir == tmp_path / "x/prices"
    assert found.data_dir() == home / "tc"


def test_a_demo_keeps_its_store_apart(home: Path) -> None:
    assert Settings().data_dir() == home / "data/tapecast"
    assert Settings().data_dir(demo=True) == home / "data/tapecast/demo"


def test_the_command_line_overrides_and_the_rest_stays() -> None:
    found = Settings().overridden(source="csv", csv_dir=Path("/p"), data_dir=Path("/d"))
    assert (found.source.name, found.source.csv_dir, found.data_dir()) == ("csv", Path("/p"), Path("/d"))
    assert found.source.seed == 7


def test_csv_without_a_folder_says_which_option_to_give() -> None:
    with pytest.raises(ConfigError, match="give --csv-dir DIR"):
        Settings().overridden(source="csv")


def test_with_no_list_configured_the_sources_own_symbols_are_watched() -> None:
    a, b = Symbol("A"), Symbol("B")
    assert Settings().groups((a, b)) == (WatchGroup("All", (a, b)),)
    assert Settings().groups() == STARTER_LISTS
    mine = parse("[[list]]\nname = 'Mine'\nsymbols = ['brk.b', 'BRK-B', 'nvda']", Path("c.toml"))
    assert mine.groups((a, b)) == (WatchGroup("Mine", (Symbol("BRK-B"), Symbol("NVDA"))),)


def test_settings_cost_no_heavy_import() -> None:
    code = "import json, sys, forecasting.config as c; c.load(); print(json.dumps(sorted(sys.modules)))"
    run = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    heavy = {"numpy", "pandas", "torch", "yfinance", "tomlkit", "textual", "pydantic"}
    assert heavy & set(json.loads(run.stdout)) == set()


def test_an_order_of_sources_begins_with_the_one_that_is_asked_first() -> None:
    found = parse('[source]\nname = "yahoo"\norder = ["csv", "yahoo"]\ncsv_dir = "/p"\n', Path("c.toml"))
    assert (found.source.name, found.source.others) == ("csv", ("yahoo",))
    one = found.overridden(source="yahoo")
    assert (one.source.name, one.source.others) == ("yahoo", ())
    with pytest.raises(ConfigError, match="set csv_dir under"):
        parse('[source]\norder = ["yahoo", "csv"]\n', Path("c.toml")).overridden()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('[source]\norder = ["yahoo", "simulated"]\n', "simulated prices never stand in for real ones"),
        ('[source]\norder = ["yahoo", "yahoo"]\n', "named twice"),
        ('[source]\norder = ["yaho"]\n', "source.order"),
        ('[display]\ncurrency = "GBp"\n', "pence are GBP"),
        ('[display]\ncurrency = "Euro"\n', "three capital letters"),
    ],
)
def test_an_order_or_a_currency_that_cannot_be_is_refused(text: str, message: str) -> None:
    assert message in complaint(text)
