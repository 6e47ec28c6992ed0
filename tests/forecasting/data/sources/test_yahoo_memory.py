"""What processes over one folder tell each other about Yahoo's trouble."""

from __future__ import annotations

import json
import os
import stat
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from forecasting.data.sources.yahoo_breaker import CircuitBreaker, Lane
from forecasting.data.sources.yahoo_memory import CircuitMemory
from forecasting.domain.clock import FrozenClock
from forecasting.domain.snapshot import Health
from forecasting.errors import SourceBroken, SourceError, SourceRateLimited
from tests.support.fake_yahoo import FakeSymbol, FakeYahoo, weekday_bars

NOON = datetime(2026, 3, 4, 12, 0, tzinfo=UTC)
LIMITED = SourceRateLimited("yahoo: quotes: asked for fewer requests (HTTP 429)")
BROKEN = SourceBroken("yahoo: quotes: server error (HTTP 500)")
QUOTES = Lane.QUOTES

Process = Callable[[], CircuitBreaker]


@pytest.fixture
def clock() -> FrozenClock:
    return FrozenClock(NOON)


@pytest.fixture
def process(clock: FrozenClock, tmp_path: Path) -> Process:
    """A breaker as a further process over the same folder has it."""
    return lambda: CircuitBreaker(clock, memory=CircuitMemory(tmp_path), chance=lambda low, high: low)


def kept_in(folder: Path) -> Path:
    (path,) = folder.glob("circuits-*.json")
    return path


def test_a_process_that_starts_in_an_outage_asks_nothing_and_says_until_when(process: Process) -> None:
    process().failed(QUOTES, LIMITED)
    newcomer = process()
    with pytest.raises(SourceRateLimited, match=r"fewer requests \(HTTP 429\); next try at 12:00:40 UTC") as refused:
        newcomer.admit(QUOTES)
    assert refused.value.retry_at == NOON + timedelta(seconds=40)
    assert (newcomer.health("yahoo").health, newcomer.health("yahoo").since) == (Health.FAILED, NOON)


def test_two_errors_open_a_circuit_whichever_processes_met_them(process: Process) -> None:
    for _ in range(2):
        one_shot = process()
        one_shot.admit(QUOTES)
        one_shot.failed(QUOTES, BROKEN)
    with pytest.raises(SourceBroken, match="next try at 12:00:20 UTC"):
        process().admit(QUOTES)


def test_pauses_double_from_one_process_to_the_next(process: Process, clock: FrozenClock) -> None:
    pauses = []
    for _ in range(5):
        one_shot = process()
        one_shot.admit(QUOTES)
        one_shot.failed(QUOTES, LIMITED)
        retry_at = one_shot.health("yahoo").retry_at
        assert retry_at is not None
        pauses.append((retry_at - clock.now()).total_seconds())
        clock.set(retry_at)
    assert pauses == [40, 80, 160, 300, 300]


def test_one_process_alone_probes_and_its_good_answer_closes_the_circuit_for_all(
    process: Process, clock: FrozenClock
) -> None:
    first, second = process(), process()
    first.failed(QUOTES, LIMITED)
    clock.set(NOON + timedelta(seconds=41))
    second.admit(QUOTES)
    with pytest.raises(SourceRateLimited, match="next try at 12:01:41 UTC"):
        first.admit(QUOTES)
    second.admit(QUOTES)        # the probe's second request
    second.succeeded(QUOTES)
    first.admit(QUOTES)
    assert first.health("yahoo").health is Health.OK


def test_a_probe_whose_process_is_gone_holds_up_the_others_for_a_minute(process: Process, clock: FrozenClock) -> None:
    process().failed(QUOTES, LIMITED)
    clock.set(NOON + timedelta(seconds=41))
    process().admit(QUOTES)
    clock.set(NOON + timedelta(seconds=102))
    process().admit(QUOTES)


def test_nothing_is_written_while_all_is_well_and_the_file_is_its_owner_s_alone(
    process: Process, tmp_path: Path
) -> None:
    breaker = process()
    breaker.admit(QUOTES)
    breaker.succeeded(QUOTES)
    assert list(tmp_path.glob("*.json")) == []
    breaker.failed(QUOTES, LIMITED)
    assert stat.S_IMODE(kept_in(tmp_path).stat().st_mode) == 0o600


