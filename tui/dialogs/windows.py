"""The stretches of time that symbols are compared over."""

from __future__ import annotations

from dataclasses import dataclass

NAMES = ("1mo", "3mo", "6mo", "1y", "2y", "5y", "max")
_BARS = (21, 63, 126, 252, 504, 1260, 0)


@dataclass(frozen=True, slots=True)
class Window:
    """One of them."""

    at: int = 2

    @property
    def name(self) -> str:
        """How it is called."""
        return NAMES[self.at]

    @property
    def bars(self) -> int:
        """How many bars it has; 0: all there are."""
        return _BARS[self.at]

    def longer(self, steps: int) -> Window:
        """A longer or shorter one, stopping at the ends."""
        return Window(max(0, min(self.at + steps, len(NAMES) - 1)))
