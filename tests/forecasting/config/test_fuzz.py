"""Whatever stands in config.toml: settings, or one line that says where the trouble is."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from forecasting.config import Settings, SinkSettings, load
from forecasting.config.diagnosis import _keys_of
from forecasting.config.section import Section
from forecasting.errors import ConfigError

SECTIONS = ("source", "refresh", "model", "display", "paths", "alerts", "keys")
TABLES: tuple[type[Section], ...] = (*(type(getattr(Settings(), name)) for name in SECTIONS[:-1]), SinkSettings)
KEYS = sorted({key for table in TABLES for key in _keys_of(table)})
HEADERS = (*(f"[{name}]" for name in SECTIONS), "[[list]]", "[list]", "[[sink]]", "")
NASTY = "\x1b[31m\x1b]52;c;aGk=\x07\u202e\x00\x9b \n\r\t[[]]{}=\"'#.,é東\ud7ff"


def toml(value: object) -> str:
    """A value as TOML writes it."""
    match value:
        case bool() | str():
            return json.dumps(value).replace("\x7f", "\\u007f")
        case list():
            return f"[{', '.join(map(toml, value))}]"
        case dict():
            return "{" + ", ".join(f"{json.dumps(k)} = {toml(v)}" for k, v in value.items()) + "}"
        case _:
            return str(value)


TEXTS = st.text(alphabet=st.characters(exclude_categories=["Cs"]) | st.sampled_from(NASTY), max_size=12)
SCALARS = (
    st.booleans() | st.integers() | st.floats() | TEXTS
    | st.sampled_from([10**30, -(10**30), 1e308, "../../etc/passwd", "~root", "/dev/null", "1979-05-27", ["AAPL", 1]])
)
VALUES = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3), max_leaves=6
)
SETS = st.tuples(st.sampled_from(HEADERS), st.sampled_from(KEYS), VALUES)
PLAUSIBLE = st.lists(SETS, max_size=4).map(lambda sets: "\n".join(f"{h}\n{key} = {toml(v)}" for h, key, v in sets))
DEEP = st.builds(lambda part, times: f"keys = {part * times}", st.sampled_from(["[", "{a=", "'''", "a."]),
                 st.integers(1, 3000))  # fmt: skip
SOUP = st.text(alphabet="[]{}=\"'#.,\n\r\t\\u0x1e_-+:Talist symbol\x1b\x00\u202e", max_size=80)


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("config") / "config.toml"


@settings(deadline=None, max_examples=150)
@given(PLAUSIBLE | DEEP | SOUP)
def test_tables_and_keys_that_are_right_with_values_that_are_not(path: Path, text: str) -> None:
    path.write_text(text, encoding="utf-8", newline="")
    made, message = None, ""
    try:
        made = load(path, env={}, cwd=path.parent)
    except ConfigError as error:
        message = str(error)
    if made is None:
        assert re.match(rf"{re.escape(str(path))}(:\d+(:\d+)?)?: \S", message), message
        assert message.isprintable()
        assert len(message) < 800


def test_a_problem_is_said_with_its_line(path: Path) -> None:
    path.write_text('[source]\nname = "yahoo"\n\n[refresh]\nopen_seconds = "\\u001b[31m15"\n')
    with pytest.raises(ConfigError, match=r"config\.toml:5: refresh\.open_seconds = .*should be a number"):
        load(path, env={}, cwd=path.parent)


def test_a_link_to_itself_is_one_line_too(tmp_path: Path) -> None:
    path = tmp_path / "config.toml"
    path.symlink_to(path)
    with pytest.raises(ConfigError, match=r"does not exist|cannot be read"):
        load(path, env={}, cwd=tmp_path)
