"""How dates and times are written in the store: ISO text of fixed width, which sorts as it reads."""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import UTC, date, datetime

END_OF_TIME = date.max.isoformat()
"""Later than every session: stands for "no upper limit" in a query."""


def time_text(moment: datetime) -> str:
    """`moment` in UTC with microseconds.

    Raises:
        ValueError: If it carries no time zone.
    """
    if moment.tzinfo is None:
        raise ValueError(f"the store keeps aware times, got {moment!r}")
    return moment.astimezone(UTC).isoformat(timespec="microseconds")


def optional_time(text: str | None) -> datetime | None:
    """The time in a column that may be NULL."""
    return None if text is None else datetime.fromisoformat(text)


def until_text(until: date | None) -> str:
    """Upper limit of a range of sessions; None is no limit."""
    return END_OF_TIME if until is None else until.isoformat()


def json_list(values: Iterable[str | int]) -> str:
    """`values` as one query parameter for `json_each`: no limit on their number, no text pasted into SQL."""
    return json.dumps(list(values))
