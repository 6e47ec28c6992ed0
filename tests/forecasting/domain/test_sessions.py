from datetime import UTC, date, datetime

import pytest

from forecasting.domain.market import SessionState, parse_symbol
from forecasting.domain.sessions import Session, SessionTable
from forecasting.errors import SymbolError

# The day before Thanksgiving 2025, the half day after it, and the Monday that follows.
TABLE = SessionTable(
    "XNYS",
    (
        Session(date(2025, 11, 26), datetime(2025, 11, 26, 14, 30, tzinfo=UTC), datetime(2025, 11, 26, 21, tzinfo=UTC)),
        Session(date(2025, 11, 28), datetime(2025, 11, 28, 14, 30, tzinfo=UTC), datetime(2025, 11, 28, 18, tzinfo=UTC)),
        Session(date(2025, 12, 1), datetime(2025, 12, 1, 14, 30, tzinfo=UTC), datetime(2025, 12, 1, 21, tzinfo=UTC)),
    ),
)


def at(day: int, hour: int, minute: int = 0) -> datetime:
    return datetime(2025, 11, day, hour, minute, tzinfo=UTC)


@pytest.mark.parametrize(
    ("now", "state"),
    [
        (at(26, 15), SessionState.OPEN),
        (at(26, 21), SessionState.POST),
        (at(27, 15), SessionState.CLOSED),   # Thanksgiving
        (at(28, 9), SessionState.PRE),
        (at(28, 17, 59), SessionState.OPEN),
        (at(28, 18), SessionState.POST),     # the half day has ended
        (at(30, 15), SessionState.CLOSED),
    ],
)
def test_state_follows_holidays_and_half_days(now: datetime, state: SessionState) -> None:
    assert TABLE.state(now) is state


def test_the_session_after_wednesday_is_friday_and_then_monday() -> None:
    assert [s.session.day for s in TABLE.after(date(2025, 11, 26), 5)] == [28, 1]
    assert [s.session.day for s in TABLE.after(date(2025, 11, 27), 1)] == [28]


def test_last_closed_is_not_the_running_session() -> None:
    running = TABLE.last_closed(at(28, 17, 59))
    ended = TABLE.last_closed(at(28, 18))
    assert running is not None
    assert ended is not None
    assert (running.session.day, ended.session.day) == (26, 28)


def test_a_table_that_has_not_begun_knows_nothing() -> None:
    assert TABLE.last_closed(at(1, 0)) is None
    assert TABLE.current(at(1, 0)) is None
    assert TABLE.get(date(2025, 11, 27)) is None


@pytest.mark.parametrize(
    ("typed", "meant"), [(" nvda ", "NVDA"), ("brk.b", "BRK-B"), ("^gspc", "^GSPC"), ("vod.l", "VOD.L")]
)
def test_a_symbol_is_read_as_it_was_meant(typed: str, meant: str) -> None:
    assert parse_symbol(typed) == meant


@pytest.mark.parametrize("text", ["", "A B", "../x", "AAPL?range=max", "A\x1b[2J", "TOOLONGTOBEASYMBOL", "A..B"])
def test_what_cannot_be_a_symbol_is_refused_without_echoing_controls(text: str) -> None:
    with pytest.raises(SymbolError) as caught:
        parse_symbol(text)
    assert str(caught.value).isprintable()


def test_the_last_day_there_is_never_closes() -> None:
    assert SessionTable("XNYS", ()).close_of(date.max) == datetime.max.replace(tzinfo=UTC)
