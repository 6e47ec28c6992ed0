"""A POST of JSON to an address of the person's own.

Redirects are not followed: they could lead the message, and its signature, to another host or to plain text. The
answer's body is not read, since it may repeat the address, which may be the secret.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import http.client
import socket
import ssl
import threading
from contextlib import suppress
from urllib.parse import SplitResult, unquote, urlsplit

from forecasting.config.secrets import Secret, masked, reveal
from forecasting.data.retry_after import wait_asked_for
from forecasting.data.text import clean_text
from forecasting.errors import ConfigError, DeliveryError
from forecasting.trading.sinks.message import Message

SIGNATURE = "X-Tapecast-Signature"

_ASK_AGAIN = (http.client.REQUEST_TIMEOUT, http.client.TOO_MANY_REQUESTS)


class WebhookSink:
    """Any 2xx says that the message was taken; 5xx, 408, 429 and silence are worth another try, all else is not."""

    def __init__(self, name: str, url: Secret, secret: Secret | None, timeout_s: float) -> None:
        self.name = name
        self._url, self._secret = url, secret
        self._shown = masked(url)
        self._timeout_s = timeout_s
        self._connection: http.client.HTTPConnection | None = None

    def deliver(self, message: Message) -> None:
        """See `Sink`."""
        where = self._where(reveal(self._url, f"sink {self.name}: url"))
        body = message.json()
        headers = {"Content-Type": "application/json", "User-Agent": "tapecast", **_authorization(where)}
        if self._secret is not None:
            key = reveal(self._secret, f"sink {self.name}: secret")
            headers[SIGNATURE] = f"sha256={hmac.new(key.encode(), body, hashlib.sha256).hexdigest()}"
        self._judge(*self._post(where, body, headers))

    def close(self) -> None:
        """See `Sink`."""
        if (connection := self._connection) is not None and connection.sock is not None:
            with suppress(OSError):
                connection.sock.shutdown(socket.SHUT_RDWR)

    def _where(self, url: str) -> SplitResult:
        fault = f"sink {self.name}: url: {self._shown} is no web address; write it as https://HOST/PATH"
        try:
            parts = urlsplit(url)
            port = parts.port      # raises as well
        except ValueError:
            raise ConfigError(fault) from None
        usable = parts.scheme in ("http", "https") and parts.hostname and port != 0
        if not usable or not url.isascii() or not url.isprintable() or " " in url:
            raise ConfigError(fault)
        return parts

    def _post(self, where: SplitResult, body: bytes, headers: dict[str, str]) -> tuple[int, float]:
        """The status answered with, and for how many seconds nothing more is wanted."""
        kind = http.client.HTTPSConnection if where.scheme == "https" else http.client.HTTPConnection
        assert where.hostname is not None
        connection = self._connection = kind(where.hostname, where.port, timeout=self._timeout_s)
        target = (where.path or "/") + (f"?{where.query}" if where.query else "")
        late = threading.Event()

        def cut() -> None:
            late.set()
            self.close()

        # The socket's own time-out is for each read: an answer that drips in would never end.
        watch = threading.Timer(self._timeout_s, cut)
        watch.daemon = True
        watch.start()
        try:
            connection.request("POST", target, body, headers)
            answer = connection.getresponse()
            said = {name: value for name in ("Retry-After", "Date") if (value := answer.getheader(name)) is not None}
            return answer.status, wait_asked_for(said)
        except (OSError, http.client.HTTPException, ValueError) as error:
            why = self._why(error, late=isinstance(error, TimeoutError) or late.is_set())
            raise DeliveryError(f"{self._shown} {why}", again=True) from None
        finally:
            watch.cancel()
            connection.close()
            self._connection = None

    def _why(self, error: Exception, *, late: bool) -> str:
        """What kept the message, in words that hold nothing of the address."""
        match error:
            case _ if late:
                return f"did not answer within {self._timeout_s:g} s"
            case ssl.SSLCertVerificationError():
                return f"cannot be trusted: {clean_text(error.verify_message, limit=100)}"
            case socket.gaierror():
                return "cannot be found: no such host"
            case http.client.RemoteDisconnected():
                return "hung up without an answer"
            case OSError():
                return f"cannot be reached: {error.strerror or type(error).__name__}"
        return "answered with something that is no HTTP"

    def _judge(self, status: int, after_s: float) -> None:
        if 200 <= status < 300:
            return
        said = f"{self._shown} answered {status} {http.client.responses.get(status, '')}".rstrip()
        if 300 <= status < 400:
            raise DeliveryError(f"{said}: redirects are not followed; give the address they lead to")
        again = status >= 500 or status in _ASK_AGAIN
        raise DeliveryError(said, again=again, after_s=after_s if again else 0.0)


def _authorization(where: SplitResult) -> dict[str, str]:
    """Name and password of https://NAME:PASSWORD@HOST/."""
    if where.username is None:
        return {}
    pair = f"{unquote(where.username)}:{unquote(where.password or '')}".encode()
    return {"Authorization": f"Basic {base64.b64encode(pair).decode()}"}
