"""When Yahoo is asked nothing, and for how long."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from forecasting.data.sources.yahoo_breaker import CircuitBreaker, Lane
from forecasting.domain.clock import FrozenClock
from forecasting.domain.snapshot import Health
from forecasting.errors import SourceBroken, SourceError, SourceOffline, SourceRateLimited

NOON = datetime(2026, 3, 4, 12, 0, tzinfo=UTC)
LIMITED = SourceRateLimited("yahoo: quotes: asked for fewer requests (HTTP 429)")
BROKEN = SourceBroken("yahoo: quotes: server error (HTTP 500); it is asked again later")
QUOTES, HISTORY = Lane.QUOTES, Lane.HISTORY


@pytest.fixture
def clock() -> FrozenClock:
    return FrozenClock(NOON)


@pytest.fixture
def breaker(clock: FrozenClock) -> CircuitBreaker:
    return CircuitBreaker(clock, chance=lambda low, high: low)


def retry_at(breaker: CircuitBreaker) -> datetime:
    moment = breaker.health("yahoo").retry_at
    assert moment is not None
    return moment


def test_one_server_error_is_forgiven_and_the_second_opens(breaker: CircuitBreaker) -> None:
    assert breaker.failed(QUOTES, BROKEN) is BROKEN
    breaker.admit(QUOTES)
    assert breaker.health("yahoo").health is Health.LATE
    assert str(breaker.failed(QUOTES, BROKEN)) == "yahoo: quotes: server error (HTTP 500); next try at 12:00:20 UTC"
    with pytest.raises(SourceBroken, match="next try at 12:00:20 UTC"):
        breaker.admit(QUOTES)
    assert breaker.requests == 1


def test_a_good_answer_between_two_errors_keeps_it_closed(breaker: CircuitBreaker) -> None:
    for _ in range(3):
        breaker.failed(QUOTES, BROKEN)
        breaker.succeeded(QUOTES)
    assert breaker.health("yahoo").health is Health.OK


@pytest.mark.parametrize(
    ("cause", "expected"),
    [(LIMITED, [40, 80, 160, 300, 300]), (BROKEN, [20, 40, 80, 160, 300])],
)
def test_pauses_double_up_to_five_minutes_and_a_good_answer_resets_them(
    breaker: CircuitBreaker, clock: FrozenClock, cause: SourceError, expected: list[int]
) -> None:
    breaker.failed(QUOTES, BROKEN)
    pauses = []
    for _ in expected:
        breaker.failed(QUOTES, cause)
        pauses.append((retry_at(breaker) - clock.now()).total_seconds())
        clock.set(retry_at(breaker))
        breaker.admit(QUOTES)
    assert pauses == expected
    assert breaker.health("yahoo").since == NOON
    breaker.succeeded(QUOTES)
    breaker.failed(QUOTES, LIMITED)
    assert retry_at(breaker) == clock.now() + timedelta(seconds=40)


def test_after_a_pause_the_first_failure_opens_again(breaker: CircuitBreaker, clock: FrozenClock) -> None:
    breaker.failed(QUOTES, BROKEN)
    breaker.failed(QUOTES, BROKEN)
    clock.set(NOON + timedelta(seconds=20))
    breaker.admit(QUOTES)
    again = breaker.failed(QUOTES, SourceOffline("yahoo: quotes: no answer; check the network"))
    assert str(again) == "yahoo: quotes: no answer; next try at 12:01:00 UTC"


def test_a_longer_pause_that_the_server_names_is_kept(breaker: CircuitBreaker) -> None:
    assert "next try at 12:05:00" in str(breaker.failed(QUOTES, LIMITED, retry_after_s=300.0))


def test_chance_puts_the_next_try_off_by_up_to_a_quarter(clock: FrozenClock) -> None:
    breaker = CircuitBreaker(clock, chance=lambda low, high: high)
    assert "next try at 12:00:50" in str(breaker.failed(QUOTES, LIMITED))


def test_a_probe_sends_two_requests_and_no_third_while_none_is_answered_well(
    breaker: CircuitBreaker, clock: FrozenClock
) -> None:
    breaker.failed(QUOTES, LIMITED)
    clock.set(retry_at(breaker))
    breaker.admit(QUOTES)
    breaker.admit(QUOTES)
    with pytest.raises(SourceRateLimited):
        breaker.admit(QUOTES)
    assert retry_at(breaker) - clock.now() == timedelta(seconds=80)


def test_a_cookie_and_a_crumb_that_came_do_not_use_up_a_probe(breaker: CircuitBreaker, clock: FrozenClock) -> None:
    breaker.failed(QUOTES, LIMITED)
    clock.set(retry_at(breaker))
    for _ in range(2):
        breaker.admit(QUOTES)
        breaker.answered(QUOTES)
    breaker.admit(QUOTES)
    breaker.succeeded(QUOTES)
    assert breaker.health("yahoo").health is Health.OK


def test_the_more_requests_a_probe_took_the_longer_the_next_pause(breaker: CircuitBreaker, clock: FrozenClock) -> None:
    breaker.failed(QUOTES, BROKEN)
    breaker.failed(QUOTES, BROKEN)
    clock.set(retry_at(breaker))
    breaker.admit(QUOTES)
    breaker.redirected(QUOTES, 3)
    breaker.failed(QUOTES, BROKEN)
    assert retry_at(breaker) - clock.now() == timedelta(seconds=120), "four requests: two minutes"


def test_no_fault_costs_more_than_two_requests_in_any_minute_while_open(
    breaker: CircuitBreaker, clock: FrozenClock
) -> None:
    breaker.failed(QUOTES, BROKEN)
    breaker.failed(QUOTES, BROKEN)
    sent: list[datetime] = []
    while clock.now() < NOON + timedelta(minutes=20):
        clock.set(clock.now() + timedelta(seconds=1))
        for lane in (QUOTES, HISTORY, QUOTES):
            try:
                breaker.admit(lane)
            except SourceError:
                continue
            sent.append(clock.now())
            breaker.failed(lane, BROKEN)
    assert len(sent) >= 5
    assert max(sum(s <= other < s + timedelta(minutes=1) for other in sent) for s in sent) <= 2


def test_charts_in_trouble_leave_quotes_alone(breaker: CircuitBreaker) -> None:
    breaker.failed(HISTORY, BROKEN)
    breaker.failed(HISTORY, BROKEN)
    with pytest.raises(SourceBroken):
        breaker.admit(HISTORY)
    breaker.admit(QUOTES)
    breaker.succeeded(QUOTES)
    health = breaker.health("yahoo")
    assert (health.health, health.retry_at) == (Health.LATE, NOON + timedelta(seconds=20))


def test_a_chart_s_rate_limit_holds_quotes_as_well(breaker: CircuitBreaker, clock: FrozenClock) -> None:
    breaker.failed(HISTORY, LIMITED)
    with pytest.raises(SourceRateLimited, match="next try at 12:00:40"):
        breaker.admit(QUOTES)
    clock.set(NOON + timedelta(seconds=40))
    breaker.admit(QUOTES)
    breaker.succeeded(QUOTES)
    breaker.admit(HISTORY)
    assert "next try at 12:02:00" in str(breaker.failed(HISTORY, LIMITED)), "charts have not been answered since"


def test_quotes_in_trouble_keep_charts_from_being_asked(breaker: CircuitBreaker) -> None:
    breaker.failed(QUOTES, LIMITED)
    with pytest.raises(SourceRateLimited):
        breaker.admit(HISTORY)


def test_a_clock_that_was_set_back_does_not_prolong_a_pause(breaker: CircuitBreaker, clock: FrozenClock) -> None:
    breaker.failed(QUOTES, LIMITED)
    clock.set(NOON - timedelta(hours=3))
    breaker.admit(QUOTES)
