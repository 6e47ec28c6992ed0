"""What is decided at a close is filled at the next open, and every unit of money is accounted for."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta
from functools import partial

import numpy as np
import pytest

from forecasting.domain.market import Symbol
from forecasting.features.panel import FloatArray
from forecasting.trading.backtest import (
    BuyAndHold,
    Close,
    Direction,
    Fill,
    Macd,
    Rsi,
    Run,
    Strategy,
    Tape,
    VolatilityTarget,
    account,
    simulate,
    simulate_each,
)


def tape(opens: FloatArray, closes: FloatArray, **columns: FloatArray) -> Tape:
    """A tape of these prices, (N, T); what is not given is unknown."""
    n, t = closes.shape
    unknown = np.full((n, t), np.nan)
    names = ("scale", "rsi", "macd_gap", "sigma", "p_up")
    return Tape(
        symbols=tuple(Symbol(f"S{i}") for i in range(n)),
        sessions=tuple(date(2020, 1, 1) + timedelta(days=i) for i in range(t)),
        open=opens, close=closes, **{name: columns.get(name, unknown) for name in names},
    )


class Scripted:
    """Orders fixed weights, session by session."""

    name = "scripted"

    def __init__(self, *weights: float) -> None:
        self.closes: list[Close] = []
        self._weights = iter(weights)

    def decide(self, close: Close) -> FloatArray:
        self.closes.append(close)
        return np.full(len(close.traded), next(self._weights, np.nan))


def random_tape(n: int = 4, t: int = 120, seed: int = 0) -> Tape:
    rng = np.random.default_rng(seed)
    closes = 50.0 * np.exp(np.cumsum(rng.normal(0.0, 0.02, (n, t)), axis=1))
    opens = np.concatenate([closes[:, :1], closes[:, :-1] * np.exp(rng.normal(0.0, 0.01, (n, t - 1)))], axis=1)
    return tape(
        opens, closes, scale=np.full((n, t), 0.02), rsi=rng.uniform(10.0, 90.0, (n, t)),
        macd_gap=rng.normal(size=(n, t)), sigma=rng.uniform(0.01, 0.04, (n, t)), p_up=rng.uniform(0.4, 0.6, (n, t)),
    )


@pytest.mark.honesty("T11")
def test_an_order_made_at_a_close_is_filled_at_the_next_open_not_at_that_close() -> None:
    # Decided at the close of 100; the night's jump to 150 is missed, the day's rise from 150 to 165 is earned.
    run = simulate(tape(np.array([[100.0, 150.0]]), np.array([[100.0, 165.0]])), Scripted(1.0), first=0, last=1,
                   cost_bp=0.0)
    assert run.returns.tolist() == pytest.approx([0.0, 0.10])
    (fill,) = run.fills
    assert (fill.decided, fill.session, fill.price) == (date(2020, 1, 1), date(2020, 1, 2), 150.0)


@pytest.mark.honesty("T11")
@pytest.mark.parametrize(
    "strategy",
    [BuyAndHold(), Direction("m"), Direction("m", short=True), VolatilityTarget("m"), VolatilityTarget(), Rsi(),
     Rsi(short=True), Macd(), Macd(short=True)],
    ids=lambda s: s.name,
)
def test_every_fill_of_every_strategy_comes_after_its_decision(strategy: Strategy) -> None:
    run = simulate(random_tape(), strategy, first=10, last=119, cost_bp=10.0)
    assert run.fills
    assert too_early(run) == []


def too_early(run: Run) -> list[Fill]:
    """Fills that do not come after their decision."""
    return [fill for fill in run.fills if not fill.decided < fill.session]


@pytest.mark.honesty("T11", red=True)
def test_an_order_filled_in_the_session_it_was_made_in_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    honest = account._Accounts.order

    def at_once(self: account._Accounts, weights: FloatArray, t: int) -> None:
        honest(self, weights, t)
        self.open(t)         # that session's own open, hours before its close

    monkeypatch.setattr(account._Accounts, "order", at_once)
    run = simulate(random_tape(), Rsi(), first=10, last=119, cost_bp=10.0)
    assert run.fills
    assert too_early(run) == list(run.fills)


@pytest.mark.honesty("T11")
@pytest.mark.parametrize("cut", [20, 55, 90])
def test_what_a_close_makes_known_is_earned_from_the_next_open_on(cut: int) -> None:
    assert first_change(cut) == cut + 2     # known at cut + 1, filled at the open of cut + 2


@pytest.mark.honesty("T11", red=True)
def test_a_tape_that_hands_out_the_next_close_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    honest = Tape.at_close
    monkeypatch.setattr(Tape, "at_close", lambda tape, t: honest(tape, min(t + 1, len(tape.sessions) - 1)))
    assert first_change(55) == 55 + 1


def first_change(cut: int) -> int:
    """The session whose return is the first to change when MACD changes sides after `cut` and prices stay."""
    whole = random_tape()
    other = replace(whole, macd_gap=np.where(np.arange(120) > cut, -whole.macd_gap, whole.macd_gap))
    told, blind = (simulate(t, Macd(), first=5, last=119, cost_bp=10.0).returns for t in (whole, other))
    return 5 + int(np.argmax(told != blind))


@pytest.mark.honesty("T11")
@pytest.mark.parametrize(
    "make",
    [lambda: Direction("m"), Rsi, Macd, lambda: VolatilityTarget("m")], ids=["direction", "rsi", "macd", "vol-target"],
)
def test_what_comes_later_changes_nothing_before_it(make: Callable[[], Strategy]) -> None:
    whole = random_tape()
    for cut in (20, 55, 90):
        spoil = partial(np.multiply, np.where(np.arange(120) > cut, 3.0, 1.0))
        spoilt = replace(
            whole, open=spoil(whole.open), close=spoil(whole.close), rsi=spoil(whole.rsi), sigma=spoil(whole.sigma),
            p_up=spoil(whole.p_up), macd_gap=spoil(whole.macd_gap),
        )
        told, blind = (simulate(t, make(), first=5, last=119, cost_bp=10.0).returns for t in (whole, spoilt))
        n = cut - 5 + 1
        assert told[:n].tobytes() == blind[:n].tobytes()
        assert told[n:].tobytes() != blind[n:].tobytes()


def test_a_strategy_is_handed_copies_of_one_session_at_a_time() -> None:
    prices, watching = random_tape(2, 30), Scripted()
    simulate(prices, watching, first=3, last=29, cost_bp=0.0)
    assert [c.session for c in watching.closes] == list(prices.sessions[3:])
    for i, close in enumerate(watching.closes):
        assert close.rsi.tolist() == prices.rsi[:, 3 + i].tolist()
        for name in ("scale", "rsi", "macd_gap", "sigma", "p_up", "traded"):
            assert getattr(close, name).base is None        # not a view: there is no way back to the tape


def test_costs_are_paid_on_both_sides_of_a_round_trip() -> None:
    flat = np.full((1, 4), 100.0)
    run = simulate(tape(flat, flat), Scripted(1.0, 0.0), first=0, last=3, cost_bp=20.0)
    # In for 1, then out of a holding of 1 with 0.998 left.
    assert run.returns.tolist() == pytest.approx([0.0, -0.002, -0.002 / 0.998, 0.0])
    assert run.curve[-1] == pytest.approx(1.0 - 2 * 0.002)


def test_a_short_position_earns_what_the_price_loses() -> None:
    run = simulate(tape(np.array([[100.0, 100.0]]), np.array([[100.0, 80.0]])), Scripted(-1.0), first=0, last=1,
                   cost_bp=0.0)
    assert run.curve[-1] == pytest.approx(1.2)


def test_an_account_that_loses_everything_stays_at_nothing() -> None:
    prices = np.array([[100.0, 100.0, 100.0, 50.0, 25.0]])
    closes = np.array([[100.0, 250.0, 100.0, 50.0, 25.0]])
    run = simulate(tape(prices, closes), Scripted(-1.0, -1.0, -1.0), first=0, last=4, cost_bp=0.0)
    assert run.curve.tolist() == [1.0, 0.0, 0.0, 0.0, 0.0]


def test_an_order_waits_until_its_symbol_trades_again() -> None:
    nan = np.nan
    opens = np.array([[10.0, nan, nan, 12.0, 12.0]])
    closes = np.array([[10.0, nan, nan, 15.0, 15.0]])
    run = simulate(tape(opens, closes), Scripted(1.0), first=0, last=4, cost_bp=0.0)
    assert [(f.decided.day, f.session.day) for f in run.fills] == [(1, 4)]
    assert run.returns.tolist() == pytest.approx([0.0, 0.0, 0.0, 0.25, 0.0])


def test_buy_and_hold_is_the_mean_of_the_price_ratios_from_the_first_open() -> None:
    prices = random_tape(3, 60)
    run = simulate(prices, BuyAndHold(), first=10, last=59, cost_bp=0.0)
    assert run.curve[-1] == pytest.approx(np.mean(prices.close[:, 59] / prices.open[:, 11]))
    assert run.traded[1] == pytest.approx(1.0)
    assert run.traded[2:].tolist() == [0.0] * 48


def test_direction_follows_p_up_and_a_model_without_an_opinion_never_trades() -> None:
    flat = np.full((1, 6), 100.0)
    opinions = np.array([[0.6, 0.6, 0.4, 0.5, 0.6, 0.6]])
    values = [f.value for f in simulate(tape(flat, flat, p_up=opinions), Direction("m", short=True), first=0, last=5,
                                        cost_bp=0.0).fills]
    assert values == pytest.approx([1.0, -2.0, 1.0, 1.0])      # long, short, flat, long; nothing on the second session
    silent = simulate(tape(flat, flat, p_up=np.full((1, 6), 0.5)), Direction("m"), first=0, last=5, cost_bp=0.0)
    assert silent.fills == ()


def test_rsi_is_held_from_below_thirty_until_above_seventy() -> None:
    flat = np.full((1, 6), 100.0)
    rsi = np.array([[50.0, 25.0, 50.0, 75.0, 50.0, 50.0]])
    fills = simulate(tape(flat, flat, rsi=rsi), Rsi(), first=0, last=5, cost_bp=0.0).fills
    assert [(f.decided.day, round(f.value, 9)) for f in fills] == [(2, 1.0), (4, -1.0)]


def test_a_volatility_target_holds_less_of_what_moves_more_and_leaves_small_changes_alone() -> None:
    flat = np.full((2, 4), 100.0)
    daily = 0.20 / np.sqrt(252) * np.array([[2.0, 2.1, 4.0, 4.0], [0.5, 0.5, 0.5, 0.5]])
    fills = simulate(tape(flat, flat, sigma=daily), VolatilityTarget("m"), first=0, last=3, cost_bp=0.0).fills
    assert [(f.symbol, f.decided.day, round(f.value, 9)) for f in fills] == [
        ("S0", 1, 0.25), ("S1", 1, 0.5), ("S0", 3, -0.125),
    ]


def test_a_test_span_outside_the_tape_is_refused() -> None:
    with pytest.raises(ValueError, match="first < last"):
        simulate(random_tape(1, 10), BuyAndHold(), first=9, last=9, cost_bp=0.0)


@pytest.mark.parametrize(
    "make", [BuyAndHold, Macd, partial(Direction, "m", short=True), partial(VolatilityTarget, "m")]
)
def test_accounts_at_many_costs_are_those_at_each_alone(make: Callable[[], Strategy]) -> None:
    rng = np.random.default_rng(3)
    shown = replace(random_tape(), p_up=rng.uniform(size=(4, 120)), sigma=rng.uniform(0.01, 0.05, (4, 120)),
                    macd_gap=rng.normal(size=(4, 120)))
    costs = (0.0, 10.0, 50.0, 2000.0)       # at the last an account that trades is soon worth nothing
    together = simulate_each(shown, make(), first=5, last=119, costs_bp=costs)
    for cost, one in zip(costs, together, strict=True):
        alone = simulate(shown, make(), first=5, last=119, cost_bp=cost)
        np.testing.assert_allclose(one.returns, alone.returns, rtol=1e-12)
        np.testing.assert_allclose(one.traded, alone.traded, rtol=1e-12)
        assert [(f.symbol, f.session) for f in one.fills] == [(f.symbol, f.session) for f in alone.fills]


def test_an_account_worth_nothing_is_closed_for_good_and_the_cheaper_one_beside_it_is_not() -> None:
    shown = replace(random_tape(), macd_gap=np.where(np.arange(120) % 2, 1.0, -1.0) * np.ones((4, 1)))
    cheap, dear = simulate_each(shown, Macd(short=True), first=0, last=119, costs_bp=(0.0, 5000.0))
    assert dear.curve[-1] == 0.0
    assert len(dear.fills) < len(cheap.fills)
    assert dear.returns[-1] == 0.0
    assert cheap.curve[-1] > 0.0
