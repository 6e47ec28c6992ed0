"""A Yahoo on 127.0.0.1 for the unmodified yfinance: cookie, crumb, chart, quote and search, with faults to switch on.

`FakeYahoo` serves deterministic bars and acts as an HTTP proxy, so hosts and cookies stay Yahoo's own and no name is
resolved; `routed(monkeypatch, fake)` sends curl_cffi's requests there as plain HTTP. Like the real one it wants a crumb
for quotes but not for charts.
"""

from __future__ import annotations

import json
import socket
import socketserver
import struct
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit
from zoneinfo import ZoneInfo

import pytest

CRUMB = "fakeCrumb1"


@dataclass(slots=True)
class FakeSymbol:
    """One symbol the fake knows: its bars and how it presents itself."""

    bars: list[dict[str, Any]]                    # session, open, high, low, close, adjclose, volume
    currency: str = "USD"
    name: str = "Example Corp"
    timezone: str = "America/New_York"
    open_at: time = time(9, 30)
    splits: dict[date, tuple[int, int]] = field(default_factory=dict)
    quote: dict[str, Any] = field(default_factory=dict)   # laid over the quote made from the bars

    def stamp(self, session: date) -> int:
        """Yahoo stamps a daily bar with its session's open."""
        return int(datetime.combine(session, self.open_at, ZoneInfo(self.timezone)).timestamp())


def weekday_bars(last: date, count: int, *, first_close: float = 100.0) -> list[dict[str, Any]]:
    """`count` bars on weekdays up to `last`, each close half a unit above the one before."""
    days: list[date] = []
    day = last
    while len(days) < count:
        if day.weekday() < 5:
            days.append(day)
        day -= timedelta(days=1)
    closes = [first_close + 0.5 * i for i in range(count)]
    return [
        {"session": d, "open": c - 0.2, "high": c + 0.6, "low": c - 0.7, "close": c, "adjclose": c, "volume": 1000 + i}
        for i, (d, c) in enumerate(zip(reversed(days), closes, strict=True))
    ]


