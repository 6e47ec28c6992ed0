"""A Yahoo on 127.0.0.1 for the unmodified yfinance: cookie, crumb, chart, quote and search, with faults to switch on.

`FakeYahoo` serves deterministic bars and acts as an HTTP proxy, so hosts and cookies stay Yahoo's own and no name is
resolved; `routed(monkeypatch, fake)` sends the product there by the environment variable that it has for this. Like the
real one it wants a crumb for quotes but not for charts. It counts requests by endpoint and by time, connections, and
how many requests ran at once.
"""

from __future__ import annotations

import json
import socket
import socketserver
import struct
import sys
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from time import monotonic
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit
from zoneinfo import ZoneInfo

import pytest

from tests.support.waiting import PATIENCE_S
from tests.support.yahoo_faults import CONTENT_FAULTS, change_chart, change_quote

CRUMB = "fakeCrumb1"
NOT_FOUND = {"code": "Not Found", "description": "No data found, symbol may be delisted"}


@dataclass(slots=True)
class FakeSymbol:
    """One symbol the fake knows: its bars and how it presents itself."""

    bars: list[dict[str, Any]]                    # session (or time), open, high, low, close, adjclose, volume
    currency: str = "USD"
    name: str = "Example Corp"
    timezone: str = "America/New_York"
    open_at: time = time(9, 30)
    splits: dict[date, tuple[int, int]] = field(default_factory=dict)
    quote: dict[str, Any] = field(default_factory=dict)   # laid over the quote made from the bars

    def stamp(self, session: date) -> int:
        """Yahoo stamps a daily bar with its session's open, a shorter one with its own."""
        if isinstance(session, datetime):
            return int(session.timestamp())
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


def last_weekday(now: datetime | None = None) -> date:
    """The newest weekday before `now` in UTC, by default the machine's: by then every market's close of it is past."""
    yesterday = (now or datetime.now(UTC)).date() - timedelta(days=1)
    return yesterday - timedelta(days=max(yesterday.weekday() - 4, 0))


SERVER_FAULTS = (
    "429", "999", "500", "502-html", "503-empty", "401", "403", "404-json", "html", "cut-json", "empty-body",
    "short-body", "bad-gzip", "endless", "right-back", "empty", "error-body", "null-result", "not-an-object", "consent",
    "reset", "hang", "slow", "drip",
)  # fmt: skip
"""Faults of the server, whatever the content."""

_SILENT = ("hang", "drip")
"""Faults that only the client's patience ends."""

FAULTS = (*SERVER_FAULTS, *CONTENT_FAULTS)
"""Everything `FakeYahoo.faults` may hold."""


@dataclass(frozen=True, slots=True)
class Received:
    """One request."""

    at: float            # monotonic seconds
    endpoint: str
    symbols: tuple[str, ...]


class FakeYahoo:
    """Serves `symbols` while entered as a context; faults may be switched while it runs."""

    def __init__(self, symbols: dict[str, FakeSymbol]) -> None:
        self.symbols = symbols
        self.faults: dict[str, str] = {}          # endpoint ("quote", "chart", "crumb", .. or "*") -> one of FAULTS
        self.spoilt: frozenset[str] | None = None  # symbols whose content a fault concerns; all, if None
        self.requests: Counter[str] = Counter()   # by endpoint
        self.log: list[Received] = []
        self.asked: dict[str, list[str]] = {}     # query of the newest chart
        self.connections = 0
        self.running = self.most_running = 0      # requests at once
        self.release = threading.Event()          # ends all hangs
        self.lock = threading.Lock()
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

    def busiest(self, seconds: float = 60.0, *, since: float = 0.0) -> int:
        """The most requests within any `seconds` from the monotonic time `since` on."""
        times = [r.at for r in self.log if r.at >= since]
        return max((sum(at <= other < at + seconds for other in times) for at in times), default=0)

    def forget(self) -> None:
        """Count anew, serve without fault, and let go of who hangs."""
        self.faults, self.spoilt = {}, None
        self.release.set()
        self.release = threading.Event()
        self.requests.clear()
        self.log.clear()
        self.connections = self.most_running = 0

    def fault(self, endpoint: str) -> str | None:
        """The fault switched on for an endpoint."""
        return self.faults.get(endpoint, self.faults.get("*"))

    def chart(self, symbol: str, query: dict[str, list[str]]) -> tuple[int, dict[str, Any]]:
        """What /v8/finance/chart/SYMBOL answers: status and JSON."""
        known = self.symbols.get(symbol)
        self.asked = query
        if known is None:
            return 404, {"chart": {"result": None, "error": NOT_FOUND}}
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
        if (fault := self.fault("chart")) is not None and self._concerns(symbol):
            change_chart(fault, result)
        return 200, {"chart": {"result": [result], "error": None}}

    def quote(self, query: dict[str, list[str]]) -> tuple[int, dict[str, Any]]:
        """What /v7/finance/quote answers; symbols it does not know are absent."""
        if query.get("crumb") != [CRUMB]:
            return 401, {"finance": {"result": None, "error": {"code": "Unauthorized", "description": "Invalid Crumb"}}}
        asked = query.get("symbols", [""])[0].split(",")
        rows = [_quote_of(symbol, self.symbols[symbol]) for symbol in asked if symbol in self.symbols]
        for row in rows:
            if (fault := self.fault("quote")) is not None and self._concerns(row["symbol"]):
                change_quote(fault, row)
        return 200, {"quoteResponse": {"result": rows, "error": None}}

    def search(self, text: str) -> dict[str, Any]:
        """What /v1/finance/search answers: every symbol with the text in it or in its name."""
        named = [(symbol, known.name) for symbol, known in self.symbols.items()]
        found = [(symbol, name) for symbol, name in named if text.casefold() in f"{symbol} {name}".casefold()]
        rows = [{"symbol": s, "longname": name, "exchDisp": "NASDAQ", "typeDisp": "Equity"} for s, name in found]
        return {"quotes": rows, "news": []}

    def _concerns(self, symbol: str) -> bool:
        return self.spoilt is None or symbol in self.spoilt


