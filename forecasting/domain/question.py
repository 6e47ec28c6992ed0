"""What the screen may ask of the process that computes; a question's type says what answers it."""

from __future__ import annotations

from typing import Generic, TypeVar

A = TypeVar("A")


class Question(Generic[A]):
    """Base of all questions, which are frozen dataclasses; a frozen dataclass of type `A` answers."""

    __slots__ = ()
