"""When rules fire: against pandas and TA-Lib on random bars, across restarts, and with figures missing."""

from __future__ import annotations

import json
from collections.abc import Sequence
from itertools import pairwise

import numpy as np
import pandas as pd
import pytest
import talib
from hypothesis import given
from hypothesis import strategies as st

from forecasting.domain.market import Symbol
from forecasting.trading.rules.evaluate import RuleWatch, matches
from forecasting.trading.rules.parser import parse_filter, parse_rule
from forecasting.trading.rules.traits import bars_needed
from tests.support.columns import NAN, Columns, row

AAPL = (Symbol("AAPL"),)


def fired(text: str, frames: Sequence[Columns], *, restart: bool = False, hysteresis: float = 0.0) -> list[int]:
    """Indices of the frames at which the rule fired; `restart` carries its memory through JSON after every frame."""
    rule, found = parse_rule(text), []
    watch = RuleWatch(rule, AAPL, hysteresis=hysteresis)
    for i, frame in enumerate(frames):
        if restart and i:
            memory = json.loads(json.dumps(watch.memory(0)))
            watch = RuleWatch(rule, AAPL, hysteresis=hysteresis)
            assert watch.restore(0, memory)
        found += [i for _ in watch.step(frame)]
    return found


def lasts(*values: float) -> list[Columns]:
    return [row(bar=i, last=v) for i, v in enumerate(values)]


def test_a_state_fires_when_it_comes_true_and_not_when_it_is_found_true() -> None:
    assert fired("last > 100", lasts(101, 102, 99, 101, 103, 100, 100.1)) == [3, 6]


def test_a_crossing_needs_the_other_side_or_the_line_at_the_bar_before() -> None:
    assert fired("last crosses above 100", lasts(100, 101, 100, 100, 99, 100, 101)) == [1, 6]
    assert fired("last crosses below 100", lasts(99, 101, 99, 100, 99)) == [2, 4]


def test_what_is_missing_neither_fires_nor_forgets() -> None:
    assert fired("last > 100", lasts(NAN, 101, NAN, 99, NAN, 101)) == [5]
    assert fired("last > 100", lasts(99, NAN, NAN, 101)) == [3]


def test_or_is_known_once_a_part_is_true_or_all_are_known() -> None:
    looks = [(99, 60), (101, NAN), (99, 60), (99, 71)]
    frames = [row(bar=i, last=last, rsi=rsi) for i, (last, rsi) in enumerate(looks)]

    assert fired("last > 100 or rsi > 70", frames) == [1, 3]
    assert fired("last > 100 and rsi > 50", frames) == []


def test_a_crossing_beside_a_lasting_state_fires_at_its_own_moments() -> None:
    looks = [(99, 20), (101, 20), (101, 31), (101, 29)]
    frames = [row(bar=i, last=last, rsi=rsi) for i, (last, rsi) in enumerate(looks)]

    assert fired("rsi crosses above 30 or last > 100", frames) == [1, 2]


def test_for_bars_counts_bars_and_not_looks() -> None:
    looks = [(0, 99), (0, 101), (0, 101), (1, 101), (1, 99), (1, 101), (2, 101), (3, 99), (4, 101)]
    frames = [row(bar=b, last=v) for b, v in looks]

    assert fired("last > 100 for 3 bars", frames) == [6]


def test_prices_after_the_close_undo_nothing_that_held_at_it() -> None:
    looks = [(0, 99, False), (0, 101, True), (0, 98, True), (1, 101, False), (1, 101, True), (1, 99, True),
             (2, 101, False)]  # fmt: skip
    frames = [row(bar=b, last=v, closed=closed) for b, v, closed in looks]

    assert fired("last > 100 for 3 bars", frames) == fired("last > 100 for 3 bars", frames, restart=True) == [6]


def test_figures_of_closed_bars_are_counted_at_their_close_and_not_again_while_the_next_bar_runs() -> None:
    looks = [(0, 50, True), (1, 50, False), (1, 39, True), (2, 39, False), (2, 38, True), (3, 38, False), (3, 37, True)]
    frames = [row(bar=b, last=100.0 + b, rsi=v, closed=closed) for b, v, closed in looks]

    for text in ("rsi < 40 for 3 bars", "(rsi < 40 and last > 1) for 3 bars"):
        assert fired(text, frames) == fired(text, frames, restart=True) == [6]


def test_then_wants_its_second_part_later_and_in_time() -> None:
    frames = [row(bar=i, last=last, rsi=rsi) for i, (last, rsi) in enumerate(
        [(99, 60), (101, 60), (101, 71), (99, 60), (101, 60), (101, 60), (101, 60), (101, 71)])]  # fmt: skip

    assert fired("last > 100 then rsi > 70", frames) == [2, 7]
    assert fired("last > 100 then rsi > 70 within 2 bars", frames) == [2]
    assert fired("last > 100 then rsi > 70 within 3d", frames) == [2, 7]
    assert fired("last > 100 then last > 100", frames) == [4]


def test_with_hysteresis_a_price_that_trembles_at_its_level_fires_once() -> None:
    prices = lasts(99, 100.1, 99.9, 100.1, 99.6, 100.1, 99.4, 100.1)

    assert fired("last > 100", prices) == [1, 3, 5, 7]
    assert fired("last > 100", prices, hysteresis=0.005) == [1, 7]
    assert fired("last crosses above 100", prices, hysteresis=0.005) == [1, 7]