def _quote_of(symbol: str, known: FakeSymbol) -> dict[str, Any]:
    last, before = known.bars[-1], known.bars[-2]
    return {
        "symbol": symbol, "currency": known.currency, "longName": known.name, "quoteType": "EQUITY",
        "marketState": "CLOSED", "regularMarketPrice": last["close"], "regularMarketPreviousClose": before["close"],
        "regularMarketTime": known.stamp(last["session"]) + 6 * 3600 + 1800, "regularMarketOpen": last["open"],
        "regularMarketDayHigh": last["high"], "regularMarketDayLow": last["low"], "regularMarketVolume": last["volume"],
    } | known.quote  # fmt: skip


class _Server(ThreadingHTTPServer):
    """Listens without asking the name service what 127.0.0.1 is called; a client that has gone is no news."""

    daemon_threads = True

    def handle_error(self, request: Any, client_address: Any) -> None:
        if not isinstance(sys.exception(), OSError):
            super().handle_error(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        with suppress(OSError):
            super().shutdown_request(request)

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
        self.do_GET()

    def do_GET(self) -> None:  # noqa: N802, RUF100
        self.rfile.read(int(self.headers.get("Content-Length") or 0))     # yfinance's consent sends one with a GET
        target = urlsplit(self.path)
        endpoint, query = _endpoint(target.hostname or "", target.path), parse_qs(target.query)
        with self._counted(endpoint, target.path, query), suppress(OSError):   # the client may have gone
            fault = self.yahoo.fault(endpoint)
            if fault in SERVER_FAULTS:
                self._fail(fault, endpoint, target.path, query)
            else:
                self._answer(endpoint, target.path, query)

    def setup(self) -> None:
        super().setup()
        with self.yahoo.lock:
            self.yahoo.connections += 1

    @contextmanager
    def _counted(self, endpoint: str, path: str, query: dict[str, list[str]]) -> Iterator[None]:
        fake = self.yahoo
        asked = query.get("symbols", [""])[0].split(",") if endpoint == "quote" else [_last_part(path)]
        with fake.lock:
            fake.requests[endpoint] += 1
            fake.log.append(Received(monotonic(), endpoint, tuple(asked)))
            fake.running += 1
            fake.most_running = max(fake.most_running, fake.running)
        try:
            yield
        finally:
            with fake.lock:
                fake.running -= 1

    def _answer(self, endpoint: str, path: str, query: dict[str, list[str]]) -> None:
        match endpoint:
            case "cookie":
                self._send(404, "", _cookie())
            case "consent":
                form = '<form><input name="csrfToken" value="t"><input name="sessionId" value="s"></form>'
                self._send(200, form, _cookie())
            case "crumb" if "A3=fake" not in self.headers.get("Cookie", ""):
                self._send(401, "Invalid Cookie")      # as Yahoo does
            case "crumb":
                self._send(200, CRUMB)
            case "chart":
                self._send_json(*self.yahoo.chart(_last_part(path), query))
            case "quote":
                self._send_json(*self.yahoo.quote(query))
            case "search":
                self._send_json(200, self.yahoo.search(query.get("q", [""])[0]))
            case _:
                self._send_json(404, {"quoteSummary": {"result": None, "error": {"code": "Not Found"}}})

    def _fail(self, fault: str, endpoint: str, path: str, query: dict[str, list[str]]) -> None:
        match fault:
            case "429":
                self._send(429, "Too Many Requests\r\n")
            case "999":
                self._send(999, "Request denied")
            case "500":
                self._send_json(500, {"chart": {"result": None, "error": {"code": "Internal", "description": "oops"}}})
            case "502-html":
                self._send(502, "<!DOCTYPE html><html lang='en'><body>Bad Gateway</body></html>")
            case "503-empty":
                self._send(503, "")
            case "401":
                self._send_json(401, {"finance": {"error": {"code": "Unauthorized"}}})
            case "403":
                self._send(403, "\x1b]0;owned\x07Forbidden")
            case "404-json":
                self._send_json(404, {"chart": {"result": None, "error": NOT_FOUND}})
            case "html":
                self._send(200, "<!DOCTYPE html><html lang='en'><body>\x1b[31mconsent</body></html>")
            case "cut-json":
                self._send(200, '{"quoteResponse": {"result": [{"symbol": "AA')
            case "empty-body":
                self._send(200, "")
            case "short-body":
                self._send(200, '{"quoteResponse":', length=4096)
                self.close_connection = True
            case "bad-gzip":
                self._send(200, "no gzip at all", {"Content-Encoding": "gzip"})
            case "endless":
                self._send(200, "{", length=10**12)
                while not self.yahoo.release.is_set():     # until the client has had enough
                    self.wfile.write(b" " * 65_536)
            case "right-back":
                self._send(200, "Will be right back... Yahoo is currently updating")
            case "empty":
                self._send_json(200, {"quoteResponse": {"result": []}, "chart": {"result": [], "error": None}})
            case "error-body":
                error = {"code": "Internal", "description": "Try\x1b[31m later"}
                self._send_json(200, {"quoteResponse": {"result": [], "error": error}, "chart": {"error": error}})
            case "null-result":
                self._send_json(200, {"quoteResponse": {"result": None}, "chart": {"result": None, "error": None}})
            case "not-an-object":
                self._send(200, '[1, "two", null]')
            case "consent":
                self._send(302, "", {"Location": "http://consent.yahoo.com/v2/collectConsent?sessionId=s"})
            case "reset":
                linger = struct.pack("ii", 1, 0)   # close with RST
                self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
                self.connection.close()
                self.close_connection = True
            case "hang":
                self.yahoo.release.wait(30)
                self.close_connection = True
            case "slow":
                self.yahoo.release.wait(0.05)
                self._answer(endpoint, path, query)
            case "drip":
                self._send(200, "{", length=4096)
                release = self.yahoo.release
                while not release.wait(0.05):     # until the client has had enough
                    self.wfile.write(b" ")
            case _:
                raise AssertionError(f"no fault '{fault}'")

    def _send_json(self, status: int, body: dict[str, Any]) -> None:
        self._send(status, json.dumps(body), {"Content-Type": "application/json"})

    def _send(
        self, status: int, body: str, headers: dict[str, str] | None = None, *, length: int | None = None
    ) -> None:
        content = body.encode()
        self.send_response(status)
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(content) if length is None else length))
        self.end_headers()
        self.wfile.write(content)


