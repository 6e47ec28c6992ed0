"""Panels of shapes that no recorded data here has: many tickers, many years, and a market crash that happened.

Stocks follow an index by a beta of their own. Where the index is the real S&P 500 (`crash_panel`), so are its crash and
its sessions; what the stocks add is made, and rougher while the market is rough, as it was in 2008.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import numpy as np

from forecasting.data.demo import demo_history
from forecasting.data.sources.synthetic import bars_from_returns, draw_noise, garch_returns
from forecasting.domain.market import Bar, BarSeries, Instrument, Symbol
from forecasting.features.panel import FloatArray

INDEX = Symbol("^GSPC")
_MARKET_VOL = 0.16      # per year, of the made-up factor
_DECAY = 0.94
_WITH_MARKET = 0.7      # power of the market's volatility by which a stock's own part grows


def index_bars(first: date, last: date) -> tuple[Bar, ...]:
    """The real daily bars of the S&P 500 that `arch` ships, from `first` to `last` (within 1999..2018)."""
    return tuple(bar for bar in demo_history()[INDEX].bars if first <= bar.session <= last)


def factor_panel(symbols: int, first: date, last: date, *, seed: int = 0) -> list[BarSeries]:
    """GARCH-t stocks driven by one GARCH-t factor, on the sessions of New York."""
    sessions = [bar.session for bar in index_bars(first, last)]
    noise = draw_noise(np.random.default_rng([seed, 0]), len(sessions))
    market, sigma = garch_returns(replace(noise, jumps=np.zeros(len(sessions))), _MARKET_VOL)
    return _stocks(sessions, market, sigma, symbols, seed, rough=np.ones(len(sessions)))


def crash_panel(symbols: int, first: date, last: date, *, seed: int = 0) -> list[BarSeries]:
    """GARCH-t stocks driven by the real index, with own parts that swell as its volatility does."""
    bars = index_bars(first, last)
    closes = np.array([bar.adj_close for bar in bars])
    market = np.concatenate(([0.0], np.diff(np.log(closes))))
    sigma = _ewma(market)
    rough = (sigma / np.median(sigma)) ** _WITH_MARKET
    return _stocks([bar.session for bar in bars], market, sigma, symbols, seed, rough)


def _stocks(
    sessions: list[date], market: FloatArray, market_sigma: FloatArray, symbols: int, seed: int, rough: FloatArray
) -> list[BarSeries]:
    rng = np.random.default_rng([seed, 1])
    betas, vols = rng.uniform(0.5, 1.5, symbols), rng.uniform(0.14, 0.40, symbols)
    prices = rng.uniform(10.0, 120.0, symbols)
    made = []
    for i in range(symbols):
        noise = draw_noise(np.random.default_rng([seed, 2, i]), len(sessions))
        own, own_sigma = garch_returns(noise, float(vols[i]))
        bars = bars_from_returns(
            sessions, betas[i] * market + rough * own, np.hypot(betas[i] * market_sigma, rough * own_sigma), noise,
            first_price=float(prices[i]), volume=3e6,
        )
        symbol = Symbol(f"SIM{i:03d}")
        made.append(BarSeries(Instrument(symbol, f"{symbol} (simulated)", "XNYS", "USD", synthetic=True), bars))
    return made


def _ewma(returns: FloatArray) -> FloatArray:
    """EWMA(.94) standard deviation of the returns up to each session, (T,)."""
    variance, out = float(np.mean(returns[:60] ** 2)), np.empty_like(returns)
    for t, r in enumerate(returns.tolist()):
        variance = _DECAY * variance + (1.0 - _DECAY) * r * r
        out[t] = variance**0.5
    return out
