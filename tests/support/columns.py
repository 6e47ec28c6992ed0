"""Columns for rules, written down by hand."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from forecasting.domain.market import Symbol
from forecasting.trading.rules.syntax import Field

NAN = float("nan")


@dataclass(frozen=True, slots=True)
class Columns:
    """A frame of N symbols; a windowed field is found under its text, as `high(20 bars)`."""

    columns: Mapping[str, Sequence[float] | Sequence[str]]
    bar: str = "1"
    time: float = 0.0
    over: str = "0"      # the newest bar that has closed
    symbols: tuple[Symbol, ...] = field(default=(Symbol("AAPL"),))

    @property
    def rows(self) -> range:
        return range(len(self.symbols))

    @property
    def times(self) -> list[float]:
        return [self.time] * len(self.symbols)

    @property
    def bars(self) -> list[str]:
        return [self.bar] * len(self.symbols)

    @property
    def closed(self) -> list[str]:
        return [self.over] * len(self.symbols)

    def numbers(self, field: Field) -> Sequence[float]:
        name = field.name if field.window is None else f"{field.name}({field.window})"
        return [float(v) for v in self.columns[name]]

    def texts(self, field: Field) -> Sequence[str]:
        return [str(v) for v in self.columns[field.name]]


def row(bar: int = 0, time: float | None = None, *, closed: bool = False, **values: float | str) -> Columns:
    """One symbol's columns in one bar, which is running or has closed; a bar lasts a day."""
    columns: dict[str, Sequence[float] | Sequence[str]] = {n: [v] for n, v in values.items()}  # type: ignore[misc]
    moment = bar * 86_400.0 if time is None else time
    return Columns(columns, str(bar), moment, over=str(bar if closed else bar - 1))
