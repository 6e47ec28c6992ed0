"""The cheap decorator makes what the standard library's makes: each fact is held against a twin made by that."""

from __future__ import annotations

import copy
import dataclasses
import pickle
from collections.abc import Callable
from typing import Any

import pytest

from forecasting import frozen
from forecasting.frozen import MANY


def shapes(decorator: Callable[..., Any]) -> dict[str, type]:
    """Classes of every kind that is used here."""

    @decorator(frozen=True, slots=True)
    class Plain:
        a: int
        b: str = "b"

    @decorator(frozen=True, slots=True)
    class Empty:
        pass

    @decorator(frozen=True, slots=True)
    class Single:
        a: object

    @decorator(frozen=True, slots=True, kw_only=True)
    class Named:
        a: int
        b: list[int] = dataclasses.field(default_factory=list)
        secret: str = dataclasses.field(default="", repr=False)

    @decorator(frozen=True, slots=True, kw_only=True)
    class Further(Named):
        c: float = 1.5

    @decorator(frozen=True, slots=True)
    class Settled:
        a: int
        double: int = dataclasses.field(init=False, compare=False)

        def __post_init__(self) -> None:
            object.__setattr__(self, "double", 2 * self.a)

    @decorator(frozen=True, slots=True, repr=False)
    class Quiet:
        a: int

        def __repr__(self) -> str:
            return "****"

    classes = (Plain, Empty, Single, Named, Further, Settled, Quiet)
    return {cls.__name__: cls for cls in classes}


OURS, THEIRS = shapes(frozen.dataclass), shapes(dataclasses.dataclass)
GIVEN: list[tuple[str, tuple[Any, ...], dict[str, Any]]] = [
    ("Plain", (1,), {}), ("Plain", (1, "x"), {}), ("Plain", (), {"b": "x", "a": 1}), ("Plain", (1,), {"b": "x"}),
    ("Empty", (), {}), ("Single", ((1, 2),), {}), ("Named", (), {"a": 1}), ("Named", (), {"a": 1, "b": [2]}),
    ("Named", (), {"a": 1, "secret": "x"}), ("Further", (), {"a": 1, "c": 2.5}), ("Settled", (3,), {}),
    ("Quiet", (3,), {}),
]
WRONG: list[tuple[str, tuple[Any, ...], dict[str, Any]]] = [
    ("Plain", (), {}), ("Plain", (1, "x", 2), {}), ("Plain", (1,), {"a": 1}), ("Plain", (1,), {"c": 1}),
    ("Named", (1,), {}), ("Empty", (1,), {}), ("Settled", (1, 2), {}), ("Settled", (1,), {"double": 2}),
]


def used(name: str, times: int) -> type:
    """A fresh class of ours of which so many instances have been made."""
    cls = shapes(frozen.dataclass)[name]
    given, named = next((given, named) for n, given, named in GIVEN if n == name)
    for _ in range(times):
        cls(*given, **named)
    return cls


@pytest.mark.parametrize("times", [0, MANY])
@pytest.mark.parametrize(("name", "given", "named"), GIVEN)
def test_an_instance_is_the_twins(name: str, given: tuple[Any, ...], named: dict[str, Any], times: int) -> None:
    cls, twin = used(name, times), THEIRS[name](*given, **named)
    made = cls(*given, **named)
    values = {field.name: getattr(made, field.name) for field in dataclasses.fields(made)}
    assert values == dataclasses.asdict(twin) == dataclasses.asdict(made)
    assert repr(made) == repr(twin)
    assert made == cls(*given, **named)
    assert made != twin                 # another class, whatever it holds
    if not isinstance(values.get("b"), list):
        assert hash(made) == hash(cls(*given, **named)) == hash(twin)


@pytest.mark.parametrize("times", [0, MANY])
@pytest.mark.parametrize(("name", "given", "named"), WRONG)
def test_what_the_twin_refuses_is_refused_in_the_same_words(
    name: str, given: tuple[Any, ...], named: dict[str, Any], times: int
) -> None:
    with pytest.raises(TypeError) as theirs:
        THEIRS[name](*given, **named)
    with pytest.raises(TypeError) as ours:
        used(name, times)(*given, **named)
    inside = f"shapes.<locals>.{name}."
    assert str(ours.value).replace(inside, f"{name}.") == str(theirs.value).replace(inside, f"{name}.")


@pytest.mark.parametrize("name", [name for name in OURS if name != "Empty"])
def test_nothing_is_set_or_deleted_afterwards(name: str) -> None:
    given, named = next((given, named) for n, given, named in GIVEN if n == name)
    for classes in (OURS, THEIRS):
        made = classes[name](*given, **named)
        with pytest.raises(dataclasses.FrozenInstanceError, match="cannot assign to field 'a'"):
            made.a = 1
        with pytest.raises(dataclasses.FrozenInstanceError, match="cannot delete field 'a'"):
            del made.a
        assert not hasattr(made, "__dict__")


@frozen.dataclass(frozen=True, slots=True)
class Point:
    """In a module, as pickling wants it."""

    x: int
    y: int = 0


def test_copies_pickles_replacements_and_patterns_work() -> None:
    point = Point(1, 2)
    assert pickle.loads(pickle.dumps(point)) == copy.copy(point) == copy.deepcopy(point) == point
    assert dataclasses.replace(point, y=3) == Point(1, 3)
    match point:
        case Point(x, y):
            assert (x, y) == (1, 2)


def test_a_shared_default_list_is_not_shared() -> None:
    first, second = OURS["Named"](a=1), OURS["Named"](a=1)
    first.b.append(7)
    assert second.b == []


@pytest.mark.parametrize("said", [{"frozen": False, "slots": True}, {"frozen": True, "slots": False}])
def test_what_is_not_frozen_and_slotted_is_the_standard_librarys(said: dict[str, bool]) -> None:
    with pytest.raises(TypeError, match="standard library"):
        frozen.dataclass(**said)(type("X", (), {}))
