from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta

import pytest

from forecasting.data.sources.yahoo_session import CircuitBreaker, TokenBucket
from forecasting.domain.clock import FrozenClock
from forecasting.domain.snapshot import Health
from forecasting.errors import SourceBroken, SourceOffline, SourceRateLimited

NOON = datetime(2026, 3, 4, 12, 0, tzinfo=UTC)
LIMITED = SourceRateLimited("yahoo: quotes: asked for fewer requests (HTTP 429)")
BROKEN = SourceBroken("yahoo: quotes: server error (HTTP 500); it is asked again later")


@pytest.fixture
def clock() -> FrozenClock:
    return FrozenClock(NOON)


@pytest.fixture
def breaker(clock: FrozenClock) -> CircuitBreaker:
    return CircuitBreaker(clock, chance=lambda low, high: 1.0)


def test_one_server_error_is_forgiven_and_the_second_opens(breaker: CircuitBreaker) -> None:
    breaker.failed(BROKEN)
    breaker.admit()
    assert breaker.health("yahoo").health is Health.LATE
    with pytest.raises(SourceBroken, match=r"server error \(HTTP 500\); next try at 12:00:15 UTC"):
        breaker.failed(BROKEN)
    with pytest.raises(SourceBroken, match="next try at 12:00:15 UTC"):
        breaker.admit()
    assert breaker.requests == 1


def test_a_good_answer_between_two_errors_keeps_it_closed(breaker: CircuitBreaker) -> None:
    for _ in range(3):
        breaker.failed(BROKEN)
        breaker.succeeded()
    assert breaker.health("yahoo").health is Health.OK


def test_pauses_double_until_a_quarter_of_an_hour_and_a_good_answer_resets_them(
    breaker: CircuitBreaker, clock: FrozenClock
) -> None:
    pauses = []
    for _ in range(6):
        with pytest.raises(SourceRateLimited) as limited:
            breaker.failed(LIMITED)
        assert limited.value.retry_at is not None
        pauses.append((limited.value.retry_at - clock.now()).total_seconds())
        clock.set(limited.value.retry_at)
        breaker.admit()
    assert pauses == [60, 120, 240, 480, 900, 900]
    assert breaker.health("yahoo").since == NOON
    breaker.succeeded()
    with pytest.raises(SourceRateLimited):
        breaker.failed(LIMITED)
    assert breaker.health("yahoo").retry_at == clock.now() + timedelta(seconds=60)


def test_after_a_pause_the_first_failure_opens_again(breaker: CircuitBreaker, clock: FrozenClock) -> None:
    breaker.failed(BROKEN)
    with pytest.raises(SourceBroken):
        breaker.failed(BROKEN)
    clock.set(NOON + timedelta(seconds=15))
    breaker.admit()
    with pytest.raises(SourceOffline, match="next try at 12:00:45 UTC"):
        breaker.failed(SourceOffline("yahoo: quotes: no answer; check the network"))


def test_a_longer_pause_that_the_server_names_is_kept(breaker: CircuitBreaker) -> None:
    with pytest.raises(SourceRateLimited, match="next try at 12:05:00"):
        breaker.failed(LIMITED, retry_after_s=300.0)


def test_chance_spreads_the_next_try_by_a_fifth(clock: FrozenClock) -> None:
    breaker = CircuitBreaker(clock, chance=lambda low, high: high)
    with pytest.raises(SourceRateLimited, match="next try at 12:01:12"):
        breaker.failed(LIMITED)


def test_the_bucket_lets_a_burst_through_and_then_paces() -> None:
    bucket = TokenBucket(per_second=50.0)
    started = time.monotonic()
    for _ in range(50):
        bucket.take()
    burst = time.monotonic() - started
    for _ in range(5):
        bucket.take()
    assert burst < 0.5
    assert time.monotonic() - started >= 0.09
