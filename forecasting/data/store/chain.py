"""The ledger's hash chain: canonical JSON of a forecast, and SHA-256 over it and everything before it.

Each row's hash covers the previous row's hash and the row's own text, so no row can be changed, dropped, inserted or
moved without breaking every hash after it. Canonical means: one text for one forecast, with sorted keys, no blanks,
times in UTC, and floats of `DIGITS` significant digits, which is what the ledger remembers of them.
Source: Haber & Stornetta (1991), How to time-stamp a digital document, Journal of Cryptology 3(2).
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from forecasting.data.store.encoding import time_text
from forecasting.domain.forecast import Forecast, Origin, Outcome
from forecasting.domain.interval import parse_key
from forecasting.domain.market import Symbol

DIGITS = 7
"""Significant digits of every float in the ledger: 0.00001 % of a price, far below any tick."""

OUTCOME_COLUMNS = (
    "entry_id, symbol, model, origin, horizon, as_of_session, target_session, settled_at,"
    " actual, median, low_80, high_80, p_up, crps"
)

_canonical = json.JSONEncoder(sort_keys=True, separators=(",", ":"), allow_nan=False).encode

GENESIS = bytes(32)
"""What the first row of a chain takes for the hash before it."""


def link(previous: bytes, text: str) -> bytes:
    """The hash of a row whose canonical text is `text` and whose predecessor's hash is `previous`."""
    import hashlib  # brings OpenSSL along, which the first paint does without

    return hashlib.sha256(previous + text.encode()).digest()


def forecast_text(forecast: Forecast, origin: Origin, recorded_at: datetime) -> str:
    """Canonical JSON of one ledger entry."""
    return _canonical({
        "symbol": forecast.symbol,
        "model": forecast.model,
        "model_id": forecast.model_id,
        "train_end": forecast.train_end.isoformat(),
        "data_hash": forecast.data_hash,
        "seed": forecast.seed,
        "as_of_session": forecast.as_of_session.isoformat(),
        "as_of": time_text(forecast.as_of),
        "issued_at": time_text(forecast.issued_at),
        "recorded_at": time_text(recorded_at),
        "origin": origin.value,
        "last_close": _rounded((forecast.last_close,))[0],
        "target_sessions": [day.isoformat() for day in forecast.target_sessions],
        "target_times": [time_text(moment) for moment in forecast.target_times],
        "levels": _rounded(forecast.levels),
        "log_returns": [_rounded(row) for row in forecast.log_returns],
        "p_up": _rounded(forecast.p_up),
    })


def parse_forecast(text: str) -> tuple[Forecast, Origin]:
    """The inverse of `forecast_text`, to the digits that it keeps.

    Raises:
        ValueError, KeyError, TypeError: If the text was not made by it.
    """
    body = json.loads(text)
    return Forecast(
        symbol=Symbol(body["symbol"]),
        model=body["model"],
        model_id=body["model_id"],
        train_end=parse_key(body["train_end"]),
        data_hash=body["data_hash"],
        seed=body["seed"],
        as_of_session=parse_key(body["as_of_session"]),
        as_of=datetime.fromisoformat(body["as_of"]),
        issued_at=datetime.fromisoformat(body["issued_at"]),
        last_close=body["last_close"],
        target_sessions=tuple(map(parse_key, body["target_sessions"])),
        target_times=tuple(map(datetime.fromisoformat, body["target_times"])),
        levels=tuple(body["levels"]),
        log_returns=tuple(map(tuple, body["log_returns"])),
        p_up=tuple(body["p_up"]),
    ), Origin(body["origin"])


def outcome_row(outcome: Outcome) -> tuple[int | str | float, ...]:
    """An outcome as the values of `OUTCOME_COLUMNS`."""
    return (
        outcome.entry_id, outcome.symbol, outcome.model, outcome.origin.value, outcome.horizon,
        outcome.as_of_session.isoformat(), outcome.target_session.isoformat(), time_text(outcome.settled_at),
        float(outcome.actual), float(outcome.median), float(outcome.low_80), float(outcome.high_80),
        float(outcome.p_up), float(outcome.crps),
    )


def outcome_text(row: Sequence[int | str | float]) -> str:
    """Canonical JSON of one outcome's row, its floats whole: SQLite gives back the eight bytes it was given."""
    return _canonical(list(row))


def parse_outcome(row: Sequence[Any]) -> Outcome:
    """The inverse of `outcome_row`."""
    entry_id, symbol, model, origin, horizon, as_of_session, target_session, settled_at, *figures = row
    return Outcome(
        entry_id, Symbol(symbol), model, Origin(origin), horizon, parse_key(as_of_session),
        parse_key(target_session), datetime.fromisoformat(settled_at), *figures,
    )


def _rounded(values: Sequence[float]) -> list[float]:
    return [float(f"{value:.{DIGITS}g}") for value in values]
