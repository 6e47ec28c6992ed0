"""The HTTP session that yfinance is given: it caps, paces and, when Yahoo is in trouble, refuses requests.

yfinance itself never backs off: any status of 400 and above makes it change its kind of cookie, fetch another crumb and
ask again, and a hung network holds it for minutes. Here every request passes a breaker, a token bucket and a cap on its
time; an answer that another cookie cannot better (too many requests, a server error, no such symbol) ends as an
exception before yfinance sees it.

For tests, and for nothing else, `$TAPECAST_YAHOO_URL` names a fake Yahoo, `http://127.0.0.1:PORT`. Every request goes
there as plain HTTP the way it would go to a proxy: `https://HOST/path` becomes `GET http://HOST/path`, so hosts and
cookies stay Yahoo's own and no name is resolved. Only this machine is accepted.
"""

from __future__ import annotations

import ipaddress
import json
import os
import threading
import time
from email.utils import parsedate_to_datetime
from http.cookiejar import Cookie
from http.cookies import Morsel, SimpleCookie
from typing import Any
from urllib.parse import unquote, urlsplit

from curl_cffi.curl import CURL_WRITEFUNC_ERROR
from curl_cffi.requests import Response, Session
from curl_cffi.requests.exceptions import IncompleteRead, RequestException, Timeout, TooManyRedirects

from forecasting.data.retry_after import wait_asked_for
from forecasting.data.sources.yahoo_breaker import CircuitBreaker, Lane
from forecasting.data.sources.yahoo_errors import chart_error, classify, from_status
from forecasting.data.text import clean_text
from forecasting.domain.market import Symbol
from forecasting.errors import ConfigError, SourceBroken, SourceError

FAKE_URL = "TAPECAST_YAHOO_URL"
"""The environment variable that names a fake Yahoo."""

_CHARTS = "/v8/finance/chart/"
_CRUMB = "/v1/test/getcrumb"
# These only hand out cookies, and privacy filters often block them; prices may come without. A time-out counts even
# here: it is what a hung network looks like.
_COOKIE_HOSTS = frozenset({"fc.yahoo.com", "guce.yahoo.com", "consent.yahoo.com"})
_SEARCH = "/v1/finance/search"
_LONGEST_ANSWER = 16_000_000    # bytes, unpacked; the chart of an index since 1927 has 3 million
_LONGEST_CRUMB = 60         # characters; real ones have eleven


class TokenBucket:
    """Lets `per_second` requests through on average, that many at once. Thread-safe."""

    def __init__(self, per_second: float) -> None:
        self._per_second = per_second
        self._lock = threading.Lock()
        self._tokens, self._at = per_second, time.monotonic()

    @property
    def tokens(self) -> float:
        """Tokens there are now; below 0, so many requests wait."""
        with self._lock:
            return min(self._tokens + (time.monotonic() - self._at) * self._per_second, self._per_second)

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
        """Prepare.

        Raises:
            ConfigError: If `$TAPECAST_YAHOO_URL` is set to anything but this machine.
        """
        super().__init__(impersonate="chrome")
        self._breaker, self._bucket, self._cap_s = breaker, bucket, cap_s
        self._fake = fake_url()

    def request(self, method: Any, url: str, *args: Any, **options: Any) -> Response:
        """Send one request, or refuse to.

        Raises:
            SourceError: If the breaker is open, or the answer concerns Yahoo as a whole.
            DataError: If it is Yahoo's word that there is nothing under a symbol.
            RequestException: What curl says otherwise.
        """
        path = urlsplit(url).path
        lane = Lane.HISTORY if path.startswith(_CHARTS) else Lane.SEARCH if path == _SEARCH else Lane.QUOTES
        self._breaker.admit(lane)    # before the bucket: a refusal comes at once
        self._bucket.take()
        asked = options.get("timeout")
        options["timeout"] = min(float(asked), self._cap_s) if isinstance(asked, int | float) else self._cap_s
        # Each hop is a request. Being led to the consent page is all that a probe needs, and circles cost no more.
        options["max_redirects"] = 1 if self._breaker.doubts(lane) else 5
        host = urlsplit(url).hostname or ""
        try:
            response = self._send(method, url, *args, **options)
        except RequestException as error:
            if isinstance(error, TooManyRedirects):
                self._breaker.redirected(lane, options["max_redirects"], in_circles=True)
            cause = classify(error, host)
            if isinstance(cause, SourceError) and (host not in _COOKIE_HOSTS or isinstance(error, Timeout)):
                refusal = self._breaker.failed(lane, cause)
                if refusal is not cause:        # else yfinance may go on without what this request was for
                    raise refusal from error
            raise
        if response.redirect_count:
            self._breaker.redirected(lane, response.redirect_count)
        self._judge(lane, host, response)
        return response

    def _send(self, method: Any, url: str, *args: Any, **options: Any) -> Response:
        options["content_callback"] = body = _Body()
        try:
            if self._fake is None:
                response = super().request(method, url, *args, **options)
            else:
                options["proxies"] = {"http": self._fake, "https": self._fake}
                response = super().request(method, url.replace("https://", "http://", 1), *args, **options)
                response.url = response.url.replace("http://", "https://", 1)
                self._keep_secure_cookies(response)
        except RequestException as error:
            if body.too_long:
                raise IncompleteRead(f"longer than {_LONGEST_ANSWER // 1_000_000} MB") from error
            raise
        if body.received:      # what stands in for curl, as in tests, may have left its answer in the response
            response.content = bytes(body.received)
        return response

    def _keep_secure_cookies(self, response: Response) -> None:
        """Keep what curl drops from a fake: over plain HTTP no cookie may say Secure, as Yahoo's do."""
        for header in response.headers.get_list("Set-Cookie"):
            for morsel in SimpleCookie(header).values():
                if morsel["secure"]:
                    self.cookies.jar.set_cookie(_plain_cookie(morsel))

    def _judge(self, lane: Lane, host: str, response: Response) -> None:
        """Raise what another cookie would not better; tell the breaker what was right on the way to the data."""
        status, path = response.status_code, urlsplit(response.url).path
        if status in (429, 999) or (status >= 500 and host not in _COOKIE_HOSTS):
            retry_after_s = wait_asked_for(response.headers)
            raise self._breaker.failed(lane, from_status(status, host), retry_after_s=retry_after_s)
        if path.startswith(_CHARTS) and status in (400, 404, 422):
            raise chart_error(Symbol(unquote(path.removeprefix(_CHARTS))), _chart_error_of(response))
        # yfinance would take any text for a crumb, and keep it.
        if status >= 400 and host not in _COOKIE_HOSTS and (path == _CRUMB or self._breaker.doubts(lane)):
            raise self._breaker.failed(lane, from_status(status, host))
        if path == _CRUMB and not _is_crumb(response.text):
            shown = clean_text(response.text, limit=40) or "nothing"
            limited = "Too Many Requests" in shown
            cause = from_status(429, host) if limited else SourceBroken(f"yahoo: {host}: unreadable answer ({shown})")
            raise self._breaker.failed(lane, cause)
        if path == _CRUMB or (host in _COOKIE_HOSTS and response.cookies):
            self._breaker.answered(lane)