class FakeYahoo:
    """Serves `symbols` while entered as a context; `fault` is looked up per endpoint, see `FAULTS`."""

    FAULTS = ("429", "500", "502-html", "cut-json", "html", "reset", "hang", "401")

    def __init__(self, symbols: dict[str, FakeSymbol]) -> None:
        self.symbols = symbols
        self.faults: dict[str, str] = {}          # endpoint ("quote", "chart", "crumb", .. or "*") -> one of FAULTS
        self.requests: Counter[str] = Counter()   # by endpoint
        self.release = threading.Event()          # ends all hangs
        fake = self

        class Handler(_Handler):
            yahoo = fake

        self._server = _Server(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    @property
    def total(self) -> int:
        """Requests received so far."""
        return sum(self.requests.values())

    def __enter__(self) -> FakeYahoo:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.release.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def fault(self, endpoint: str) -> str | None:
        """The fault switched on for an endpoint."""
        return self.faults.get(endpoint, self.faults.get("*"))

    def chart(self, symbol: str, query: dict[str, list[str]]) -> tuple[int, dict[str, Any]]:
        """What /v8/finance/chart/SYMBOL answers: status and JSON."""
        known = self.symbols.get(symbol)
        if known is None:
            description = "No data found, symbol may be delisted"
            return 404, {"chart": {"result": None, "error": {"code": "Not Found", "description": description}}}
        first, last = int(query.get("period1", ["-9999999999"])[0]), int(query.get("period2", ["9999999999"])[0])
        bars = [bar for bar in known.bars if first <= known.stamp(bar["session"]) < last]
        meta = {
            "symbol": symbol, "currency": known.currency, "instrumentType": "EQUITY", "longName": known.name,
            "exchangeTimezoneName": known.timezone, "validRanges": ["1d", "max"], "priceHint": 2,
        }  # fmt: skip
        result: dict[str, Any] = {"meta": meta, "indicators": {"quote": [{}], "adjclose": [{}]}}
        if bars:
            result["timestamp"] = [known.stamp(bar["session"]) for bar in bars]
            fields = ("open", "high", "low", "close", "volume")
            result["indicators"]["quote"] = [{name: [bar[name] for bar in bars] for name in fields}]
            result["indicators"]["adjclose"] = [{"adjclose": [bar["adjclose"] for bar in bars]}]
        if known.splits:
            result["events"] = {
                "splits": {
                    str(known.stamp(day)): {"date": known.stamp(day), "numerator": up, "denominator": down}
                    for day, (up, down) in known.splits.items()
                }
            }
        return 200, {"chart": {"result": [result], "error": None}}

    def quote(self, query: dict[str, list[str]]) -> tuple[int, dict[str, Any]]:
        """What /v7/finance/quote answers; symbols it does not know are absent."""
        if query.get("crumb") != [CRUMB]:
            return 401, {"finance": {"result": None, "error": {"code": "Unauthorized", "description": "Invalid Crumb"}}}
        asked = query.get("symbols", [""])[0].split(",")
        rows = [_quote_of(symbol, self.symbols[symbol]) for symbol in asked if symbol in self.symbols]
        return 200, {"quoteResponse": {"result": rows, "error": None}}


def _quote_of(symbol: str, known: FakeSymbol) -> dict[str, Any]:
    last, before = known.bars[-1], known.bars[-2]
    return {
        "symbol": symbol, "currency": known.currency, "longName": known.name, "quoteType": "EQUITY",
        "marketState": "CLOSED", "regularMarketPrice": last["close"], "regularMarketPreviousClose": before["close"],
        "regularMarketTime": known.stamp(last["session"]) + 6 * 3600 + 1800, "regularMarketOpen": last["open"],
        "regularMarketDayHigh": last["high"], "regularMarketDayLow": last["low"], "regularMarketVolume": last["volume"],
    } | known.quote  # fmt: skip


class _Server(ThreadingHTTPServer):
    """Listens without asking the name service what 127.0.0.1 is called."""

    daemon_threads = True

    def server_bind(self) -> None:
        socketserver.TCPServer.server_bind(self)


class _Handler(BaseHTTPRequestHandler):
    """Routes by host and path, and applies faults."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True   # headers and body are two writes: they must not wait for each other
    yahoo: FakeYahoo

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
        """Stay silent."""

    def do_POST(self) -> None:  # noqa: N802, RUF100
        self.rfile.read(int(self.headers.get("Content-Length") or 0))
        self.do_GET()

    def do_GET(self) -> None:  # noqa: N802, RUF100
        target = urlsplit(self.path)
        endpoint = _endpoint(target.hostname or "", target.path)
        self.yahoo.requests[endpoint] += 1
        with suppress(OSError):   # the client may have gone
            if (fault := self.yahoo.fault(endpoint)) is not None:
                self._fail(fault)
            else:
                self._answer(endpoint, target.path, parse_qs(target.query))

    def _answer(self, endpoint: str, path: str, query: dict[str, list[str]]) -> None:
        match endpoint:
            case "cookie":
                self._send(404, "", _cookie())
            case "consent":
                form = '<form><input name="csrfToken" value="t"><input name="sessionId" value="s"></form>'
                self._send(200, form, _cookie())
            case "crumb":
                self._send(200, CRUMB)
            case "chart":
                self._send_json(*self.yahoo.chart(path.rpartition("/")[2], query))
            case "quote":
                self._send_json(*self.yahoo.quote(query))
            case "search":
                rows = [{"symbol": s, "longname": known.name} for s, known in self.yahoo.symbols.items()]
                self._send_json(200, {"quotes": rows, "news": []})
            case _:
                self._send_json(404, {"quoteSummary": {"result": None, "error": {"code": "Not Found"}}})

    def _fail(self, fault: str) -> None:
        match fault:
            case "429":
                self._send(429, "Too Many Requests\r\n")
            case "500":
                self._send_json(500, {"chart": {"result": None, "error": {"code": "Internal", "description": "oops"}}})
            case "502-html":
                self._send(502, "<!DOCTYPE html><html lang='en'><body>Bad Gateway</body></html>")
            case "401":
                self._send_json(401, {"finance": {"error": {"code": "Unauthorized"}}})
            case "html":
                self._send(200, "<!DOCTYPE html><html lang='en'><body>\x1b[31mconsent</body></html>")
            case "cut-json":
                self._send(200, '{"quoteResponse": {"result": [{"symbol": "AA')
            case "reset":
                linger = struct.pack("ii", 1, 0)   # close with RST
                self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
                self.connection.close()
                self.close_connection = True
            case "hang":
                self.yahoo.release.wait(30)
                self.close_connection = True
            case _:
                raise AssertionError(f"no fault '{fault}'")

    def _send_json(self, status: int, body: dict[str, Any]) -> None:
        self._send(status, json.dumps(body), {"Content-Type": "application/json"})

    def _send(self, status: int, body: str, headers: dict[str, str] | None = None) -> None:
        content = body.encode()
        self.send_response(status)
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)


def _cookie() -> dict[str, str]:
    expires = (datetime.now(UTC) + timedelta(days=300)).strftime("%a, %d %b %Y %H:%M:%S GMT")
    return {"Set-Cookie": f"A3=fake; Expires={expires}; Domain=.yahoo.com; Path=/"}


def _endpoint(host: str, path: str) -> str:
    if host == "fc.yahoo.com":
        return "cookie"
    if host in ("guce.yahoo.com", "consent.yahoo.com"):
        return "consent"
    known = {"/v1/test/getcrumb": "crumb", "/v7/finance/quote": "quote", "/v1/finance/search": "search"}
    return "chart" if path.startswith("/v8/finance/chart/") else known.get(path, "other")


@contextmanager
def routed(monkeypatch: pytest.MonkeyPatch, fake: FakeYahoo) -> Iterator[None]:
    """Send every request of curl_cffi through `fake`, starting with a yfinance that knows no cookie yet."""
    from curl_cffi.requests import Session
    from yfinance import cache
    from yfinance.data import SingletonMeta, YfData

    send: Callable[..., Any] = Session.request

    def through_fake(self: Any, method: str, url: str, *args: Any, **options: Any) -> Any:
        options["proxies"] = {"http": fake.url, "https": fake.url}
        response = send(self, method, url.replace("https://", "http://", 1), *args, **options)
        response.url = response.url.replace("http://", "https://", 1)
        return response

    monkeypatch.setattr(Session, "request", through_fake)
    SingletonMeta._instances.pop(YfData, None)
    YfData.cache_get.cache_clear()
    try:
        yield
    finally:
        # Each cache folder belongs to one test; its databases must not stay open behind it.
        for manager in (cache._TzDBManager, cache._CookieDBManager, cache._ISINDBManager):
            manager.close_db()
        cache._TzCacheManager._tz_cache = None
        cache._CookieCacheManager._Cookie_cache = None
        cache._ISINCacheManager._isin_cache = None
        SingletonMeta._instances.pop(YfData, None)