@pytest.mark.parametrize(
    "text", [b"", b"{}", b"\xff\x00", b"[" * 9_000, b"x" * 20_000, b'{"written_at": 1, "circuits": []}']
)
def test_nonsense_in_the_file_is_ignored_and_replaced(process: Process, tmp_path: Path, text: bytes) -> None:
    process().failed(QUOTES, LIMITED)
    kept_in(tmp_path).write_bytes(text)
    breaker = process()
    breaker.admit(QUOTES)
    breaker.failed(QUOTES, LIMITED)
    with pytest.raises(SourceRateLimited):
        process().admit(QUOTES)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("opened_at", "2026-03-05T12:00:00Z"),      # ahead of the clock
        ("retry_at", "2026-03-04T18:00:00Z"),       # no pause is that long
        ("retry_at", "2026-03-04T11:00:00Z"),       # over before it began
        ("retry_at", None),
        ("kind", "unheard-of"),
        ("message", ""),
        ("openings", -1),
    ],
)
def test_what_cannot_be_is_ignored(process: Process, tmp_path: Path, field: str, value: object) -> None:
    process().failed(QUOTES, LIMITED)
    told = json.loads(kept_in(tmp_path).read_text())
    told["circuits"][0][field] = value
    kept_in(tmp_path).write_text(json.dumps(told))
    process().admit(QUOTES)


@pytest.mark.parametrize("later", [timedelta(hours=-1), timedelta(hours=2)], ids=["clock set back", "hours ago"])
def test_a_file_from_the_future_or_of_hours_ago_is_ignored(
    process: Process, clock: FrozenClock, later: timedelta
) -> None:
    process().failed(QUOTES, LIMITED)
    clock.set(NOON + later)
    fresh = process()
    fresh.admit(QUOTES)
    assert fresh.health("yahoo").health is Health.OK


def test_a_folder_that_takes_nothing_leaves_a_process_with_what_it_knows(clock: FrozenClock, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("no folder")
    breaker = CircuitBreaker(clock, memory=CircuitMemory(tmp_path / "file" / "cache"))
    breaker.failed(QUOTES, LIMITED)
    with pytest.raises(SourceRateLimited):
        breaker.admit(QUOTES)


def test_another_way_to_yahoo_has_troubles_of_its_own_and_no_name_tells_it(
    process: Process, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    process().failed(QUOTES, LIMITED)
    monkeypatch.setenv("HTTPS_PROXY", "http://me:secret@proxy:8080")
    other = process()
    other.admit(QUOTES)
    other.failed(QUOTES, LIMITED)
    assert len(list(tmp_path.glob("*.json"))) == 2
    assert all("secret" not in path.name + path.read_text() for path in tmp_path.iterdir())


def test_days_of_an_outage_overflow_nothing(process: Process, clock: FrozenClock) -> None:
    breaker = process()
    for _ in range(1_100):
        breaker.failed(QUOTES, LIMITED)
    with pytest.raises(SourceError, match="next try at 12:05:00 UTC"):
        breaker.admit(QUOTES)


_RUN = """
import sys
from pathlib import Path
from forecasting.data.calendars import Calendars
from forecasting.data.sources.yahoo import YahooSource
from forecasting.domain.clock import WallClock
from forecasting.errors import SourceError
try:
    YahooSource(cache_dir=Path(sys.argv[1]), clock=WallClock(), calendars=Calendars()).quotes(["AAPL"])
except SourceError as error:
    print(error.kind, error)
"""


def test_the_second_of_two_real_processes_sends_nothing(tmp_path: Path) -> None:
    with FakeYahoo({"AAPL": FakeSymbol(weekday_bars(date(2026, 3, 6), 5))}) as fake:
        fake.faults["*"] = "429"
        sent, said = [], []
        for _ in range(2):
            environment = os.environ | {"TAPECAST_YAHOO_URL": fake.url}
            run = [sys.executable, "-c", _RUN, str(tmp_path)]
            said.append(subprocess.run(run, env=environment, capture_output=True, text=True, check=True).stdout)
            sent.append(fake.total)
    assert sent == [1, 1]
    assert said[0] == said[1]
    assert said[0].startswith("rate-limited yahoo: ")
