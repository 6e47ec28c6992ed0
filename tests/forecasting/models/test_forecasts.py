from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta

import numpy as np
import pytest

from forecasting.domain.forecast import HORIZONS, LEVELS, Forecast
from forecasting.domain.market import Symbol
from forecasting.domain.sessions import Session, SessionTable
from forecasting.features.panel import Panel
from forecasting.features.pipeline import build_panel
from forecasting.models.forecasts import to_forecasts
from forecasting.models.naive import Naive
from tests.support.bars import make_series
from tests.support.markets import CALENDARS
from tests.support.panels import garch_t_returns, panel_from_returns

PANEL = panel_from_returns(garch_t_returns(2, 100))
CUT = 80


def _table(first: date, days: int, *, step: int = 1) -> SessionTable:
    """Sessions every `step` days, 14:30 to 21:00 UTC, with a half day on each first of a month."""
    def session(day: date) -> Session:
        close = 18 if day.day == 1 else 21
        opens = datetime(day.year, day.month, day.day, 14, 30, tzinfo=UTC)
        return Session(day, opens, opens.replace(hour=close, minute=0))

    return SessionTable("XNYS", tuple(session(first + timedelta(days=i)) for i in range(0, days, step)))


def _tables(table: SessionTable, panel: Panel = PANEL) -> dict[Symbol, SessionTable]:
    return dict.fromkeys(panel.symbols, table)


@pytest.mark.honesty("T13")
def test_a_forecast_names_its_sessions_and_their_closes() -> None:
    table = _table(PANEL.sessions[0], 130)
    walk = Naive("random-walk").fit(PANEL, cut=CUT)
    forecast = to_forecasts(walk, PANEL, [99], tables=_tables(table))[1]
    targets = table.after(PANEL.sessions[99], 10)
    assert forecast.symbol == "S01"
    assert (forecast.as_of_session, forecast.as_of.hour) == (PANEL.sessions[99], 21)
    assert forecast.issued_at == forecast.as_of
    assert forecast.target_sessions == tuple(t.session for t in targets)
    assert forecast.target_times == tuple(t.close for t in targets)
    assert forecast.last_close == PANEL.closes[1, 99]
    assert (len(forecast.log_returns), len(forecast.log_returns[0])) == (len(HORIZONS), len(LEVELS))
    assert forecast.price(1, 0.5) == forecast.last_close


@pytest.mark.honesty("T13")
def test_targets_are_sessions_of_the_exchange_not_days() -> None:
    weekly = _table(PANEL.sessions[0], 200, step=7)
    walk = Naive("random-walk").fit(PANEL, cut=CUT)
    forecast = to_forecasts(walk, PANEL, [98], tables=_tables(weekly))[0]
    assert {b - a for a, b in zip(forecast.target_sessions, forecast.target_sessions[1:], strict=False)} == {
        timedelta(days=7)
    }


def test_a_session_unknown_to_the_timetable_closes_at_21_utc() -> None:
    later = _table(PANEL.sessions[99] + timedelta(days=3), 30)
    walk = Naive("random-walk").fit(PANEL, cut=CUT)
    assert to_forecasts(walk, PANEL, [99], tables=_tables(later))[0].as_of == datetime.combine(
        PANEL.sessions[99], datetime.min.time(), tzinfo=UTC
    ).replace(hour=21)


def test_sessions_that_the_fit_has_seen_are_left_out() -> None:
    walk = Naive("random-walk").fit(PANEL, cut=CUT)
    made = to_forecasts(walk, PANEL, [CUT - 1, CUT, CUT + 1], tables=_tables(_table(PANEL.sessions[0], 130)))
    assert [f.as_of_session for f in made] == [PANEL.sessions[CUT + 1]] * 2


