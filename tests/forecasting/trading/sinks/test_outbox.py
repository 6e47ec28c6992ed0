"""What goes when: single alerts at once, many as one digest, floods waited out, quiet hours kept."""

from __future__ import annotations

from collections import Counter
from datetime import time

from hypothesis import given
from hypothesis import strategies as st

from forecasting.trading.sinks.outbox import MINUTE, SETTLE_S, Outbox
from tests.support.alerts import alert, notice

NOON = time(12)


def taken(box: Outbox, now: float, local: time = NOON) -> list[tuple[int, ...]]:
    """The alerts of each message that goes at `now`."""
    gone = []
    while (message := box.take(now, local)) is not None:
        gone.append(tuple(a.id for a in message.alerts))
    return gone


def filled(*ids: int, rate: int = 10, quiet: tuple[time, time] | None = None) -> Outbox:
    box = Outbox(rate=rate, digest=5, quiet=quiet)
    box.put([alert(i) for i in ids], 0.0)
    return box


def test_a_few_alerts_go_at_once_each_by_itself() -> None:
    box = filled(1, 2, 3, 4)
    assert taken(box, 0.0) == [(1,), (2,), (3,), (4,)]
    assert box.wait_s(0.0, NOON) is None


def test_many_wait_a_moment_for_more_and_go_as_one() -> None:
    box = filled(1, 2, 3, 4, 5)
    assert (taken(box, 0.0), box.wait_s(0.0, NOON)) == ([], SETTLE_S)
    box.put([alert(6)], 1.5)
    assert taken(box, 2.0) == []
    assert taken(box, 3.5) == [(1, 2, 3, 4, 5, 6)]


def test_ten_thousand_in_a_minute_arrive_as_one_digest() -> None:
    box = Outbox(rate=10, digest=5)
    gone = []
    for tick in range(60):
        box.put([alert(tick * 167 + i) for i in range(167)], float(tick))
        gone += taken(box, float(tick))
    gone += taken(box, 60.0) + taken(box, 62.0)
    assert [len(ids) for ids in gone] == [60 * 167]


def test_a_flood_in_gusts_is_two_digests_a_minute_apart() -> None:
    box = filled(*range(2500))
    assert [len(ids) for ids in taken(box, SETTLE_S)] == [2500]
    for gust in (15.0, 30.0, 45.0):
        box.put([alert(i) for i in range(2500)], gust)
        assert taken(box, gust + SETTLE_S) == []
    assert [len(ids) for ids in taken(box, SETTLE_S + MINUTE)] == [7500]


def test_what_is_over_the_rate_waits_and_goes_together() -> None:
    box = filled(1, 2, 3, rate=3)
    assert len(taken(box, 0.0)) == 3
    box.put([alert(4), alert(5)], 10.0)
    assert (taken(box, 10.0), box.wait_s(10.0, NOON)) == ([], 50.0)
    assert taken(box, MINUTE) == [(4,), (5,)]
    box.put([alert(6), alert(7)], 61.0)      # one may go
    assert taken(box, 63.0) == [(6, 7)]


def test_quiet_hours_hold_back_and_end_in_one_digest() -> None:
    box = filled(1, 2, quiet=(time(22), time(7)))
    for local in (time(22), time(23, 59), time(0), time(6, 59)):
        assert taken(box, 100.0, local) == []
        assert box.wait_s(100.0, local) == 30.0
    assert taken(box, 30_000.0, time(7)) == [(1, 2)]
    box.put([alert(3)], 40_000.0)
    assert taken(box, 40_000.0, time(21, 59)) == [(3,)]


def test_quiet_hours_within_a_day() -> None:
    box = filled(1, quiet=(time(12), time(13)))
    assert taken(box, 0.0, time(12, 30)) == []
    assert taken(box, 1800.0, time(13)) == [(1,)]


def test_a_notice_goes_by_itself_and_counts() -> None:
    box = filled(1, 2, rate=2)
    box.put_notices([notice(1)])
    message = box.take(0.0, NOON)
    assert message is not None
    assert (message.title, message.kind) == ("no fresh prices", "notice")
    assert taken(box, 0.0) == []
    assert taken(box, SETTLE_S) == [(1, 2)]      # two, and one may go


def test_notices_of_a_long_outage_go_as_one() -> None:
    box = Outbox(rate=10, digest=5)
    box.put_notices([notice(i, late=True) for i in range(1, 5)])
    assert [m.text for m in iter(lambda: box.take(0.0, NOON), None)] == [
        "none since 14:02 (late: of 2026-03-02 15:31 UTC)"
    ] * 4
    back = notice(10, title="prices are back", text="after 31 minutes", late=True)
    box.put_notices([*(notice(i, late=True) for i in range(5, 10)), back])
    message = box.take(0.0, NOON)
    assert message is not None
    assert (message.title, [n.id for n in message.notices]) == ("6 notices", [5, 6, 7, 8, 9, 10])
    assert message.text == (
        "no fresh prices (5), prices are back (1); newest, of 2026-03-02 15:31 UTC: prices are back, after 31 minutes"
    )
    assert box.wait_s(0.0, NOON) is None


@given(
    st.lists(st.tuples(st.floats(0.0, 50.0), st.integers(1, 12)), min_size=1, max_size=30),
    st.integers(1, 5), st.integers(2, 6), st.booleans(),
)
def test_nothing_is_lost_or_told_twice_and_no_minute_has_more_than_the_rate(
    arrivals: list[tuple[float, int]], rate: int, digest: int, quiet: bool
) -> None:
    box = Outbox(rate=rate, digest=digest, quiet=(time(0), time(0, 5)) if quiet else None)
    now, put, gone = 0.0, 0, []

    def clock() -> time:
        return time(int(now // 3600) % 24, int(now // 60) % 60)

    for after, count in arrivals:
        now += after
        box.put([alert(put + i) for i in range(count)], now)
        put += count
        gone += [(now, ids) for ids in taken(box, now, clock())]
    while (wait := box.wait_s(now, clock())) is not None:
        now += max(wait, 1e-6)      # what is added up in another order may differ by that
        gone += [(now, ids) for ids in taken(box, now, clock())]

    assert Counter(i for _, ids in gone for i in ids) == Counter(range(put))
    assert [i for _, ids in gone for i in ids] == list(range(put))
    for begin, _ in gone:
        assert sum(begin <= at < begin + MINUTE - 1e-3 for at, _ in gone) <= rate
