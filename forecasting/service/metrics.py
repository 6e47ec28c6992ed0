"""A running engine's figures in Prometheus' text form, on loopback only and only when asked for.

Format: https://prometheus.io/docs/instrumenting/exposition_formats/ (text, version 0.0.4).
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Protocol, Self

from forecasting.domain.snapshot import Health, Snapshot


class _Source(Protocol):
    def snapshot(self) -> Snapshot: ...


class Metrics:
    """Serves `/metrics` while it is entered."""

    def __init__(self, source: _Source, port: int) -> None:
        """Answer with `source`'s newest snapshot at `port` of 127.0.0.1; 0 chooses one."""

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                known = self.path == "/metrics"
                body = exposition(source.snapshot()).encode() if known else b"see /metrics\n"
                self.send_response(200 if known else 404)
                self.send_header("Content-Type", "text/plain; version=0.0.4; charset=utf-8")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class names it
                """Nothing: a scrape every few seconds is no news."""

        self._server = ThreadingHTTPServer(("127.0.0.1", port), Handler)
        self._server.daemon_threads = True

    @property
    def port(self) -> int:
        """Where it answers."""
        return self._server.server_port

    def __enter__(self) -> Self:
        threading.Thread(target=self._server.serve_forever, args=(0.2,), name="metrics", daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._server.server_close()


def exposition(snapshot: Snapshot) -> str:
    """The snapshot's figures; a missing one is left out, never 0."""
    return "".join(f"{line}\n" for line in _lines(snapshot))


def _lines(snapshot: Snapshot) -> Iterator[str]:
    yield from _gauge("tapecast_source_up", "Whether the source of prices answers.",
                      [("", float(snapshot.source.health in (Health.OK, Health.WORKING)))])
    yield from _gauge("tapecast_source_requests", "Requests sent to the source since start.",
                      [("", float(snapshot.source.requests))])
    yield from _gauge("tapecast_alerts_unacknowledged", "Alerts nobody has acknowledged.",
                      [("", float(snapshot.alerts_unseen))])
    yield from _gauge("tapecast_price", "Newest price, as traded.",
                      [(_label(r.symbol), r.last) for r in snapshot.rows if r.last is not None])
    yield from _gauge("tapecast_price_age_seconds", "Since the newest price was made.",
                      [(_label(r.symbol), (snapshot.now - r.data_time).total_seconds())
                       for r in snapshot.rows if r.data_time is not None])
    yield from _gauge("tapecast_forecast_percent", "Median forecast, five sessions ahead.",
                      [(_label(r.symbol), r.forecast_pct) for r in snapshot.rows if r.forecast_pct is not None])


def _label(symbol: str) -> str:
    return f'{{symbol="{symbol}"}}'      # a symbol has no quotes, backslashes or line ends


def _gauge(name: str, meaning: str, values: list[tuple[str, float]]) -> Iterator[str]:
    yield f"# HELP {name} {meaning}"
    yield f"# TYPE {name} gauge"
    for label, value in values:
        yield f"{name}{label} {value!r}"
