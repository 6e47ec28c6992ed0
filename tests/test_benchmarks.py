"""The benchmarks measure what they say; how fast anything is, no test decides."""

from __future__ import annotations

import math

import pytest

from forecasting.domain.market import Symbol
from tests.benchmarks import bench_first_paint, bench_front, bench_store, bench_stream
from tests.support.bench_cursor import Answer, Press, answers
from tests.support.bench_figures import percentile
from tests.support.bench_terminal import Chunk

SYMBOLS = tuple(map(Symbol, ("AAA", "BBB", "SYN-LONGER", "DDD")))
SHOWN = ("AAA", "BBB", "SYN-LO…", "DDD")


def painted(cursor: int) -> bytes:
    """The table with its cursor on one row, as an app writes it."""
    rows = (f"\x1b[{4 + i};1H\x1b[{44 if i == cursor else 40}m{text}\x1b[0m" for i, text in enumerate(SHOWN))
    return "".join(rows).encode()


def test_a_press_is_answered_when_its_row_has_the_cursor() -> None:
    chunks = [Chunk(1.0, b"\x1b[1;1Htruth" + painted(0)), Chunk(2.020, painted(1)), Chunk(3.5, painted(2))]
    presses = [Press(2.0, 1), Press(3.0, 2)]

    found = answers(chunks, presses, SYMBOLS)

    assert [(a.press.row, round(a.seconds or 0, 3)) for a in found] == [(1, 0.02), (2, 0.5)]
    assert all(a.truth_line.startswith("truth") for a in found)


def test_a_frame_that_skips_a_row_answers_both_presses() -> None:
    found = answers([Chunk(1.0, painted(0)), Chunk(2.4, painted(2))], [Press(2.0, 1), Press(2.1, 2)], SYMBOLS)

    assert [round(a.seconds or 0, 3) for a in found] == [0.4, 0.3]


def test_a_press_that_nothing_answers_is_told_as_lost() -> None:
    lost = Press(2.0, 3)

    assert answers([Chunk(1.0, painted(0)), Chunk(3.0, painted(1))], [lost], SYMBOLS) == [Answer(lost, None, " " * 120)]


def test_ticks_are_counted_by_the_data_time_on_screen() -> None:
    def line(time: str) -> bytes:
        return f"\x1b[1;1Hdata {time} (1s)".encode()

    ticks = [Chunk(i, line(f"10:00:0{i}") + b"\x1b[5;1H" + b"x" * i) for i in (1, 2, 3)]
    chunks = [Chunk(0.0, b"\x1b[2;1Hpaint"), *ticks]

    assert bench_front.bytes_per_tick(chunks) == [len(chunks[3].data)]


def test_percentile_is_a_sample_and_not_between_two() -> None:
    samples = [float(n) for n in range(1, 201)]

    assert (percentile(samples, 0.5), percentile(samples, 0.99), percentile(samples, 1.0)) == (100.0, 198.0, 200.0)


@pytest.mark.parametrize("benchmark", [bench_store, bench_first_paint, bench_stream])
def test_the_smallest_run_yields_finite_figures(benchmark: object, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(benchmark, "SYMBOLS", 3)
    monkeypatch.setattr(benchmark, "SECONDS", 1.0, raising=False)

    figures = benchmark.run(1)  # type: ignore[attr-defined]

    # Of three symbols' prices a process may make less than the system counts: a hundredth of a second.
    least = {name: 0.0 if "cpu" in name else math.ulp(0.0) for name in figures}
    assert all(v is not None and math.isfinite(v) and v >= least[name] for name, v in figures.items()), figures