def test_symbols_that_did_not_trade_or_have_no_forecast_yet_are_left_out() -> None:
    panel = panel_from_returns(garch_t_returns(3, 100))
    panel.traded[0, 99] = False
    panel.returns[1, :95] = np.nan
    walk = Naive("random-walk").fit(panel, cut=CUT)
    made = to_forecasts(walk, panel, [99], tables=_tables(_table(panel.sessions[0], 130), panel))
    assert [f.symbol for f in made] == ["S02"]


def test_a_timetable_that_ends_too_early_gives_no_forecast() -> None:
    walk = Naive("random-walk").fit(PANEL, cut=CUT)
    assert to_forecasts(walk, PANEL, [99], tables=_tables(_table(PANEL.sessions[0], 105))) == []


def test_the_caller_says_when_it_was_issued() -> None:
    walk = Naive("random-walk").fit(PANEL, cut=CUT)
    made = to_forecasts(
        walk, PANEL, [99], tables=_tables(_table(PANEL.sessions[0], 130)),
        issued_at=lambda as_of: as_of + timedelta(minutes=5),
    )
    assert {f.issued_at - f.as_of for f in made} == {timedelta(minutes=5)}


GOLDEN_WEEK = date(2025, 4, 28)
WATCHED = {
    Symbol("IBM"): ("XNYS", date(2025, 10, 27)),        # daylight saving ends, Thanksgiving and a half day follow
    Symbol("GE"): ("XNYS", date(2026, 2, 27)),          # daylight saving begins
    Symbol("7203.T"): ("XTKS", GOLDEN_WEEK),
}


def made_of(symbol: Symbol, table: SessionTable) -> list[Forecast]:
    """Thirty sessions' forecasts of a random walk that trades on its exchange's sessions."""
    exchange, start = WATCHED[symbol]
    sessions = [s.session for s in CALENDARS.sessions(exchange, start - timedelta(days=150), start).sessions]
    closes = 100.0 * np.exp(np.cumsum(np.random.default_rng(0).normal(0.0, 0.01, len(sessions))))
    panel = build_panel([make_series(symbol, closes.tolist(), sessions=sessions, exchange=exchange)])
    walk = Naive("random-walk").fit(panel, cut=len(sessions) - 31)
    at = range(len(sessions) - 30, len(sessions))
    return to_forecasts(walk, panel, at, tables={symbol: table})


def strangers(forecasts: Sequence[Forecast], exchange: str) -> set[datetime]:
    """Target times at which no session of the exchange closes, or not the one that is named."""
    first, last = forecasts[0].target_sessions[0], forecasts[-1].target_sessions[-1]
    closes = {s.session: s.close for s in CALENDARS.sessions(exchange, first, last + timedelta(days=7)).sessions}
    return {t for f in forecasts for s, t in zip(f.target_sessions, f.target_times, strict=True) if closes.get(s) != t}


@pytest.mark.honesty("T13")
@pytest.mark.parametrize("symbol", WATCHED)
def test_every_target_time_is_the_close_of_a_session_of_the_tickers_exchange(symbol: Symbol) -> None:
    exchange, start = WATCHED[symbol]
    forecasts = made_of(symbol, CALENDARS.sessions(exchange, date(2024, 6, 3), start + timedelta(days=60)))
    assert len(forecasts) == 30
    assert strangers(forecasts, exchange) == set()


@pytest.mark.honesty("T13", red=True)
@pytest.mark.parametrize("symbol", WATCHED)
def test_targets_by_weekdays_or_by_another_exchange_are_found(symbol: Symbol) -> None:
    exchange, start = WATCHED[symbol]
    days = (datetime.combine(start + timedelta(days=i), time(), UTC) for i in range(-200, 60))
    weekdays = SessionTable(exchange, tuple(
        Session(d.date(), d.replace(hour=14, minute=30), d.replace(hour=21)) for d in days if d.weekday() < 5
    ))
    other = CALENDARS.sessions("XLON", date(2024, 6, 3), start + timedelta(days=60))
    for table in (weekdays, other):
        assert strangers(made_of(symbol, table), exchange)