def _cookie() -> dict[str, str]:
    expires = (datetime.now(UTC) + timedelta(days=300)).strftime("%a, %d %b %Y %H:%M:%S GMT")
    return {"Set-Cookie": f"A3=fake; Expires={expires}; Domain=.yahoo.com; Path=/; SameSite=None; Secure; HttpOnly"}


def _last_part(path: str) -> str:
    """The symbol a path ends in: curl writes ^GSPC as %5EGSPC."""
    return unquote(path.rpartition("/")[2])


def _endpoint(host: str, path: str) -> str:
    if host == "fc.yahoo.com":
        return "cookie"
    if host in ("guce.yahoo.com", "consent.yahoo.com"):
        return "consent"
    known = {"/v1/test/getcrumb": "crumb", "/v7/finance/quote": "quote", "/v1/finance/search": "search"}
    return "chart" if path.startswith("/v8/finance/chart/") else known.get(path, "other")


@contextmanager
def routed(monkeypatch: pytest.MonkeyPatch, fake: FakeYahoo) -> Iterator[None]:
    """Point the product at `fake`, starting with a yfinance that knows no cookie yet.

    A test's short patience is for a fake that is silent; one that answers has all the time a busy machine needs.
    """
    from yfinance.data import SingletonMeta, YfData

    from forecasting.data.sources.yahoo_session import GuardedSession

    send = GuardedSession._send

    def patient(session: GuardedSession, method: Any, url: str, *args: Any, **options: Any) -> Any:
        parts = urlsplit(url)
        if fake.fault(_endpoint(parts.hostname or "", parts.path)) not in _SILENT:
            options["timeout"] = PATIENCE_S
        return send(session, method, url, *args, **options)

    monkeypatch.setattr(GuardedSession, "_send", patient)
    monkeypatch.setenv("TAPECAST_YAHOO_URL", fake.url)
    SingletonMeta._instances.pop(YfData, None)
    try:
        yield
    finally:
        SingletonMeta._instances.pop(YfData, None)
