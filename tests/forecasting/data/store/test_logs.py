"""Watchlist, signals and runs."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

import pytest

from forecasting.data.store import Run, Store
from forecasting.domain.decision import AlertRule, Signal, SignalKind
from forecasting.domain.market import Symbol
from forecasting.domain.watchlist import WatchGroup
from forecasting.errors import StoreError
from tests.support.store import AMD, MONDAY, NVDA, close_of

TUESDAY = date(2026, 3, 3)
CROSSING = Signal(NVDA, SignalKind.MACD_GOLDEN, MONDAY, close_of(MONDAY), 101.25, 1, 5, "MACD 0.12 crossed above 0.10")


def test_groups_keep_their_order_and_that_of_their_symbols(store: Store) -> None:
    assert store.watchlist.groups() == ()
    groups = (WatchGroup("Tech", (NVDA, AMD)), WatchGroup("Empty", ()), WatchGroup("Again", (AMD, NVDA)))
    store.watchlist.save(groups)
    assert store.watchlist.groups() == groups
    store.watchlist.save(groups[::-1])
    assert store.watchlist.groups() == groups[::-1]


def test_a_smart_list_keeps_its_condition_and_has_no_symbols(store: Store) -> None:
    groups = (WatchGroup("Tech", (NVDA,)), WatchGroup("Signals", (), "signal == buy"), WatchGroup("Empty", ()))
    store.watchlist.save(groups)
    assert store.watchlist.groups() == groups
    store.watchlist.save(groups[:1])
    assert store.watchlist.groups() == groups[:1]


def test_the_rules_about_a_renamed_list_go_by_its_new_name_and_none_does_where_the_lists_cannot_be_kept(
    store: Store,
) -> None:
    rules = [store.alerts.add(AlertRule(0, "last > 1", (), name, (), 0.0, 0.0, close_of(MONDAY)))
             for name in ("Tech", "Other", "Tech", None)]
    store.alerts.remove(rules[2].id, close_of(MONDAY))
    store.watchlist.save([WatchGroup("Chips", (NVDA,))], renamed=("Tech", "Chips"))
    store.alerts.restore(rules[2].id)
    assert [rule.group for rule in store.alerts.rules()] == ["Chips", "Other", "Chips", None]
    with pytest.raises(StoreError):
        store.watchlist.save([WatchGroup("A", ()), WatchGroup("A", ())], renamed=("Chips", "A"))
    assert [rule.group for rule in store.alerts.rules()] == ["Chips", "Other", "Chips", None]


def test_the_signals_of_the_newest_bar_come_with_a_direction_first_and_however_much_others_have_said(
    store: Store,
) -> None:
    odd = replace(CROSSING, kind=SignalKind.VOLATILITY_HIGH, direction=0)
    turn = replace(CROSSING, kind=SignalKind.MACD_TURN_UP)
    store.signals.append([replace(odd, session=MONDAY - timedelta(days=3)), CROSSING, turn, odd])
    store.signals.append([replace(CROSSING, symbol=AMD, session=TUESDAY + timedelta(days=i)) for i in range(300)])
    found = store.signals.of_newest_bars([NVDA, AMD, Symbol("INTC")])
    assert [s.signal for s in found[NVDA]] == [turn, CROSSING, odd]
    assert [s.signal.session for s in found[AMD]] == [TUESDAY + timedelta(days=299)]
    assert found.keys() == {NVDA, AMD}


def test_two_groups_of_one_name_are_refused_and_the_old_ones_stay(store: Store) -> None:
    store.watchlist.save([WatchGroup("Tech", (NVDA,))])
    with pytest.raises(StoreError, match=r"watch_groups\.name"):
        store.watchlist.save([WatchGroup("A", ()), WatchGroup("A", ())])
    assert store.watchlist.groups() == (WatchGroup("Tech", (NVDA,)),)


def test_a_signal_is_kept_once_per_symbol_kind_and_session(store: Store) -> None:
    death = replace(CROSSING, kind=SignalKind.MACD_DEATH, direction=-1, model_id="3f9a")
    assert store.signals.append([CROSSING, death]) == 2
    assert store.signals.append([replace(CROSSING, price=1.0), replace(CROSSING, symbol=AMD)]) == 1
    assert store.signals.append([]) == 0
    assert [s.signal for s in store.signals.recent(10, NVDA)] == [death, CROSSING]
    assert [s.signal.symbol for s in store.signals.recent(1)] == [AMD]


def test_a_signal_is_scored_once(store: Store) -> None:
    store.signals.append([CROSSING, replace(CROSSING, session=TUESDAY, time=close_of(TUESDAY))])
    (opened,) = store.signals.unsettled(MONDAY)
    assert opened.right is None
    settled_at = close_of(MONDAY) + timedelta(days=7)
    assert store.signals.settle(opened.id, 0.02, settled_at)
    assert not store.signals.settle(opened.id, -0.02, settled_at)
    (scored,) = store.signals.scored()
    assert (scored.log_return, scored.settled_at, scored.right) == (0.02, settled_at, True)
    assert [s.signal.session for s in store.signals.unsettled()] == [TUESDAY]


def test_a_run_is_open_until_it_is_finished(store: Store) -> None:
    assert store.runs.last("train") is None
    at = close_of(MONDAY)
    good = store.runs.start("train", "12 symbols", at)
    store.runs.finish(good, True, "trained", at + timedelta(seconds=30))
    store.runs.start("train", "13 symbols", at + timedelta(days=1))
    last, last_good = store.runs.last("train"), store.runs.last("train", ok=True)
    assert last is not None
    assert (last.detail, last.finished_at, last.ok, last.message) == ("13 symbols", None, None, None)
    assert last_good == Run(good, "train", "12 symbols", at, at + timedelta(seconds=30), True, "trained")


def test_the_trial_counter_only_rises_and_survives_a_restart(store: Store) -> None:
    assert store.runs.trials() == 0
    assert [store.runs.next_trial() for _ in range(3)] == [1, 2, 3]
    with Store.open(store.path) as again:
        assert again.runs.next_trial() == 4
    assert store.runs.trials() == 4


def test_small_values_are_kept_by_name(store: Store) -> None:
    assert store.runs.get_meta("theme") is None
    store.runs.set_meta("theme", "dark")
    store.runs.set_meta("theme", "light")
    assert store.runs.get_meta("theme") == "light"
