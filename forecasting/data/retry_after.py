"""How long a server asks to be left alone: the Retry-After header (RFC 9110, section 10.2.3)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

_LONGEST_WAIT_S = 3600.0


def wait_asked_for(headers: Mapping[str, str | None]) -> float:
    """Seconds that the Retry-After header asks for, from 0 to an hour; 0 where it says nothing that can be read.

    A date is counted from the answer's own Date: the clocks of two machines may be hours apart.
    """
    said = headers.get("Retry-After") or ""
    if said.isdecimal():
        return min(float(said), _LONGEST_WAIT_S)
    try:
        until = parsedate_to_datetime(said)
        answered = parsedate_to_datetime(headers["Date"] or "") if "Date" in headers else datetime.now(UTC)
        return min(max((until - answered).total_seconds(), 0.0), _LONGEST_WAIT_S)
    except (ValueError, TypeError, OverflowError):      # no date; one with a zone, the other without
        return 0.0
