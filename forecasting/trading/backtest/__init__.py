"""What following a rule would have earned: decisions at a close, fills at the next open, costs on every fill.

A strategy is handed one session's `Close` at a time and nothing else, so it cannot see the future by construction.
"""

from forecasting.domain.backtest import Figures
from forecasting.trading.backtest.account import Fill, Run, simulate, simulate_each
from forecasting.trading.backtest.statistics import drawdowns, excess, figures
from forecasting.trading.backtest.strategies import BuyAndHold, Direction, Macd, Rsi, Strategy, VolatilityTarget
from forecasting.trading.backtest.tape import Close, Tape

__all__ = [
    "BuyAndHold", "Close", "Direction", "Figures", "Fill", "Macd", "Rsi", "Run", "Strategy", "Tape",
    "VolatilityTarget", "drawdowns", "excess", "figures", "simulate", "simulate_each",
]
