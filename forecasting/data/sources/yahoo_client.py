"""yfinance as this project uses it: for its cookie, its crumb and its looks, quietened, over one guarded session.

yfinance's own readers of quotes and charts are not used: they turn an outage into an empty frame, keep bad answers, ask
for a symbol's time zone first, and lose a whole history over one cell. yfinance is imported at the first question,
since it pulls pandas.
"""

from __future__ import annotations

import logging
import threading
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from forecasting.data.sources.yahoo_breaker import CircuitBreaker, Lane
from forecasting.data.sources.yahoo_memory import CircuitMemory
from forecasting.domain.clock import Clock
from forecasting.domain.snapshot import Budget, SourceHealth
from forecasting.errors import DataError, SourceBroken, SourceError, SourceRefused

if TYPE_CHECKING:
    from forecasting.data.sources.yahoo_session import GuardedSession, TokenBucket

_SENSELESS = 5      # symbols in a row whose charts are of no use: that is none of the symbols' fault


class YahooClient:
    """Asks Yahoo for JSON; everything that goes wrong comes out as an error of ours and is counted. Thread-safe."""

    def __init__(self, *, cache_dir: Path, clock: Clock, cap_s: float, per_second: float) -> None:
        """Prepare; see `YahooSource`. `clock` is the machine's."""
        self._cache_dir, self._cap_s, self._per_second = cache_dir, cap_s, per_second
        self._breaker = CircuitBreaker(clock, memory=CircuitMemory(cache_dir))
        self._session: GuardedSession | None = None
        self._bucket: TokenBucket | None = None
        self._connecting = threading.Lock()
        self._cookies = _CookieMemory()
        self._senseless: set[str] = set()      # symbols whose charts could not be used, since the last one that could

    def health(self, name: str) -> SourceHealth:
        """Why nothing is asked and until when, or ok; requests sent, and what may be."""
        tokens = self._per_second if self._bucket is None else self._bucket.tokens
        breaker = self._breaker
        budget = Budget(self._per_second, tokens, breaker.last_minute(), breaker.circuits())
        return replace(breaker.health(name), budget=budget)

    def get_json(self, url: str, **params: object) -> Any:
        """The answer to one GET, to be asked for inside `talking`."""
        from yfinance.data import YfData

        return YfData(session=self._connect()).get_raw_json(url, params=params, timeout=self._cap_s)

    @contextmanager
    def talking(self, asked: str, lane: Lane) -> Iterator[None]:
        """A conversation: one question, and the reading of its answer.

        Args:
            asked: What is asked for, for messages.
            lane: Whom an answer concerns that makes no sense: every symbol, or the one whose history is asked for,
                unless those of several in a row do not.

        Raises:
            SourceError: If Yahoo as a whole is concerned.
            DataError: If one symbol's answer is.
        """
        self._connect()
        from curl_cffi.requests.exceptions import HTTPError, RequestException

        from forecasting.data.sources.yahoo_errors import SaidNo, classify

        try:
            yield
        except Exception as error:
            known = classify(error, asked)
            if isinstance(known, DataError) and not isinstance(known, SaidNo) and self._concerns_all(lane, asked):
                known = SourceBroken(f"yahoo: {known}")
            if isinstance(known, SourceRefused):
                self._forget_crumb()
            if isinstance(known, SaidNo):
                self._breaker.succeeded(lane)    # an answer as good as any
            if known is error:
                raise
            # The session has counted what curl raised; a status that is no server error is only judged here.
            judged_here = type(error) is HTTPError and not error.code
            if isinstance(known, SourceError) and (judged_here or not isinstance(error, RequestException)):
                known = self._breaker.failed(lane, known)
            raise known from error
        if lane is Lane.HISTORY:
            self._senseless.clear()
        self._breaker.succeeded(lane)

    def _concerns_all(self, lane: Lane, asked: str) -> bool:
        """Whether an answer of no use concerns all symbols: one with quotes does, and charts of one after another."""
        if lane is Lane.HISTORY:
            self._senseless.add(asked)
        return lane is Lane.QUOTES or (lane is Lane.HISTORY and len(self._senseless) >= _SENSELESS)

    def _connect(self) -> GuardedSession:
        """The guarded session, made at the first question."""
        with self._connecting:      # a tick and a search may both be the first: two buckets would be twice the budget
            if self._session is None:
                self._session = self._open()
            return self._session

    def _open(self) -> GuardedSession:
        """Load yfinance, quieten it and give it the guarded session."""
        import yfinance
        from yfinance import cache
        from yfinance.data import YfData

        from forecasting.data.sources.yahoo_session import GuardedSession, TokenBucket

        warnings.filterwarnings("ignore", module="^yfinance")   # after the import, which adds a filter of its own
        logger = logging.getLogger("yfinance")
        logger.addHandler(logging.NullHandler())
        logger.propagate = False                                # its error lines may carry whole HTML pages
        with suppress(OSError):      # a disk that takes nothing: yfinance does without
            self._cache_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
        yfinance.set_tz_cache_location(str(self._cache_dir))
        cache._CookieCacheManager._Cookie_cache = self._cookies
        self._bucket = TokenBucket(self._per_second)
        session = GuardedSession(self._breaker, self._bucket, cap_s=self._cap_s)
        YfData(session=session)
        return session

    def _forget_crumb(self) -> None:
        """Have the next question fetch a new crumb, after a first refusal with a new cookie too.

        yfinance would ask with a refused crumb for ever: it is kept from changing its kind of cookie again and again.
        """
        from yfinance.data import YfData

        data = YfData(session=self._connect())
        data._crumb = None
        if not self._breaker.doubts(Lane.QUOTES):
            data._cookie = None
            self._cookies.store("", None)


class _CookieMemory:
    """Yahoo's cookie while the process lives. yfinance's own keeps it on disk, pickled."""

    def __init__(self) -> None:
        self._kept: dict[str, Any] = {}

    def lookup(self, strategy: str) -> dict[str, Any] | None:
        """The cookie, in the form yfinance wants."""
        return {"cookie": self._kept} if self._kept else None

    def store(self, strategy: str, cookie: dict[str, Any] | None) -> None:
        """Keep a cookie, or none."""
        self._kept = cookie or {}
