"""The quick reading of config.toml beside pydantic's."""

from __future__ import annotations

import tomllib
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from forecasting.config import Settings, default_file
from forecasting.config.reading import key_of, read
from forecasting.config.section import Section
from forecasting.config.settings import Written

PYDANTIC = TypeAdapter(Written)
SECTIONS: dict[str, Section] = {f.name: section for f in fields(Written)
                                if isinstance(section := getattr(Settings(), f.name), Section)}  # fmt: skip
GOOD: tuple[Any, ...] = (
    "yahoo", "csv", "simulated", ["yahoo", "csv"], ["csv"], "15m", "/p", "z-score", ["volatility", "time"], "lstm",
    "6mo", "EUR", "22:00-07:00", "08:00", True, False, 0, 1, 2, 4, 10, 40, 60, 0.3, 0.05, 15.0, 88.0,
)  # fmt: skip
ODD: tuple[Any, ...] = (
    "", "x\0y", "-", "gbp", [], [1], ["csv", "csv"], ["replay"], {}, {"a": 1}, -1, 10**400, 1e308, float("nan"),
    float("inf"), -0.0, 2.5, 2**31, "yahoo ", "AAPL",
)  # fmt: skip
LIST = st.fixed_dictionaries({}, optional={
    "name": st.sampled_from(["Core", " Tech ", "a\x1b", "", 3]),
    "symbols": st.lists(st.sampled_from(["AAPL", "brk.b", "BRK-B", "no good", 7]), max_size=3),
    "colour": st.just("red"),
})  # fmt: skip
SINK = st.fixed_dictionaries({"name": st.sampled_from(["a", "b", "a b"])}, optional={
    "kind": st.sampled_from(["toast", "bell", "command", "webhook", "mail"]),
    "command": st.sampled_from([["echo", "{symbol}"], ["{symbol}"], [], "echo"]),
    "url": st.sampled_from(["https://h/", "", 3]),
    "secret": st.just("env:A"),
    "timeout": st.sampled_from([1, 0.1, 0, "1"]),
})  # fmt: skip


@st.composite
def tables(draw: st.DrawFn) -> dict[str, Any]:
    """A parsed file: keys mostly known, values often right."""
    table: dict[str, Any] = {}
    for name in draw(st.lists(st.sampled_from(sorted(SECTIONS)), max_size=3, unique=True)):
        keys = st.sampled_from([*(key_of(f) for f in fields(SECTIONS[name])), "origin"])
        table[name] = draw(st.dictionaries(keys, st.sampled_from(GOOD) | st.sampled_from(ODD), max_size=2))
    table |= draw(st.fixed_dictionaries({}, optional={
        "list": st.lists(LIST, max_size=2), "sink": st.lists(SINK, max_size=2), "lists": st.just([]),
        "keys": st.dictionaries(st.sampled_from(["quit", "a"]), st.sampled_from(["q", "", 3]), max_size=2),
    }))  # fmt: skip
    return table


@settings(deadline=None, max_examples=400)
@given(tables())
@example({"origin": "/etc"})
@example({"source": 3})
def test_what_is_taken_for_right_is_what_pydantic_makes_of_it(table: dict[str, Any]) -> None:
    try:
        quick = read(Written, table)
    except (ValueError, OverflowError):
        return
    assert quick == PYDANTIC.validate_python(table)


@settings(deadline=None, max_examples=400)
@given(tables())
def test_what_pydantic_takes_needs_no_second_look(table: dict[str, Any]) -> None:
    try:
        thorough = PYDANTIC.validate_python(table)
    except ValidationError:
        return
    assert read(Written, table) == thorough


@pytest.mark.parametrize("text", [
    default_file().read_text(encoding="utf-8"),
    '[[list]]\nname = "Tech"\nsymbols = ["aapl"]\n[paths]\ndata_dir = "~/x"\n[refresh]\nopen_seconds = 20\n',
    '[[sink]]\nname = "p"\nkind = "apprise"\nurl = "file:~/x"\n[source]\norder = ["csv", "yahoo"]\ninterval = "15m"\n',
])  # fmt: skip
def test_a_usual_file_is_read_without_asking(text: str) -> None:
    read(Written, tomllib.loads(text))


def test_a_number_is_kept_as_what_it_is_declared() -> None:
    made = read(Written, {"refresh": {"open_seconds": 20}, "paths": {"data_dir": "/d"}})
    assert (type(made.refresh.open_seconds), made.paths.data_dir) == (float, Path("/d"))
