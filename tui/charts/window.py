"""Which bars a chart shows, and which one its cross-hair is on.

What a person has zoomed or panned to is remembered by the bars' names, so that it stays where it is when new bars come;
what nobody has moved goes with the newest bar.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta

FEWEST = 8
"""Bars that are still a chart."""
ZOOM = 1.5
"""How much closer one step of the zoom comes."""

_NIGHT = timedelta(hours=4)      # longer than any lunch, shorter than any night
_DAY = timedelta(hours=24)


@dataclass(frozen=True, slots=True)
class Window:
    """A view on a series of bars; every change is a new one."""

    count: int | None = None      # bars wanted; None: as many as the timeframe has
    end: date | None = None       # the newest bar shown; None: the newest there is
    at: date | None = None        # the bar under the cross-hair; None: no cross-hair

    @property
    def moved(self) -> bool:
        """Whether Esc has something to put back."""
        return self != AT_NEWEST

    def span(self, keys: Sequence[date], timeframe: int) -> range:
        """Indices of the bars shown.

        Args:
            keys: Names of all bars, ascending.
            timeframe: How many bars the timeframe has.
        """
        stop = len(keys) if self.end is None else max(1, bisect_right(keys, self.end))
        count = min(self.count or timeframe, len(keys))
        stop = max(stop, min(count, len(keys)))
        return range(max(0, stop - count), stop)

    def zoomed(self, steps: int, keys: Sequence[date], timeframe: int) -> Window:
        """Closer by so many steps, or farther; the cross-hair, else the right edge, stays where it is."""
        span = self.span(keys, timeframe)
        count = max(min(FEWEST, len(keys)), min(round(len(span) / ZOOM**steps), len(keys)))
        if count == len(span):
            return self
        right = span.stop - 1
        if self.at is not None:
            place = bisect_left(keys, self.at)
            right = place + round((right - place) * count / len(span))
        return replace(self, count=count, end=_name(keys, right))

    def panned(self, bars: int, keys: Sequence[date], timeframe: int) -> Window:
        """So many bars further on, or back; it stops at the ends."""
        span = self.span(keys, timeframe)
        right = max(len(span) - 1, min(span.stop - 1 + bars, len(keys) - 1))
        return replace(self, end=_name(keys, right))

    def pointed(self, steps: int, shown: Sequence[date], keys: Sequence[date], timeframe: int) -> Window:
        """The cross-hair so many candles on, or back; the window goes along where it has to.

        It appears at the newest bar shown, and leaves again past the newest there is.

        Args:
            steps: Candles; negative for back.
            shown: Names of the candles on screen; each of the newest bar in it.
            keys: Names of all bars.
            timeframe: How many bars the timeframe has.
        """
        if self.at is None:
            return self if steps > 0 else self._at(max(0, len(shown) + steps), shown)
        place = min(bisect_left(shown, self.at), len(shown) - 1) + steps
        if 0 <= place < len(shown):
            return self._at(place, shown)
        if place >= len(shown) and shown[-1] == keys[-1]:
            return replace(self, at=None)
        each = max(1, round(len(self.span(keys, timeframe)) / len(shown)))
        over = place if place < 0 else place - len(shown) + 1
        moved = self.panned(over * each, keys, timeframe)
        span = moved.span(keys, timeframe)
        return replace(moved, at=keys[span.start + each - 1 if place < 0 else span.stop - 1])

    def _at(self, place: int, shown: Sequence[date]) -> Window:
        return replace(self, at=shown[place])


AT_NEWEST = Window()
"""The timeframe's bars up to the newest one, without a cross-hair."""


def _name(keys: Sequence[date], place: int) -> date | None:
    """What a right edge is remembered by; nothing at the newest bar, which it follows."""
    return None if place >= len(keys) - 1 else keys[max(0, place)]


def bars_of_days(keys: Sequence[date], days: int) -> int:
    """How many of the newest bars make so many days of trading; a market that never closes has days of 24 hours.

    Bars of whole sessions are a day each. Shorter ones are of one day until there is a night between two of them.
    """
    if not keys or not isinstance(keys[-1], datetime):
        return days
    last = keys[-1]
    for count, (earlier, later) in enumerate(zip(keys[-2::-1], keys[:0:-1], strict=True), 1):
        assert isinstance(earlier, datetime)
        assert isinstance(later, datetime)
        if later - earlier > _NIGHT or last - earlier >= _DAY:
            days, last = days - 1, earlier
            if not days:
                return count
    return len(keys)
