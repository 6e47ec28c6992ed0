"""The demo's market: two real indices and ten synthetic stocks driven by them, 1999 to 2018.

The S&P 500 and the NASDAQ Composite are the real daily bars that the `arch` package ships; only its data files are
read, the package itself (slow to import) is not. The stocks are made: the real index returns times betas of their own,
plus noise of their own with clustered volatility and jumps. They are marked as synthetic wherever they appear, and
their symbols and names belong to nobody.
"""

from __future__ import annotations

import gzip
from datetime import date
from importlib.util import find_spec
from pathlib import Path
from typing import NamedTuple

import numpy as np

from forecasting.data.exchanges import US
from forecasting.data.quality import clean_bars
from forecasting.data.sources.csv import parse_csv
from forecasting.data.sources.synthetic import FloatArray, bars_from_returns, draw_noise, garch_returns
from forecasting.domain.market import BarSeries, Instrument, Symbol
from forecasting.errors import DataError

_SEED = 20080616


class _Stock(NamedTuple):
    """How one synthetic stock follows the indices."""

    symbol: str
    name: str
    beta_sp500: float
    beta_nasdaq: float
    own_vol: float        # per year, of the part that no index explains
    first_price: float


_STOCKS = (
    _Stock("SYN-ALFA", "Alfa Utilities (synthetic)", 0.55, 0.00, 0.14, 32.0),
    _Stock("SYN-BOLT", "Bolt Semiconductors (synthetic)", 0.10, 1.15, 0.32, 21.0),
    _Stock("SYN-CORE", "Core Software (synthetic)", 0.15, 0.85, 0.24, 44.0),
    _Stock("SYN-DUNE", "Dune Energy (synthetic)", 0.95, 0.00, 0.28, 38.0),
    _Stock("SYN-ECHO", "Echo Telecom (synthetic)", 0.50, 0.30, 0.22, 27.0),
    _Stock("SYN-FERN", "Fern Foods (synthetic)", 0.50, 0.00, 0.16, 41.0),
    _Stock("SYN-GALE", "Gale Airlines (synthetic)", 1.15, 0.10, 0.38, 18.0),
    _Stock("SYN-HALO", "Halo Bank (synthetic)", 1.30, 0.00, 0.27, 36.0),
    _Stock("SYN-IRIS", "Iris Biotech (synthetic)", 0.20, 0.65, 0.42, 14.0),
    _Stock("SYN-JADE", "Jade Mining (synthetic)", 0.60, 0.05, 0.36, 24.0),
)


def demo_history() -> dict[Symbol, BarSeries]:
    """Daily bars by symbol, the indices first; the same on every machine.

    Raises:
        DataError: If the `arch` package or its data files are missing.
    """
    sp500 = _index("^GSPC", "S&P 500", "sp500")
    nasdaq = _index("^IXIC", "NASDAQ Composite", "nasdaq")
    sessions = [bar.session for bar in sp500.bars]
    returns = np.stack([_log_returns(sp500), _log_returns(nasdaq)], axis=1)   # (T, 2)
    ranges = np.stack([_range_sigma(sp500), _range_sigma(nasdaq)], axis=1)    # (T, 2)
    stocks = [_synthetic(stock, sessions, returns, ranges, number) for number, stock in enumerate(_STOCKS)]
    return {series.symbol: series for series in (sp500, nasdaq, *stocks)}


def _index(symbol: str, name: str, folder: str) -> BarSeries:
    package = find_spec("arch")
    if package is None or package.origin is None:
        raise DataError("the demo's index bars come with the 'arch' package, which is not installed; pip install arch")
    path = Path(package.origin).parent / "data" / folder / f"{folder}.csv.gz"
    try:
        content = gzip.decompress(path.read_bytes())
    except (OSError, EOFError) as error:
        raise DataError(f"demo: cannot read {path} ({error}); reinstall the 'arch' package") from error
    rows = parse_csv(content, file=path.name, parse_date=_american_date)
    instrument = Instrument(Symbol(symbol), name, US, "USD")
    series, _ = clean_bars(instrument, rows, newest=date.max)
    return series


def _synthetic(
    stock: _Stock, sessions: list[date], index_returns: FloatArray, index_sigma: FloatArray, number: int
) -> BarSeries:
    betas = np.array([stock.beta_sp500, stock.beta_nasdaq])
    noise = draw_noise(np.random.default_rng([_SEED, number]), len(sessions))
    own_returns, own_sigma = garch_returns(noise, stock.own_vol)
    bars = bars_from_returns(
        sessions,
        index_returns @ betas + own_returns,
        np.hypot(index_sigma @ betas, own_sigma),
        noise,
        first_price=stock.first_price,
        volume=3e6,
    )
    return BarSeries(Instrument(Symbol(stock.symbol), stock.name, US, "USD", synthetic=True), bars)


def _log_returns(series: BarSeries) -> FloatArray:
    """Close-to-close log returns, (T,); the first is 0."""
    closes = np.array([bar.adj_close for bar in series.bars])
    return np.concatenate(([0.0], np.diff(np.log(closes))))


def _range_sigma(series: BarSeries) -> FloatArray:
    """Each day's volatility from its own high and low, (T,): Parkinson (1980), Journal of Business 53(1)."""
    highs, lows = np.array([bar.high for bar in series.bars]), np.array([bar.low for bar in series.bars])
    return np.asarray(np.log(highs / lows) / np.sqrt(4.0 * np.log(2.0)))


def _american_date(cell: str) -> date:
    month, day, year = cell.split("/")
    return date(int(year), int(month), int(day))
