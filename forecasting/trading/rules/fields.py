"""What a rule may ask: the columns by name, what they hold, and how many bars they need before they say anything."""

from __future__ import annotations

from dataclasses import dataclass

from forecasting.domain.decision import SignalKind
from forecasting.domain.forecast import HORIZONS
from forecasting.domain.market import RowState


@dataclass(frozen=True, slots=True)
class FieldSpec:
    """One column."""

    name: str
    meaning: str                 # with its unit, for help and completion
    text: bool = False           # words rather than numbers
    words: frozenset[str] = frozenset()      # where they are of a kind, in small letters: it is never another one
    several: bool = False        # of words: any number of them, apart by blanks; equal where one of them is
    bars: int = 1                # closed bars it needs
    windowed: bool = False       # takes `(20 bars)`, and must be given it unless `plain`
    timed: bool = False          # takes `(2h)` as well
    plain: bool = True           # may stand without a window
    moves: bool = False          # with every new price; all else changes when the source is polled or a bar closes
    closed: bool = False         # of the newest closed bar, also while another one runs


def _per_horizon() -> tuple[FieldSpec, ...]:
    specs: list[FieldSpec] = []
    for h in HORIZONS:
        specs += [
            FieldSpec(f"forecast_{h}d", f"median forecast {h} bars ahead, price", closed=True),
            FieldSpec(f"forecast_{h}d_pct", f"median forecast {h} bars ahead, % of the last close", closed=True),
            FieldSpec(f"band_low_{h}d", f"lower end of the 80 % band {h} bars ahead, price", closed=True),
            FieldSpec(f"band_high_{h}d", f"upper end of the 80 % band {h} bars ahead, price", closed=True),
            FieldSpec(f"band_low_{h}d_pct", f"lower end of the 80 % band {h} bars ahead, %", closed=True),
            FieldSpec(f"band_high_{h}d_pct", f"upper end of the 80 % band {h} bars ahead, %", closed=True),
            FieldSpec(f"p_up_{h}d", f"probability of a rise over {h} bars, 0..1", closed=True),
        ]
    return tuple(specs)


_OPINIONS = frozenset({"buy", "sell", "watch", "none"})
_KINDS = frozenset({*map(str, SignalKind), "none"})
_STATES = frozenset(state.lower() for state in RowState)

FIELDS: dict[str, FieldSpec] = {
    spec.name: spec
    for spec in (
        FieldSpec("last", "newest price", moves=True),
        FieldSpec("open", "open of the running or newest bar"),
        FieldSpec("high", "high of the running or newest bar; high(20 bars): highest high of the 20 bars before it",
                  windowed=True),
        FieldSpec("low", "low of the running or newest bar; low(20 bars): lowest low of the 20 bars before it",
                  windowed=True),
        FieldSpec("average", "mean close of the newest bars: average(50 bars)", windowed=True, plain=False,
                  moves=True),
        FieldSpec("change_pct", "% against the previous close; change_pct(5 bars) or change_pct(2h): over that stretch",
                  bars=2, windowed=True, timed=True, moves=True),
        FieldSpec("volume", "of the running or newest bar, shares"),
        FieldSpec("volume_ratio", "volume against its mean of 20 bars before", bars=21),
        FieldSpec("rsi", "RSI(14) on adjusted closes", bars=15, closed=True),
        FieldSpec("macd", "MACD(12, 26) line", bars=34, closed=True),
        FieldSpec("macd_signal", "MACD signal line (9)", bars=34, closed=True),
        FieldSpec("macd_hist", "MACD line minus its signal line", bars=34, closed=True),
        FieldSpec("skill", "CRPS skill of the shown model against the random walk, %", closed=True),
        FieldSpec("coverage", "share of outcomes inside the 80 % band, %", closed=True),
        FieldSpec("hit_rate", "share of directions the shown model had right, %", closed=True),
        FieldSpec("signal", "newest signal: buy, sell, watch or none; all that one bar has signalled holds", text=True,
                  words=_OPINIONS, several=True, closed=True),
        FieldSpec("signal_kind", "what made it: rsi-oversold, macd-golden, ...", text=True, words=_KINDS,
                  several=True, closed=True),
        FieldSpec("age", "seconds since the newest price was made", moves=True),
        FieldSpec("state", "LIVE, PRE, AH, CLS, STALE or ERR", text=True, words=_STATES),
        FieldSpec("symbol", "the ticker", text=True),
        FieldSpec("name", "the instrument's name", text=True),
        FieldSpec("currency", "ISO code", text=True),
        FieldSpec("tag", "what a person has tagged it with: tag == core holds where core is one of its tags", text=True,
                  several=True),
        FieldSpec("position.qty", "how many are held; negative: short"),
        FieldSpec("position.cost", "what one has cost on average, fees included, in the instrument's currency"),
        FieldSpec("position.value", "worth of what is held, in the instrument's currency", moves=True),
        FieldSpec("position.pnl", "unrealised profit or loss, in the instrument's currency", moves=True),
        FieldSpec("position.pnl_pct", "unrealised profit or loss, % of cost", moves=True),
        FieldSpec("position.day_pnl", "won or lost since the previous close, in the instrument's currency", moves=True),
        *_per_horizon(),
    )
}
"""All columns, by name."""