def test_a_filter_keeps_the_rows_of_which_it_is_known() -> None:
    symbols = tuple(map(Symbol, "ABC"))
    frame = Columns({"last": [1.0, 5.0, NAN], "signal": ["buy", "buy", "buy"]}, symbols=symbols)

    assert matches(parse_filter("last > 2 and signal == buy"), frame) == [False, True, False]
    assert matches(parse_filter("not last > 2"), frame) == [True, False, False]
    assert matches(parse_filter("last / 0 > 2"), frame) == [False, False, False]


def test_memory_of_another_rule_is_refused() -> None:
    one, two = (RuleWatch(parse_rule(t), AAPL) for t in ("last > 1", "last > 1 then rsi > 3"))

    assert not two.restore(0, one.memory(0))


def test_only_rows_whose_memory_changed_are_named() -> None:
    watch = RuleWatch(parse_rule("last > 100"), (AAPL[0], Symbol("MSFT")))
    for values in ([99.0, 99.0], [99.0, 101.0]):
        watch.changed()
        watch.step(Columns({"last": values}, symbols=watch.symbols))

    assert watch.changed() == [1]


@pytest.mark.parametrize(
    ("text", "bars"),
    [("last > 1", 1), ("rsi > 30", 15), ("rsi crosses above 30", 16), ("macd_hist > 0 for 3 bars", 36),
     ("last > high(20 bars)", 21), ("average(50 bars) > 1", 50)],
)  # fmt: skip
def test_readiness_says_how_many_bars_a_rule_needs(text: str, bars: int) -> None:
    assert bars_needed(parse_rule(text)) == bars


# An oracle of its own: whole columns in pandas.

N = 400
CLOSE = pd.Series(100.0 * np.exp(np.cumsum(np.random.default_rng(5).normal(0, 0.02, N))))
RSI = pd.Series(talib.RSI(CLOSE.to_numpy(), 14))
MACD, MACD_SIGNAL, _ = (pd.Series(x) for x in talib.MACD(CLOSE.to_numpy(), 12, 26, 9))
CHANGE = CLOSE.pct_change() * 100
FRAMES = [
    row(bar=i, last=CLOSE[i], rsi=RSI[i], macd=MACD[i], macd_signal=MACD_SIGNAL[i], change_pct=CHANGE[i])
    for i in range(N)
]


def rising(state: pd.Series[bool], known: pd.Series[bool]) -> pd.Series[bool]:
    return state & ~state.shift(1, fill_value=True) & known.shift(1, fill_value=False)


ORACLE = {
    "rsi crosses above 30": (RSI > 30) & (RSI.shift(1) <= 30),
    "rsi crosses below 70": (RSI < 70) & (RSI.shift(1) >= 70),
    "macd crosses above macd_signal": (MACD > MACD_SIGNAL) & (MACD.shift(1) <= MACD_SIGNAL.shift(1)),
    "change_pct > 3": rising(CHANGE > 3, CHANGE.notna()),
    "rsi < 40 and change_pct > 0": rising((RSI < 40) & (CHANGE > 0), RSI.notna()),
    "abs(change_pct) >= 2 for 2 bars": rising((CHANGE.abs() >= 2) & (CHANGE.shift(1).abs() >= 2), CHANGE.notna()),
    "not rsi > 50": rising(RSI <= 50, RSI.notna()),
}


@pytest.mark.parametrize("restart", [False, True])
@pytest.mark.parametrize("text", ORACLE)
def test_a_rule_fires_at_the_bars_an_independent_computation_names(text: str, restart: bool) -> None:
    expected = np.flatnonzero(ORACLE[text].to_numpy()).tolist()

    assert len(expected) >= 5
    assert fired(text, FRAMES, restart=restart) == expected


RULES = [
    "last > 3", "last crosses below 5", "last > 3 and rsi < 4", "last > 2 for 3 bars",
    "last > 4 then rsi > 4 within 2 bars", "rsi crosses above 5 or last > 5", "last > 3 then last < 3 then rsi > 2",
]  # fmt: skip
LOOKS = st.lists(
    st.tuples(st.integers(0, 8), st.sampled_from([1.0, 2.0, 3.0, 4.0, 5.0, 6.0, NAN]), st.integers(0, 8)), max_size=40
)


@given(st.sampled_from(RULES), LOOKS, st.sampled_from([0.0, 0.3]))
def test_a_restart_after_every_look_changes_nothing(
    text: str, looks: list[tuple[int, float, int]], hysteresis: float
) -> None:
    frames = [row(bar=b, last=last, rsi=rsi) for b, last, rsi in looks]

    assert fired(text, frames, restart=True, hysteresis=hysteresis) == fired(text, frames, hysteresis=hysteresis)


@given(st.lists(st.floats(90, 110), max_size=60), st.sampled_from([0.0, 0.01, 0.05]))
def test_between_two_firings_the_price_has_come_back_by_the_hysteresis(prices: list[float], hysteresis: float) -> None:
    at = fired("last > 100", lasts(*prices), hysteresis=hysteresis)

    for earlier, later in pairwise(at):
        assert min(prices[earlier:later]) <= 100 * (1 - hysteresis) + 1e-9
