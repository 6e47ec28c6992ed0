"""What the session adds to curl: a pace, and the way to a fake Yahoo."""

from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from forecasting.data.sources.yahoo_breaker import Lane
from forecasting.data.sources.yahoo_client import YahooClient
from forecasting.data.sources.yahoo_session import FAKE_URL, TokenBucket, fake_url
from forecasting.domain.clock import WallClock
from forecasting.errors import ConfigError
from tests.support.fake_yahoo import FakeYahoo, routed
from tests.support.waiting import within


def test_the_bucket_lets_a_burst_through_and_then_paces() -> None:
    bucket = TokenBucket(per_second=50.0)
    started = time.monotonic()
    with within(0.5):
        for _ in range(50):
            bucket.take()
    for _ in range(5):
        bucket.take()
    assert time.monotonic() - started >= 0.09


def test_a_tick_and_a_search_that_are_both_the_first_to_ask_share_one_bucket(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    made: list[float] = []
    both = threading.Barrier(2)

    class SlowBucket(TokenBucket):
        def __init__(self, per_second: float) -> None:
            made.append(per_second)
            time.sleep(0.1)
            super().__init__(per_second)

    monkeypatch.setattr("forecasting.data.sources.yahoo_session.TokenBucket", SlowBucket)
    client = YahooClient(cache_dir=tmp_path, clock=WallClock(), cap_s=1.0, per_second=4.0)

    def ask(lane: Lane) -> None:
        both.wait()
        with client.talking("nothing", lane):
            pass

    with FakeYahoo({}) as fake, routed(monkeypatch, fake), ThreadPoolExecutor(2) as pool:
        list(pool.map(ask, (Lane.QUOTES, Lane.SEARCH)))
    assert made == [4.0]


def test_a_fake_yahoo_is_on_this_machine_or_nowhere(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(FAKE_URL, raising=False)
    assert fake_url() is None
    for said, used in (("http://127.0.0.1:8080", "http://127.0.0.1:8080"), ("http://[::1]:9/x?y", "http://[::1]:9")):
        monkeypatch.setenv(FAKE_URL, said)
        assert fake_url() == used
    for wrong in ("http://example.com:80", "https://127.0.0.1:80", "http://127.0.0.1", "http://10.0.0.1:80", "\x1b[31m",
                  "http://127.0.0.1:99999"):
        monkeypatch.setenv(FAKE_URL, wrong)
        with pytest.raises(ConfigError, match=r"a fake Yahoo is http://127\.0\.0\.1:PORT"):
            fake_url()
