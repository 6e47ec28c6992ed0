"""Apprise in its child process: what arrives, what is told of a failure, and what stays unseen."""

from __future__ import annotations

import json
import logging
import sys
import traceback

import pytest

from forecasting.config.secrets import Secret
from forecasting.errors import DeliveryError
from forecasting.trading.sinks.apprise_sink import AppriseSink
from forecasting.trading.sinks.message import told
from tests.support.alerts import alert
from tests.support.sink_server import SinkServer
from tests.support.waiting import within

TOPIC = "hunter2-topic"
MESSAGE = told((alert(),))


def refused(url: str, timeout: float = 60.0) -> DeliveryError:
    with pytest.raises(DeliveryError) as caught:
        AppriseSink("phone", Secret(url), timeout).deliver(MESSAGE)
    assert TOPIC not in "".join(traceback.format_exception(caught.value))
    return caught.value


def test_a_message_arrives_and_apprise_stays_out_of_this_process(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    with SinkServer() as far:
        AppriseSink("phone", Secret(far.url(f"/{TOPIC}", scheme="json")), 60.0).deliver(MESSAGE)
    (posted,) = far.posted
    assert posted.path == f"/{TOPIC}"
    said = json.loads(posted.body)
    assert (said["title"], said["message"]) == ("NVDA", "rsi crosses above 70: rsi 71.25")
    assert "apprise" not in sys.modules
    assert TOPIC not in caplog.text


@pytest.mark.parametrize(("answer", "why", "again"), [
    (401, "json://…: the service answered 401", False),
    (429, "json://…: the service answered 429", True),
    (502, "json://…: the service answered 502", True),
    ("hang-up", "json://…: the service cannot be reached", True),
])  # fmt: skip
def test_a_failure_is_told_without_the_address(answer: int | str, why: str, again: bool) -> None:
    with SinkServer(answer) as far:
        error = refused(far.url(f"/{TOPIC}", scheme="json"))
    assert (str(error), error.again) == (why, again)


@pytest.mark.parametrize("url", [f"nonsense://{TOPIC}/x", TOPIC])
def test_what_is_no_address_of_it_is_not_tried_again(url: str) -> None:
    error = refused(url)
    assert "not an Apprise URL" in str(error)
    assert not error.again


def test_a_service_that_hangs_is_killed() -> None:
    with SinkServer("drip") as far:
        with within(3.0):
            error = refused(far.url(f"/{TOPIC}", scheme="json"), timeout=1.5)
    assert str(error) == "apprise was still running after 1.5 s and was killed"
    assert error.again
