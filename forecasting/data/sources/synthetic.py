"""Made-up price processes: what simulated tickers and the demo's synthetic stocks have in common.

Volatility clusters (GARCH(1,1) with Student-t innovations), rare jumps are symmetric, and no drift is planted: the
idiosyncratic part of a return says nothing about the direction of the next one.
Sources: Bollerslev (1987), Review of Economics and Statistics 69(3); the day's high and low, given its open and close,
as the maximum of a Brownian bridge: Karatzas & Shreve, Brownian Motion and Stochastic Calculus (1991), ch. 4.3.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

import numpy as np
import numpy.typing as npt

from forecasting.domain.market import Bar
from forecasting.domain.sessions import SessionTable

FloatArray = npt.NDArray[np.float64]

SESSIONS_PER_YEAR = 252
_ALPHA, _BETA = 0.08, 0.90       # GARCH weights of the last shock and of the last variance
_FREEDOM = 6                     # degrees of freedom of the innovations
_JUMPS_PER_YEAR, _JUMP_SD = 2.0, 0.05
_OVERNIGHT_SHARE = 0.25          # of a day's variance, before the open
_MORNING, _EVENING = 2.0, 1.0    # how much louder the first and the last slot of a day are than its quietest
_LULL = 0.6                      # share of the session after which that comes


@dataclass(frozen=True, slots=True, eq=False)
class Noise:
    """Independent numbers for each of T sessions; a longer history starts with the shorter one's numbers."""

    shocks: FloatArray       # (T,) standardised Student-t: mean 0, variance 1
    jumps: FloatArray        # (T,) log returns, mostly 0
    normals: FloatArray      # (T, 2) gap before the open, volume
    uniforms: FloatArray     # (T, 2) in (0, 1]: high, low


def draw_noise(rng: np.random.Generator, sessions: int) -> Noise:
    """Everything random about one instrument over `sessions` sessions.

    Each session takes the same count of numbers from the generator, in order of time, so that one more session leaves
    all earlier ones as they were.
    """
    z = rng.standard_normal((sessions, 10 + _FREEDOM))
    innovation, gap_and_volume, pairs, jump_size, chi = z[:, 0], z[:, 1:3], z[:, 3:9], z[:, 9], z[:, 10:]
    student_t = innovation / np.sqrt(np.mean(chi**2, axis=1))
    uniforms = np.exp(-0.5 * (pairs[:, 0::2] ** 2 + pairs[:, 1::2] ** 2))   # two squared normals: an exponential
    jumped = uniforms[:, 2] < _JUMPS_PER_YEAR / SESSIONS_PER_YEAR
    return Noise(
        shocks=student_t * np.sqrt((_FREEDOM - 2) / _FREEDOM),
        jumps=np.where(jumped, jump_size * _JUMP_SD, 0.0),
        normals=gap_and_volume,
        uniforms=uniforms[:, :2],
    )


def garch_returns(noise: Noise, annual_vol: float) -> tuple[FloatArray, FloatArray]:
    """Log returns of mean zero and their conditional standard deviations, both (T,).

    Args:
        noise: Of this instrument.
        annual_vol: Unconditional volatility per year, without jumps; 0.3 is 30 %.
    """
    long_run = annual_vol**2 / SESSIONS_PER_YEAR
    variance, sigma = long_run, np.empty_like(noise.shocks)
    for t, shock in enumerate(noise.shocks.tolist()):
        sigma[t] = variance**0.5
        variance = (1.0 - _ALPHA - _BETA) * long_run + (_ALPHA * shock * shock + _BETA) * variance
    return sigma * noise.shocks + noise.jumps, sigma


