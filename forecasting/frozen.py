"""`dataclass(frozen=True, slots=True)` for what is imported before the first paint, at a tenth of the price.

The standard library's decorator compiles six methods for each class, half a millisecond of it, and some hundred classes
are there before the first paint. Here nothing is compiled but `__init__`, and that only for classes with many
instances, where it pays. Everything else is the standard library's: `fields`, `replace`, `asdict`, `match`, copying and
pickling work, and to a type checker this is `dataclasses.dataclass` itself.
"""

from __future__ import annotations

import dataclasses
import itertools
from operator import attrgetter
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable
    from dataclasses import dataclass as dataclass
else:
    def dataclass(*, frozen: bool, slots: bool, kw_only: bool = False, repr: bool = True) -> Callable[[type], type]:  # noqa: A002
        """See the module; both `frozen` and `slots` have to be said, and to be true."""
        if not (frozen and slots):
            raise TypeError("frozen=True and slots=True; the standard library's decorator makes the others")

        def decorate(cls: type) -> type:
            # "frozen" is ours, by the methods below: the standard library's would be compiled for each class.
            made = dataclasses.dataclass(init=False, repr=False, eq=False, slots=True, kw_only=kw_only)(cls)
            for name, method in _methods(made, shows=repr).items():
                if name not in cls.__dict__:
                    setattr(made, name, method)
            return made

        return decorate

MANY = 200
"""So many instances of a class are made before its `__init__` is compiled."""


def _methods(cls: type, *, shows: bool) -> dict[str, Callable[..., Any]]:
    """What the standard library would have compiled."""
    fields = dataclasses.fields(cls)
    names = tuple(field.name for field in fields)
    shown = tuple(field.name for field in fields if field.repr)
    compared = _values_of(tuple(field.name for field in fields if field.compare))

    made, init = itertools.count(1), _plain_init(cls)

    def __init__(self: Any, *given: Any, **named: Any) -> None:
        if next(made) > MANY or not init(self, given, named):
            compiled = cls.__init__ = _compiled_init(cls)  # type: ignore[misc]
            compiled(self, *given, **named)

    def __eq__(self: Any, other: object) -> bool:
        return compared(self) == compared(other) if other.__class__ is self.__class__ else NotImplemented

    def __hash__(self: Any) -> int:
        return hash(compared(self))

    def __repr__(self: Any) -> str:
        return f"{self.__class__.__qualname__}({', '.join(f'{name}={getattr(self, name)!r}' for name in shown)})"

    def __getstate__(self: Any) -> list[Any]:
        return [getattr(self, name) for name in names]

    def __setstate__(self: Any, state: list[Any]) -> None:
        for name, value in zip(names, state, strict=True):
            object.__setattr__(self, name, value)

    methods: dict[str, Callable[..., Any]] = {
        "__init__": __init__, "__eq__": __eq__, "__hash__": __hash__, "__setattr__": _set_nothing,
        "__delattr__": _delete_nothing, "__getstate__": __getstate__, "__setstate__": __setstate__,
    }
    return {**methods, "__repr__": __repr__} if shows else methods


def _values_of(names: tuple[str, ...]) -> Callable[[Any], tuple[Any, ...]]:
    """Takes the values of these attributes."""
    if len(names) > 1:
        return attrgetter(*names)
    return lambda value: tuple(getattr(value, name) for name in names)


def _set_nothing(self: object, name: str, value: object) -> None:
    raise dataclasses.FrozenInstanceError(f"cannot assign to field {name!r}")


def _delete_nothing(self: object, name: str) -> None:
    raise dataclasses.FrozenInstanceError(f"cannot delete field {name!r}")


def _plain_init(cls: type) -> Callable[[Any, tuple[Any, ...], dict[str, Any]], bool]:
    """Sets the fields to what is given and the defaults; False where that does not fit, and an error is due."""
    fields = dataclasses.fields(cls)
    places = tuple(field.name for field in fields if field.init and not field.kw_only)
    known = frozenset(field.name for field in fields if field.init)
    settles = getattr(cls, "__post_init__", None)

    def init(self: Any, given: tuple[Any, ...], named: dict[str, Any]) -> bool:
        values = {**dict(zip(places, given, strict=False)), **named}
        if len(values) != len(given) + len(named) or not known.issuperset(values):
            return False
        for field in fields:
            name = field.name
            if name in values:
                value = values[name]
            elif field.default is not dataclasses.MISSING:
                value = field.default
            elif field.default_factory is not dataclasses.MISSING:
                value = field.default_factory()
            elif field.init:
                return False
            else:
                continue      # `__post_init__` sets it
            object.__setattr__(self, name, value)
        if settles is not None:
            settles(self)
        return True

    return init


def _compiled_init(cls: type) -> Callable[..., None]:
    """The standard library's `__init__` of a class with the same fields."""
    namespace = {"__post_init__": None} if hasattr(cls, "__post_init__") else {}      # that there is one is all it asks
    fields = [(field.name, field.type, field) for field in dataclasses.fields(cls)]
    like = dataclasses.make_dataclass(cls.__name__, fields, namespace=namespace, frozen=True, repr=False, eq=False)
    compiled: Callable[..., None] = like.__dict__["__init__"]
    return compiled
