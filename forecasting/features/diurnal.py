"""How loud each slot of a day usually is, and bars with that taken out.

Moves are large after the open, small at noon, and the first slot holds the night: whoever reads slots as if they were
alike takes every morning for news. So each bar's moves are divided by its slot's usual size, learnt from the days
before alone, and features, scale and models see what is left; a forecast is multiplied by the usual size of the slots
ahead, which the timetable names. This was chosen over columns for the time of day because it serves every model alike,
the baselines too, which read no columns, and leaves nothing for a network to learn that a mean can tell.

A slot's size is the mean, over the newest `DAYS` days before and all symbols of the exchange, of the root of |move|
over the day's mean |move|, squared: against the day's mean, so that a wild day counts no more than a calm one; of
roots, so that one jump does not set its slot's size for a month.
Source: Andersen & Bollerslev (1997), Journal of Empirical Finance 4(2-3), for the pattern and why it has to go first.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime

import numpy as np
import numpy.typing as npt

from forecasting.domain.forecast import HORIZONS
from forecasting.domain.sessions import SessionTable
from forecasting.features.matrix import BarMatrix
from forecasting.features.panel import BoolArray, FloatArray

DAYS = 20
PRIOR = 5.0          # symbol-days of a flat pattern that a slot begins with
LEAST = 0.05         # a slot in which nothing ever happens is not divided by nothing

IntArray = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class Timetable:
    """Where the T instants of a panel stand in the days of one exchange; known long before they come."""

    day: IntArray                           # (T,) which session; -1 where the exchange has no slot
    position: IntArray                      # (T,) which slot of it; -1 likewise
    ahead: IntArray                         # (T, H) the same of the slots that follow; -1 past the table's end
    last: BoolArray                         # (T,) the session's last slot
    dates: npt.NDArray[np.datetime64]       # (T,) the session's date; where there is none, UTC's
    slots: int                              # most slots of a day


def timetable(sessions: npt.NDArray[np.datetime64], table: SessionTable) -> Timetable:
    """Find the instants `sessions`, ascending, shape (T,), in the slots of `table`."""
    first, last = (moment.item().replace(tzinfo=UTC) for moment in sessions[[0, -1]])
    slots = (*table.between(table.first_of(first), last), *table.after(last, len(HORIZONS)))
    days = table.sessions_between(slots[0].session, slots[-1].session) if slots else ()
    opens = _seconds([s.open for s in slots])
    day = np.searchsorted(_seconds([d.open for d in days]), opens, side="right") - 1
    position = np.arange(len(opens)) - np.searchsorted(day, day)
    at = np.searchsorted(opens, sessions)
    known = np.append(opens, np.datetime64("NaT"))[at] == sessions
    at = np.where(known, at, len(opens))                              # the places that follow are padding: -1
    day, position = (np.append(x, np.full(len(HORIZONS) + 1, -1)) for x in (day, position))
    dates = np.array([d.session for d in days] + [date.min], dtype="datetime64[D]")
    return Timetable(
        day=day[at],
        position=position[at],
        ahead=position[at[:, None] + np.array(HORIZONS)],
        last=known & (position[at + 1] <= 0),
        dates=np.where(known, dates[day[at]], sessions.astype("datetime64[D]")),
        slots=table.bars_per_session,
    )


def slot_sizes(moves: FloatArray, times: Timetable) -> FloatArray:
    """The usual size of each slot as each day begins, against the day's mean; shape (D, P), > 0, 1 where all is new.

    Args:
        moves: Sizes of N symbols of one exchange, shape (N, T), >= 0; NaN where there is none.
        times: Where the T stand.
    """
    n_days = int(times.day.max(initial=-1)) + 1
    shape = n_days, max(times.slots, int(times.position.max(initial=-1)) + 1)
    n, t = np.nonzero(np.isfinite(moves) & (times.position >= 0))
    of_day = n * n_days + times.day[t]
    total = np.bincount(of_day, moves[n, t], len(moves) * n_days)
    mean = (total / np.maximum(np.bincount(of_day, minlength=len(total)), 1))[of_day]
    moved = mean > 0.0
    roots = np.sqrt(moves[n, t][moved] / mean[moved])
    sums, counts = np.zeros(shape), np.zeros(shape)
    place = times.day[t][moved], times.position[t][moved]
    np.add.at(sums, place, roots)
    np.add.at(counts, place, 1.0)
    sums, counts = _of_days_before(sums), _of_days_before(counts)
    level = sums.sum(axis=1, keepdims=True) / np.maximum(counts.sum(axis=1, keepdims=True), 1.0)
    level = np.where(level > 0.0, level, 1.0)
    usual = (sums + PRIOR * level) / (counts + PRIOR) / level
    sizes: FloatArray = np.maximum(usual**2, LEAST)
    return sizes


def in_market_time(bars: BarMatrix, times: Mapping[str, Timetable]) -> tuple[BarMatrix, FloatArray]:
    """The bars with every slot as loud as the others, and how loud the slots ahead are.

    Each bar begins where the one before it ended, so that the night, and whatever else lies between two bars, belongs
    to the slot it ends in. Traded closes stay as they are.

    Args:
        bars: As they came.
        times: By exchange, the timetable of `bars.sessions`.

    Returns:
        The bars, and the root mean square of the sizes of the next h slots, shape (N, T, H).
    """
    before = np.concatenate([bars.open[:, :1], bars.close[:, :-1]], axis=1)
    money = np.where(bars.volume > 0.0, bars.volume * bars.traded_close, np.nan)
    size, volume_size = np.ones(bars.close.shape), np.ones(bars.close.shape)
    widths = np.ones((*bars.on_sessions(before).shape, len(HORIZONS)))
    moves, amounts = (bars.on_sessions(x) for x in (np.abs(np.log(bars.close / before)), money))
    for exchange, when in times.items():
        members = np.array([e == exchange for e in bars.exchanges])
        sizes = slot_sizes(moves[members], when)
        size[members] = _of_bars(sizes, when, bars.place[members])
        volume_size[members] = _of_bars(slot_sizes(amounts[members], when), when, bars.place[members])
        ahead = np.where(when.ahead >= 0, sizes[when.day[:, None], when.ahead], 1.0) if len(sizes) else 1.0
        widths[members] = np.sqrt(np.cumsum(ahead**2 * np.ones(when.ahead.shape), axis=1) / np.array(HORIZONS))
    steps = np.log(bars.close / before) / size
    log_close = np.log(bars.open[:, :1]) + np.cumsum(steps, axis=1)
    log_open = log_close - steps
    return replace(
        bars,
        open=np.exp(log_open),
        high=np.exp(log_open + np.maximum(np.log(bars.high / before), 0.0) / size),
        low=np.exp(log_open + np.minimum(np.log(bars.low / before), 0.0) / size),
        close=np.exp(log_close),
        volume=bars.volume / volume_size,
    ), widths


def _of_days_before(values: FloatArray) -> FloatArray:
    """Sums over the `DAYS` days before each, summed afresh so that nothing older is carried along; shape (D, P)."""
    total = np.zeros_like(values)
    for age in range(1, min(DAYS, len(values) - 1) + 1):
        total[age:] += values[:-age]
    return total


def _of_bars(sizes: FloatArray, times: Timetable, place: IntArray) -> FloatArray:
    """Sizes at the session indices `place`, shape (N, L); 1 where there is no bar or no slot."""
    day, position = (np.append(x, -1)[place] for x in (times.day, times.position))
    found = np.ones(place.shape)
    found[position >= 0] = sizes[day[position >= 0], position[position >= 0]]
    return found


def _seconds(moments: Sequence[datetime]) -> npt.NDArray[np.datetime64]:
    return np.array([int(moment.timestamp()) for moment in moments], dtype=np.int64).astype("datetime64[s]")