def bars_from_returns(
    sessions: Sequence[date], returns: FloatArray, sigma: FloatArray, noise: Noise, *, first_price: float, volume: float
) -> tuple[Bar, ...]:
    """Daily bars whose closes follow `returns`, with consistent open, high, low and volume.

    Args:
        sessions: (T,) names of the sessions.
        returns: (T,) close-to-close log returns.
        sigma: (T,) standard deviation of those, > 0.
        noise: Of this instrument.
        first_price: Price before the first session.
        volume: Typical units per session.
    """
    close = first_price * np.exp(np.cumsum(returns))
    before = np.concatenate(([first_price], close[:-1]))
    # Given the day's return, the share before the open is normal around its share of the variance.
    apart = np.sqrt(_OVERNIGHT_SHARE * (1.0 - _OVERNIGHT_SHARE))
    gap = _OVERNIGHT_SHARE * returns + apart * sigma * noise.normals[:, 0]
    opened = before * np.exp(gap)
    inside = returns - gap
    variance = (1.0 - _OVERNIGHT_SHARE) * sigma**2
    spread = np.sqrt(inside[:, None] ** 2 - 2.0 * variance[:, None] * np.log(noise.uniforms))   # (T, 2)
    high = opened * np.exp(0.5 * (inside + spread[:, 0]))
    low = opened * np.exp(0.5 * (inside - spread[:, 1]))
    units = volume * np.exp(0.3 * noise.normals[:, 1] + 0.3 * np.minimum(np.abs(returns) / sigma, 4.0))
    columns = (np.maximum(np.round(prices, 4), 0.0001).tolist() for prices in (opened, high, low, close))
    return tuple(
        Bar(session, o, h, low_, c, c, v)
        for session, o, h, low_, c, v in zip(sessions, *columns, np.round(units).tolist(), strict=True)
    )


def loudness(slots: int) -> FloatArray:
    """Standard deviation of each slot of a day against the quietest one's, shape (S,): the planted daily pattern."""
    share = (np.arange(slots) + 0.5) / slots
    before, after = np.maximum(1.0 - share / _LULL, 0.0), np.maximum((share - _LULL) / (1.0 - _LULL), 0.0)
    pattern: FloatArray = 1.0 + _MORNING * before**2 + _EVENING * after**2
    return pattern


def walk_inside(day: Bar, opens: Sequence[datetime], rng: np.random.Generator) -> tuple[Bar, ...]:
    """Bars of the slots that open at `opens`, from the day's open to its close, each beginning where the last ended.

    A bridge of heavy-tailed steps, larger where the day is loud; its range need not be the day's.
    """
    pattern = loudness(len(opens))
    noise = draw_noise(rng, len(opens))
    sigma = np.log(day.high / day.low) / 1.67 * pattern / np.sqrt(np.sum(pattern**2)) + 1e-5   # of a range, Parkinson
    steps = sigma * noise.shocks
    inside = np.log(day.close / day.open)
    steps += (inside - steps.sum()) * sigma**2 / np.sum(sigma**2)
    log_close = np.cumsum(steps)
    spread = np.sqrt(steps[:, None] ** 2 - 2.0 * sigma[:, None] ** 2 * np.log(noise.uniforms))   # as of whole days
    log_open = log_close - steps
    prices = np.stack([log_open, log_open + 0.5 * (steps + spread[:, 0]), log_open + 0.5 * (steps - spread[:, 1]),
                       log_close])
    rows = np.maximum(np.round(day.open * np.exp(prices), 4), 0.0001)
    rows[3, -1] = day.close
    rows[0, 1:] = rows[3, :-1]
    rows[1], rows[2] = np.maximum(rows[1], rows[[0, 3]].max(axis=0)), np.minimum(rows[2], rows[[0, 3]].min(axis=0))
    weights = pattern * np.exp(0.3 * noise.normals[:, 1])
    units = np.round(day.volume * weights / weights.sum())
    return tuple(
        Bar(moment, o, h, low, c, c, v)
        for moment, (o, h, low, c), v in zip(opens, rows.T.tolist(), units.tolist(), strict=True)
    )


def joined(bars: Sequence[Bar], slots: SessionTable) -> tuple[Bar, ...]:
    """Bars of one session put together to those of `slots`, which begin with every so many of them."""
    groups: dict[date, list[Bar]] = {}
    for bar in bars:
        assert isinstance(bar.session, datetime)
        slot = slots.last_opened(bar.session)
        assert slot is not None
        groups.setdefault(slot.session, []).append(bar)
    return tuple(
        Bar(key, part[0].open, max(b.high for b in part), min(b.low for b in part), part[-1].close, part[-1].close,
            sum(b.volume for b in part))
        for key, part in groups.items()
    )
