"""The web hook before a far end that takes, refuses, hangs, drips and floods; and what it never shows."""

from __future__ import annotations

import hashlib
import hmac
import json
import socket
import threading
import traceback

import pytest

from forecasting.config.secrets import Secret
from forecasting.errors import ConfigError, DeliveryError
from forecasting.trading.sinks.message import told
from forecasting.trading.sinks.webhook import SIGNATURE, WebhookSink
from tests.support.alerts import alert
from tests.support.sink_server import SinkServer
from tests.support.waiting import PATIENCE_S, within

TOPIC = "hunter2-topic"
MESSAGE = told((alert(7),))


def hook(url: str, secret: str | None = None, timeout: float = 5.0) -> WebhookSink:
    return WebhookSink("desk", Secret(url), None if secret is None else Secret(secret), timeout)


def refused(sink: WebhookSink) -> DeliveryError:
    with pytest.raises(DeliveryError) as caught:
        sink.deliver(MESSAGE)
    assert TOPIC not in "".join(traceback.format_exception(caught.value)) + repr(sink) + repr(caught.value)
    return caught.value


def test_the_alert_is_posted_as_json() -> None:
    with SinkServer() as far:
        hook(far.url(f"/{TOPIC}?a=b")).deliver(MESSAGE)
    (posted,) = far.posted
    assert posted.path == f"/{TOPIC}?a=b"
    assert posted.headers["content-type"] == "application/json"
    assert SIGNATURE.lower() not in posted.headers
    assert json.loads(posted.body) == {
        "kind": "alert", "title": "NVDA", "text": "rsi crosses above 70: rsi 71.25", "count": 1,
        "alerts": [{
            "id": 7, "rule": "rsi crosses above 70", "symbol": "NVDA", "fired_at": "2026-03-02T15:31:00+00:00",
            "data_time": "2026-03-02T15:31:00+00:00", "late": False, "value": 71.25,
            "reason": "rsi crosses above 70: rsi 71.25",
        }],
    }  # fmt: skip


def test_the_body_is_signed_with_the_secret_and_a_name_in_the_address_is_sent_as_authorization() -> None:
    with SinkServer() as far:
        hook(f"http://me:pass%40word@{far.host}/", "s3cret").deliver(MESSAGE)
    (posted,) = far.posted
    assert posted.headers[SIGNATURE.lower()] == "sha256=" + hmac.digest(b"s3cret", posted.body, hashlib.sha256).hex()
    assert posted.headers["authorization"] == "Basic bWU6cGFzc0B3b3Jk"


@pytest.mark.parametrize(("answer", "why", "again"), [
    (404, "answered 404 Not Found", False),
    (408, "answered 408 Request Timeout", True),
    (429, "answered 429 Too Many Requests", True),
    (302, "answered 302 Found: redirects are not followed; give the address they lead to", False),
    (308, "answered 308 Permanent Redirect: redirects are not followed; give the address they lead to", False),
    (500, "answered 500 Internal Server Error", True),
    (503, "answered 503 Service Unavailable", True),
    ("hang-up", "hung up without an answer", True),
    (f"{TOPIC}\x1b[31m\r\n", "answered with something that is no HTTP", True),
])  # fmt: skip
def test_what_is_no_success_is_named_and_asked_again_only_where_that_may_help(
    answer: int | str, why: str, again: bool
) -> None:
    with SinkServer(answer) as far:
        error = refused(hook(far.url(f"/{TOPIC}")))
    assert (str(error), error.again) == (f"http://127.0.0.1/… {why}", again)
    assert len(far.posted) == 1


@pytest.mark.parametrize("fault", ["hang", "drip"])
def test_who_does_not_answer_in_time_is_given_up(fault: str) -> None:
    with SinkServer(fault) as far:
        with within(2.0):
            error = refused(hook(far.url(f"/{TOPIC}"), timeout=0.3))
    assert (str(error), error.again) == ("http://127.0.0.1/… did not answer within 0.3 s", True)


def test_an_answer_without_end_is_not_read() -> None:
    with SinkServer("flood") as far:
        with within(2.0):
            hook(far.url("/")).deliver(MESSAGE)


def test_who_is_not_there_is_asked_again_later() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    error = refused(hook(f"http://127.0.0.1:{port}/{TOPIC}"))
    assert (str(error), error.again) == ("http://127.0.0.1/… cannot be reached: Connection refused", True)


def test_plain_text_behind_https_is_no_success() -> None:
    with SinkServer() as far:
        error = refused(hook(far.url(f"/{TOPIC}", scheme="https"), timeout=1.0))
    assert str(error).startswith("https://127.0.0.1/… cannot be reached: ")
    assert far.posted == []


@pytest.mark.parametrize("url", [
    f"ftp://h/{TOPIC}", f"file:///{TOPIC}/x", f"/{TOPIC}", f"http:///{TOPIC}", f"http://h:99999/{TOPIC}",
    f"http://h/{TOPIC} x", f"http://h/{TOPIC}\r\nX: y", f"http://h/{TOPIC}é", f"http://[{TOPIC}",
])  # fmt: skip
def test_what_is_no_web_address_is_refused_and_not_repeated(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOOK", url)
    with pytest.raises(ConfigError, match="is no web address; write it as https://HOST/PATH") as caught:
        hook("env:HOOK").deliver(MESSAGE)
    assert TOPIC not in "".join(traceback.format_exception(caught.value))


def test_close_breaks_off_what_hangs() -> None:
    with SinkServer("hang") as far:
        sink = hook(far.url("/"), timeout=PATIENCE_S)
        failed: list[DeliveryError] = []
        thread = threading.Thread(target=lambda: failed.append(refused(sink)))
        thread.start()
        assert far.arrived.acquire(timeout=PATIENCE_S)
        with within(2.0):
            sink.close()
            thread.join(PATIENCE_S)
    assert len(failed) == 1


@pytest.mark.parametrize(("answer", "said", "after_s"), [
    (429, "120", 120.0), (503, "90000", 3600.0), (503, None, 0.0), (429, "soon", 0.0), (404, "120", 0.0),
])  # fmt: skip
def test_a_far_end_may_ask_to_be_left_alone_for_an_hour_at_most(answer: int, said: str | None, after_s: float) -> None:
    with SinkServer(answer) as far:
        far.retry_after = said
        assert refused(hook(far.url("/"))).after_s == after_s
