"""What is not taken is offered again: ever more rarely, all together, and not for ever."""

from __future__ import annotations

from datetime import datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from forecasting.trading.sinks.retries import JITTER, PAUSES, Retries
from tests.support.alerts import FIRED, alert, notice

DAY = timedelta(days=1)
ONE = alert(1)


def made(chance: float = 0.0) -> Retries:
    return Retries(DAY, lambda: chance)


def rounds(retries: Retries, since: datetime = FIRED) -> list[float]:
    """Minutes after `since` at which a sink that never takes it is offered the one alert."""
    now, tried = since, []
    while True:
        tried.append((now - since).total_seconds() / 60)
        due, kept, dropped = retries.put([ONE], now, 0.0)
        if not kept:
            assert dropped == [ONE]
            return tried
        assert retries.release(due - timedelta(microseconds=1)) == []
        assert retries.release(due) == [ONE]
        now = due


def test_the_pauses_grow_to_an_hour_and_a_day_later_it_is_given_up() -> None:
    tried = rounds(made())
    assert tried[:6] == [0, 1, 6, 21, 81, 141]
    assert (len(tried), tried[-1]) == (28, 24 * 60 + 21)
    assert rounds(made(0.5))[:4] == [0, 1.1, 6.6, 23.1]      # by chance a little longer


def test_all_that_fails_in_one_round_is_due_together_and_is_one_round() -> None:
    retries = made()
    due = retries.put([ONE], FIRED, 0.0)[0]
    assert retries.put([alert(2), notice(1)], FIRED + timedelta(seconds=40), 0.0)[0] == due
    assert retries.release(due) == [ONE, alert(2), notice(1)]
    assert retries.put([ONE], due, 0.0)[0] == due + PAUSES[1]
    assert retries.put([alert(2)], due + timedelta(seconds=10), 0.0)[0] == due + PAUSES[1]


def test_a_sink_that_takes_anything_is_offered_the_rest_at_once_and_begins_anew() -> None:
    retries = made()
    for _ in range(4):
        due = retries.put([ONE], FIRED, 0.0)[0]
        retries.release(due)
    retries.put([ONE], due, 0.0)
    assert (retries.in_trouble, retries.release(due)) == (True, [])
    retries.taken(due)
    assert (retries.in_trouble, retries.release(due)) == (False, [ONE])
    assert retries.put([ONE], due, 0.0)[0] == due + PAUSES[0]


def test_who_asks_to_be_left_alone_is_for_so_long() -> None:
    retries = made()
    assert retries.put([ONE], FIRED, 600.0)[0] == FIRED + timedelta(minutes=10)
    assert [retries.alone_s(FIRED + timedelta(seconds=s)) for s in (0, 595, 600)] == [30.0, 5.0, 0.0]
    assert retries.put([alert(2)], FIRED, 0.0)[0] == FIRED + timedelta(minutes=10)
    assert made().alone_s(FIRED) == 0.0


def test_what_is_too_old_is_given_up_and_the_rest_is_kept() -> None:
    old, young = alert(1), alert(2, fired_at=FIRED + timedelta(hours=23))
    retries = made()
    due, kept, dropped = retries.put([old, young], FIRED + DAY, 0.0)
    assert (kept, dropped) == ([young], [old])
    assert retries.release(due) == [young]


def test_a_clock_that_was_set_back_holds_nothing_up() -> None:
    retries = made()
    retries.put([ONE], FIRED, 0.0)
    before = FIRED - timedelta(days=30)
    assert (retries.wait_s(before), retries.alone_s(before)) == (0.0, 0.0)
    assert retries.release(before) == [ONE]
    assert retries.put([ONE], before, 0.0)[0] == before + PAUSES[1]


@given(st.lists(st.tuples(st.floats(0.0, 4000.0), st.booleans(), st.floats(0.0, 1.0)), max_size=60))
def test_nothing_is_lost_and_no_pause_is_longer_than_an_hour_and_its_chance(
    happened: list[tuple[float, bool, float]]
) -> None:
    chances = iter([chance for *_, chance in happened] + [0.0] * 100)
    retries, now, offered = Retries(timedelta(days=9), lambda: next(chances)), FIRED, set(range(1, 4))
    retries.put([alert(i) for i in offered], now, 0.0)
    for after, well, _ in happened:
        now += timedelta(seconds=after)
        if well:
            retries.taken(now)
        due = retries.release(now)
        assert not due or {item.id for item in due} == offered
        if due:
            assert retries.put(due, now, 0.0)[0] - now <= PAUSES[-1] * (1 + JITTER)
    retries.taken(now)
    assert {item.id for item in retries.release(now)} == offered
