"""Where a session stands in the calendar: all of it known long before the session.

The gap to the next session comes from the exchange's timetable, never from the next bar's date, which nobody knows at
the close. Without a timetable, or past its end, the next weekday stands in (the next day where trading never stops).
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from forecasting.domain.sessions import SessionTable
from forecasting.features.diurnal import Timetable
from forecasting.features.panel import FloatArray

ALWAYS_OPEN = "24/7"

Days = npt.NDArray[np.datetime64]


def next_sessions(days: Days, exchange: str, table: SessionTable | None = None) -> Days:
    """The exchange's first session after each of `days`, shape (T,)."""
    following: Days = days + 1 if exchange == ALWAYS_OPEN else np.busday_offset(days + 1, 0, roll="forward")
    if table is None or not table.sessions:
        return following
    listed = np.array([s.session for s in table.sessions], dtype="datetime64[D]")
    after = np.searchsorted(listed, days, side="right")
    # A day before the table's first session would find that one, however far away it is.
    covered = (after > 0) & (after < len(listed))
    return np.where(covered, listed[np.minimum(after, len(listed) - 1)], following)


def session_time(days: Days, exchange: str, table: SessionTable | None = None) -> dict[str, FloatArray]:
    """Calendar features of each session, by name, each of shape (T,) and never NaN.

    `log_gap`: log of the calendar days to the next session (0 overnight, log 3 over a weekend);
    `weekday_sin`, `weekday_cos`: the day on the circle of the week; `month_end`: 1 on a month's last session.
    """
    upcoming = next_sessions(days, exchange, table)
    angle = 2.0 * np.pi * ((days.astype(np.int64) + 3) % 7) / 7.0     # 1970-01-01 was a Thursday; Monday is 0
    months = [d.astype("datetime64[M]") for d in (days, upcoming)]
    return {
        "log_gap": np.log((upcoming - days).astype(np.float64)),
        "weekday_sin": np.sin(angle),
        "weekday_cos": np.cos(angle),
        "month_end": (months[0] != months[1]).astype(np.float64),
    }


def slot_time(times: Timetable, exchange: str, table: SessionTable) -> dict[str, FloatArray]:
    """The same features of each slot: its session's, and no gap but after the session's last slot."""
    columns = session_time(times.dates, exchange, table)
    return {**columns, "log_gap": np.where(times.last, columns["log_gap"], 0.0)}
