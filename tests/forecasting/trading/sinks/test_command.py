"""The command hook: arguments and never a shell, fed with JSON, killed with all it started when its time is over."""

from __future__ import annotations

import json
import os
import shlex
import signal
import sys
import threading
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings

from forecasting.errors import DeliveryError
from forecasting.trading.sinks.command import CommandSink
from forecasting.trading.sinks.message import told
from tests.support.alerts import HOSTILE, alert
from tests.support.waiting import PATIENCE_S, until, within

MESSAGE = told((alert(7),))


def script(path: Path, body: str) -> str:
    path.write_text(f"#!/bin/sh\n{body}\n")
    path.chmod(0o700)
    return str(path)


def refused(sink: CommandSink) -> DeliveryError:
    with pytest.raises(DeliveryError) as caught:
        sink.deliver(MESSAGE)
    return caught.value


def is_there(pid: int) -> bool:
    """Whether a process runs; one that only waits to be reaped does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def test_placeholders_are_arguments_or_parts_of_them(tmp_path: Path) -> None:
    hook = script(tmp_path / "hook", f'printf "%s\\n" "$@" > {tmp_path}/args; cat > {tmp_path}/stdin')
    words = [hook, "-x", "{symbol}", "is {value} now", "{rule}|{reason}", "{}"]
    CommandSink("hook", words, PATIENCE_S).deliver(MESSAGE)

    assert (tmp_path / "args").read_text().splitlines() == [
        "-x", "NVDA", "is 71.25 now", "rsi crosses above 70|rsi crosses above 70: rsi 71.25", "{}",
    ]  # fmt: skip
    assert json.loads((tmp_path / "stdin").read_bytes()) == json.loads(MESSAGE.json())


@settings(max_examples=8, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(HOSTILE, HOSTILE)
def test_whatever_stands_in_an_alert_stays_one_argument_without_control_characters(
    tmp_path: Path, symbol: str, rule: str
) -> None:
    hook = script(tmp_path / "hook", f'printf "%s\\0" "$#" "$@" > {tmp_path}/args')
    hostile = alert(symbol=symbol, rule=f"$(touch {shlex.quote(str(tmp_path))}/owned);{rule}", reason=rule)
    CommandSink("hook", [hook, "{symbol}", "{rule}", "{reason}"], PATIENCE_S).deliver(told((hostile,)))

    count, *args, rest = (tmp_path / "args").read_bytes().decode().split("\0")
    assert (count, len(args), rest) == ("3", 3, "")
    assert all(arg.isprintable() for arg in args)
    assert not (tmp_path / "owned").exists()


def test_of_a_digest_only_the_reason_stands_in_the_arguments(tmp_path: Path) -> None:
    hook = script(tmp_path / "hook", f'printf "%s|" "$@" > {tmp_path}/args')
    many = told(tuple(alert(i, symbol=f"S{i % 4}") for i in range(9)))
    CommandSink("hook", [hook, "{symbol}", "{value}", "{reason}"], PATIENCE_S).deliver(many)
    assert (tmp_path / "args").read_text() == (
        "||S0 (3), S1 (2), S2 (2) and 1 more; rsi crosses above 70 (9); first: S0 rsi crosses above 70: rsi 71.25; "
        "S1 rsi crosses above 70: rsi 71.25; S2 rsi crosses above 70: rsi 71.25|"
    )


def test_how_it_ended_and_what_it_said_is_told_on_one_clean_line(tmp_path: Path) -> None:
    noisy = "printf '\\033]0;owned\\007no\\n  such\\0 user\\033[31m'; head -c 300000 /dev/zero | tr '\\0' x; exit 3"
    error = refused(CommandSink("hook", [script(tmp_path / "hook", noisy)], PATIENCE_S))
    assert str(error).startswith("hook ended with 3: no such user" + "x" * 9)
    assert str(error).isprintable()
    assert len(str(error)) < 200

    error = refused(CommandSink("hook", [script(tmp_path / "hook", "kill -9 $$")], PATIENCE_S))
    assert (str(error), error.again) == ("hook was ended by signal 9: it said nothing", True)


@pytest.mark.parametrize(("name", "why"), [("/no/such/hook", "No such file"), ("/etc/passwd", "Permission denied")])
def test_what_cannot_be_started_is_not_tried_again(name: str, why: str) -> None:
    error = refused(CommandSink("hook", [name], PATIENCE_S))
    assert f"{Path(name).name} cannot be started ({why}" in str(error)
    assert not error.again


@pytest.mark.parametrize(("code", "again"), [(1, True), (75, True), (126, False), (127, False)])
def test_a_hook_whose_program_is_missing_is_not_tried_for_hours(tmp_path: Path, code: int, again: bool) -> None:
    assert refused(CommandSink("hook", [script(tmp_path / "hook", f"exit {code}")], PATIENCE_S)).again is again


@pytest.mark.parametrize("hang", ["sleep 60", "exec >&- 2>&-; sleep 60", "yes"])
def test_what_hangs_or_floods_is_killed_with_all_it_started(tmp_path: Path, hang: str) -> None:
    hook = script(tmp_path / "hook", f"sleep 60 & echo $! > {tmp_path}/child\n{hang}")
    with within(2.0):
        error = refused(CommandSink("hook", [hook], 1.0))
    assert (str(error), error.again) == ("hook was still running after 1 s and was killed", True)
    child = int((tmp_path / "child").read_text())
    until(lambda: not is_there(child))


def test_what_a_hook_leaves_in_the_background_is_neither_waited_for_nor_killed(tmp_path: Path) -> None:
    hook = script(tmp_path / "hook", f"sleep 60 & echo $! > {tmp_path}/child")
    with within(2.0):
        CommandSink("hook", [hook], 60).deliver(MESSAGE)
    child = int((tmp_path / "child").read_text())
    assert is_there(child)
    os.kill(child, signal.SIGKILL)


def test_close_kills_what_runs_and_nothing_is_started_after_it(tmp_path: Path) -> None:
    hook = script(tmp_path / "hook", f"touch {tmp_path}/began; sleep 60")
    sink = CommandSink("hook", [hook], 60)
    failed: list[DeliveryError] = []
    thread = threading.Thread(target=lambda: failed.append(refused(sink)))
    thread.start()
    until((tmp_path / "began").exists)
    with within(2.0):
        sink.close()
        thread.join(PATIENCE_S)
    assert len(failed) == 1
    assert str(refused(sink)) == "tapecast stops"


def test_it_waits_for_no_input_that_nobody_reads() -> None:
    many = told(tuple(alert(i, reason="x" * 600) for i in range(99)))
    CommandSink("hook", [sys.executable, "-c", ""], PATIENCE_S).deliver(many)
