"""The HTTP session that yfinance is given: it caps, paces and, when Yahoo is in trouble, refuses requests.

yfinance itself never backs off: a single "too many requests" makes it send more of them, and a hung network holds it
for minutes. Here every request passes a breaker (open after one HTTP 429, or after two failures with no good answer
between), a token bucket and a cap on its time. An open breaker answers at once, with the time of the next try.
"""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

from curl_cffi.requests import Response, Session
from curl_cffi.requests.exceptions import RequestException, Timeout

from forecasting.data.sources.yahoo_errors import classify, from_status
from forecasting.domain.clock import Clock
from forecasting.domain.snapshot import Health, SourceHealth
from forecasting.errors import SourceError, SourceRateLimited

_FIRST_PAUSE_S = 15.0
_FIRST_PAUSE_RATE_LIMITED_S = 60.0
_LONGEST_PAUSE_S = 900.0
# These only hand out cookies, and privacy filters often block them; prices come without. A time-out counts even
# here: it is what a hung network looks like.
_COOKIE_HOSTS = frozenset({"fc.yahoo.com", "guce.yahoo.com", "consent.yahoo.com"})


class CircuitBreaker:
    """Counts failures; open, it refuses everything until the time of the next try. Thread-safe.

    Pauses double from one opening to the next, up to a quarter of an hour, give or take a fifth by chance so that many
    clients do not come back at once. Only a good answer resets them.
    """

    def __init__(self, clock: Clock, *, chance: Callable[[float, float], float] = random.uniform) -> None:
        self._clock, self._chance = clock, chance
        self._lock = threading.RLock()
        self._failures = 0                       # since the last good answer
        self._openings = 0                       # since the last good answer
        self._cause: SourceError | None = None   # newest failure since the last good answer
        self._since: datetime | None = None      # of the first failure since the last good answer
        self._retry_at: datetime | None = None
        self.requests = 0
        """Sent since start."""

    def admit(self) -> None:
        """Count one request that is about to be sent.

        Raises:
            SourceError: If the breaker is open; says why and until when.
        """
        with self._lock:
            if self._retry_at is not None and self._clock.now() < self._retry_at:
                raise self._refusal(self._retry_at)
            self.requests += 1

    def failed(self, cause: SourceError, *, retry_after_s: float = 0.0) -> None:
        """Note a failure; `retry_after_s` is what the server asked for, if anything.

        Raises:
            SourceError: If this failure opens the breaker; says why and until when.
        """
        with self._lock:
            now = self._clock.now()
            self._failures += 1
            self._cause, self._since = cause, self._since or now
            limited = isinstance(cause, SourceRateLimited)
            if not limited and self._failures < 2 and not self._openings:
                return
            pause = _FIRST_PAUSE_RATE_LIMITED_S if limited else _FIRST_PAUSE_S
            pause = min(pause * 2.0**self._openings, _LONGEST_PAUSE_S) * self._chance(0.8, 1.2)
            self._retry_at = now + timedelta(seconds=max(pause, retry_after_s))
            self._openings += 1
            raise self._refusal(self._retry_at)

    def succeeded(self) -> None:
        """Note a good answer: usable data, not just any response."""
        with self._lock:
            self._failures = self._openings = 0
            self._cause = self._since = self._retry_at = None

    def health(self, name: str) -> SourceHealth:
        """What is wrong, since when, and when it is tried again."""
        with self._lock:
            if self._cause is None:
                return SourceHealth(name, Health.OK, "ok", requests=self.requests)
            health = Health.LATE if self._retry_at is None else Health.FAILED
            message = str(self._cause if self._retry_at is None else self._refusal(self._retry_at))
            return SourceHealth(name, health, message, self._since, self._retry_at, self.requests)

    def _refusal(self, retry_at: datetime) -> SourceError:
        assert self._cause is not None   # an open breaker has one
        message = f"{str(self._cause).partition(';')[0]}; next try at {retry_at:%H:%M:%S} UTC"
        if isinstance(self._cause, SourceRateLimited):
            return SourceRateLimited(message, retry_at=retry_at)
        return type(self._cause)(message)


class TokenBucket:
    """Lets `per_second` requests through on average, that many at once. Thread-safe."""

    def __init__(self, per_second: float) -> None:
        self._per_second = per_second
        self._lock = threading.Lock()
        self._tokens, self._at = per_second, time.monotonic()

    def take(self) -> None:
        """Wait for the next token."""
        with self._lock:
            now = time.monotonic()
            self._tokens = min(self._tokens + (now - self._at) * self._per_second, self._per_second) - 1.0
            self._at = now
            wait = -self._tokens / self._per_second
        if wait > 0.0:
            time.sleep(wait)


class GuardedSession(Session[Response]):
    """A curl session that looks like a browser, behind breaker, bucket and cap."""

    def __init__(self, breaker: CircuitBreaker, bucket: TokenBucket, *, cap_s: float) -> None:
        super().__init__(impersonate="chrome")
        self._breaker, self._bucket, self._cap_s = breaker, bucket, cap_s

    def request(self, method: Any, url: str, *args: Any, **options: Any) -> Response:
        """Send one request, or refuse to.

        Raises:
            SourceError: If the breaker is open, or opens over this request.
            RequestException: What curl says otherwise.
        """
        self._breaker.admit()    # before the bucket: a refusal comes at once
        self._bucket.take()
        asked = options.get("timeout")
        options["timeout"] = min(float(asked), self._cap_s) if isinstance(asked, int | float) else self._cap_s
        host = urlsplit(url).hostname or url
        try:
            response = super().request(method, url, *args, **options)
        except RequestException as error:
            if host not in _COOKIE_HOSTS or isinstance(error, Timeout):
                cause = classify(error, host)
                if isinstance(cause, SourceError):
                    self._breaker.failed(cause)
            raise
        if host not in _COOKIE_HOSTS and (response.status_code == 429 or response.status_code >= 500):
            retry_after_s = _seconds(response.headers.get("Retry-After"))
            self._breaker.failed(from_status(response.status_code, host), retry_after_s=retry_after_s)
        return response


def _seconds(retry_after: str | None) -> float:
    """The Retry-After header in seconds, never more than an hour; 0 if absent or a date."""
    return min(float(retry_after), 3600.0) if retry_after is not None and retry_after.isdecimal() else 0.0
