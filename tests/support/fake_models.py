"""Models for the app's tests: a board, a band and a training, the same figures every time."""

from __future__ import annotations

import math
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

from forecasting.domain.market import Symbol
from forecasting.domain.snapshot import Health, JobStatus, Snapshot
from forecasting.domain.training import Epoch
from forecasting.service.model_board import (
    AskBand,
    AskModels,
    Band,
    CalibrationStatus,
    MemberStatus,
    ModelBoard,
    Part,
    PastRun,
    Version,
)
from tests.support.fake_engine import NOW, FakeEngine

END = date(2026, 2, 26)
_BLOCKS = ("day", "week", "month", "quarter", "leverage", "market", "other")
_PARTS = (0.113, 0.042, -0.081, -0.012, 0.0, 0.164, 0.008)


def epochs(network: str, count: int, at_most: int = 20) -> tuple[Epoch, ...]:
    """Losses that fall ever more slowly; the validation's rises again in the end."""
    seed = int(network[-1])
    return tuple(
        Epoch(network, n, at_most, "CRPS", None if n == 0 else 1.02 + 0.06 * math.exp(-n / 4) + 0.002 * seed,
              1.045 + 0.045 * math.exp(-n / 3) + 0.0006 * max(0, n - 7) + 0.001 * seed)
        for n in range(count + 1)
    )


def member(number: int, kept: int, run: int) -> MemberStatus:
    """One network."""
    label = f"lstm-{number}"
    return MemberStatus(label, 0.5 / 3, number, 41_230, kept, None, epochs(label, run))


def board() -> ModelBoard:
    """A champion, a challenger in shadow, one former ensemble, and the quick models."""
    members = (MemberStatus("har-t", 0.5, 0), member(0, 7, 9), member(1, 8, 10), member(2, 6, 8))
    made = datetime(2026, 2, 26, 21, 4, tzinfo=UTC)
    start = date(2016, 1, 14)
    return ModelBoard(
        versions=(
            Version("ensemble", "3fa9c1d2e4b5", "champion", END, made, start, "", members),
            Version("ensemble", "9b20aa417c3d", "challenger", date(2026, 2, 27), made + timedelta(days=1), start,
                    "in shadow, 2 of 5 sessions, CRPS -0.12 % on the champion's, n=24, too few to tell", members),
            Version("lstm", "51ce0f77ab02", "at work", END),
            Version("har-t", "d0c7716e2b9f", "at work", date(2026, 2, 27)),
            Version("ewma-t", "a1a1b2c3d4e5", "at work", date(2026, 2, 27)),
            Version("random-walk", "000aa11bb22c", "at work", date(2026, 2, 27)),
            Version("ensemble", "77e1f0c2d3a4", "former", date(2026, 2, 19), made - timedelta(days=7), start, "",
                    members),
        ),
        calibration=(
            CalibrationStatus(1, 1.021, 1.034, 0.912, 1.187, 0.982),
            CalibrationStatus(5, 1.008, 1.012, 0.951, 1.102, 0.991),
            CalibrationStatus(10, 1.0, 0.997, 0.963, 1.061, 1.004),
        ),
        calibrated_symbols=12,
        alarms=("coverage drift since 2026-02-12: the 80 % band held 66% over 20 sessions (n 240)",),
        answers=("the ensemble's bands are issued 1.1 times as wide",),
        watched=48,
        runs=(
            PastRun("train", NOW - timedelta(hours=1), NOW - timedelta(minutes=58), False, "cancelled"),
            PastRun("refit", NOW - timedelta(hours=18), NOW - timedelta(hours=18), True,
                    "HAR-t and EWMA-t fitted to 2026-02-27 on 12 symbols"),
            PastRun("challenger", NOW - timedelta(days=4), NOW - timedelta(days=4), True,
                    "takes over: in shadow, 5 of 5 sessions, CRPS -0.31 % on the champion's, n=60, too few to tell"),
            PastRun("train", NOW - timedelta(days=5), None, None, ""),
        ),
        trials=17,
    )


def band(symbol: Symbol) -> Band:
    """A band wider than usual, because of yesterday and of the market."""
    baseline = math.log(0.031)
    blocks = tuple(zip(_BLOCKS, _PARTS, strict=True))

    def part(name: str, weight: float, by: float, gap: float) -> Part:
        own = tuple((block, value * by) for block, value in blocks)
        own = (*own, ("bounds", 0.0)) if name == "har-t" else own
        return Part(name, weight, baseline + sum(v for _, v in own) + gap, baseline, own, gap)

    parts = (part("ensemble", 1.0, 1.0, 0.001), part("har-t", 0.5, 1.1, 0.0), part("networks", 0.5, 0.9, 0.004))
    return Band(symbol, date(2026, 2, 27), 5, "ensemble", "3fa9c1d2e4b5", END, parts, (-0.0521, 0.0544), 1.034)


def fill_models(engine: FakeEngine) -> None:
    """Have the engine answer about its models."""
    engine.answers[AskModels] = lambda question, on_step: board()
    engine.answers[AskBand] = lambda question, on_step: band(question.symbol)


def training(snapshot: Snapshot) -> Snapshot:
    """The same with an ensemble in training: two networks done, the third in its fourth epoch."""
    losses = (*epochs("lstm-0", 9), *epochs("lstm-1", 10), *epochs("lstm-2", 4))
    message = "lstm-2: epoch 4 of at most 20, validation CRPS 1.0591"
    jobs = (
        JobStatus("refresh", Health.OK, "every 15 s", None, None, NOW - timedelta(seconds=4),
                  NOW + timedelta(seconds=11)),
        JobStatus("refit", Health.OK, "HAR-t and EWMA-t fitted to 2026-02-27 on 12 symbols in 1 s",
                  last_run=NOW - timedelta(hours=18), next_run=NOW + timedelta(hours=5, minutes=32)),
        JobStatus("train", Health.WORKING, message, 0.71, 42.0, NOW - timedelta(hours=1), epochs=losses),
        JobStatus("backfill", Health.OK, "cancelled; due again after 03-02 21:01", last_run=NOW - timedelta(hours=2)),
    )
    return replace(snapshot, jobs=jobs)