class _Body:
    """Takes an answer as curl unpacks it, and ends one that has no end before it fills the memory."""

    def __init__(self) -> None:
        self.received = bytearray()
        self.too_long = False

    def __call__(self, chunk: bytes) -> int:
        """Bytes taken, or curl's word for "no more"."""
        self.too_long = len(self.received) + len(chunk) > _LONGEST_ANSWER
        if self.too_long:
            return CURL_WRITEFUNC_ERROR
        self.received += chunk
        return len(chunk)


def fake_url() -> str | None:
    """Where `$TAPECAST_YAHOO_URL` says a fake Yahoo listens; None if it is not set.

    Raises:
        ConfigError: If it is anything but plain HTTP on this machine.
    """
    said = os.environ.get(FAKE_URL)
    if not said:
        return None
    try:
        parts = urlsplit(said)
        is_here = parts.hostname == "localhost" or ipaddress.ip_address(parts.hostname or "").is_loopback
        local = is_here and parts.scheme == "http" and parts.port is not None
    except ValueError:
        local = False
    if not local:
        shown = clean_text(said, limit=60)
        raise ConfigError(f"{FAKE_URL}='{shown}': a fake Yahoo is http://127.0.0.1:PORT; correct it or unset it")
    return f"http://{parts.netloc.rpartition('@')[2]}"


def _plain_cookie(morsel: Morsel[str]) -> Cookie:
    """The same cookie without its Secure; one that names no end lasts a day."""
    try:
        expires = parsedate_to_datetime(morsel["expires"]).timestamp()
    except ValueError:
        expires = time.time() + 86_400.0
    domain, path = morsel["domain"], morsel["path"] or "/"
    return Cookie(
        0, morsel.key, morsel.value, None, False, domain, bool(domain), domain.startswith("."), path, True,
        False, int(expires), False, None, None, {},
    )


def _is_crumb(text: str) -> bool:
    """Whether `text` may be a crumb: one short word. A page, JSON or nothing at all is none."""
    return 0 < len(text) <= _LONGEST_CRUMB and text.isprintable() and not set(text) & set(" <>{}")


def _chart_error_of(response: Response) -> object:
    """What the chart answer says is wrong; the HTTP status where it says nothing."""
    try:
        return json.loads(response.text)["chart"]["error"]
    except (ValueError, TypeError, KeyError, RecursionError):
        return {"description": f"HTTP {response.status_code}"}      # not Yahoo's word about a symbol
