"""A web hook's far end on 127.0.0.1, with faults to switch on."""

from __future__ import annotations

import contextlib
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import NamedTuple, Self


class Posted(NamedTuple):
    """One request."""

    path: str
    headers: dict[str, str]      # names in lower case
    body: bytes


class SinkServer:
    """Answers each POST with the next of `answers`, the last for ever: a status or a fault's name."""

    def __init__(self, *answers: int | str) -> None:
        self.answers: list[int | str] = list(answers or (200,))
        self.posted: list[Posted] = []
        self.retry_after: str | None = None      # with each status, if it is given
        self.arrived = threading.Semaphore(0)
        self._over = threading.Event()
        fake = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                fake.posted.append(Posted(self.path, {k.lower(): v for k, v in self.headers.items()}, body))
                answer = fake.answers.pop(0) if len(fake.answers) > 1 else fake.answers[0]
                fake.arrived.release()
                with contextlib.suppress(OSError):
                    fake._answer(self, answer)

            do_GET = do_POST

            def log_message(self, *args: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.host = f"127.0.0.1:{self._server.server_port}"

    def _answer(self, handler: BaseHTTPRequestHandler, answer: int | str) -> None:
        match answer:
            case int():
                handler.send_response(answer)
                if 300 <= answer < 400:
                    handler.send_header("Location", "/elsewhere")
                if self.retry_after is not None:
                    handler.send_header("Retry-After", self.retry_after)
                said = f"no such place: {handler.path}".encode()      # as many servers do
                handler.send_header("Content-Length", str(len(said)))
                handler.end_headers()
                handler.wfile.write(said)
            case "hang":
                self._over.wait(30)
            case "hang-up":
                handler.close_connection = True
            case "drip":
                for byte in b"HTTP/1.1 200 OK\r\nX: " + b"x" * 1000:
                    handler.wfile.write(bytes([byte]))
                    if self._over.wait(0.05):
                        return
            case "flood":
                handler.send_response(200)
                handler.end_headers()
                while not self._over.is_set():
                    handler.wfile.write(b"x" * 65536)
            case _:
                handler.wfile.write(answer.encode() * 9)

    def url(self, path: str, scheme: str = "http") -> str:
        """The address of `path` here."""
        return f"{scheme}://{self.host}{path}"

    def __enter__(self) -> Self:
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
        return self

    def __exit__(self, *exception: object) -> None:
        self._over.set()
        self._server.shutdown()
        self._server.server_close()
