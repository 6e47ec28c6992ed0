"""An engine for the app's tests: the same figures on every run, no clock, no store, no network.

Prices come from a seeded random walk and forecasts from a normal distribution; both are for looking at, not for
believing. `python -m tests.support.fake_engine` shows the app on it.
"""

from __future__ import annotations

import argparse
import math
import random
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from pathlib import Path
from statistics import NormalDist
from typing import TYPE_CHECKING, Any, TypeVar, cast

from forecasting.domain.decision import ScoredSignal, Signal, SignalKind, SignalRecord
from forecasting.domain.forecast import HORIZONS, LEVELS, Forecast, Origin, Outcome, TrackRecord
from forecasting.domain.market import (
    Bar,
    IndicatorRow,
    Instrument,
    RowState,
    SessionState,
    Symbol,
)
from forecasting.domain.quarantine import Asked, Quarantined
from forecasting.domain.question import Question
from forecasting.domain.snapshot import (
    AccuracyPoint,
    ExchangeStatus,
    Health,
    JobStatus,
    ReplayStatus,
    Snapshot,
    SourceHealth,
    SymbolDetail,
    SymbolRow,
)
from forecasting.domain.watchlist import WatchGroup
from forecasting.errors import WorkerError
from forecasting.service.accuracy import AskAccuracy
from forecasting.service.alert_desk import AlertDesk
from forecasting.service.columns import ColumnChoice
from forecasting.service.facade import OnSnapshot, RunInThread
from forecasting.service.holdings import HoldingsDesk
from forecasting.service.inspection import Inspection, ProcessFacts, SinkFacts, StoreFacts
from forecasting.service.watchlist import Watchlist
from tests.support.fake_accuracy import answer_accuracy
from tests.support.fake_alerts import FakeAlerts, fill_alerts
from tests.support.fake_holdings import FakeHoldings, with_holdings

if TYPE_CHECKING:
    from forecasting.data.store.alerts import Alerts
    from forecasting.data.store.holdings import Holdings
    from forecasting.service.backend import OnStep
    from forecasting.service.delivery import Show

A = TypeVar("A")
Answering = Callable[[Any, "OnStep"], Any]

NOW = datetime(2026, 3, 2, 15, 30, tzinfo=UTC)
LAST_CLOSE = datetime(2026, 2, 27, 21, 0, tzinfo=UTC)
CORE = ("NVDA", "AAPL", "^GSPC", "BTC-USD", "SAP.DE", "7203.T", "KOMA", "TSM", "BADSYM")
NAMES = {
    "NVDA": "NVIDIA Corporation", "AAPL": "Apple Inc.", "^GSPC": "S&P 500", "BTC-USD": "Bitcoin USD",
    "SAP.DE": "SAP SE",
    "7203.T": "Toyota Motor", "KOMA": "Koma Synthetic", "TSM": "Taiwan Semiconductor", "BADSYM": "",
    "MSFT": "Microsoft", "AMD": "Advanced Micro Devices", "INTC": "[red]Intel[/red]",
}
PRICES = {"^GSPC": 6512.0, "BTC-USD": 64123.0, "7203.T": 2871.0, "SAP.DE": 240.0}


@lru_cache(maxsize=64)
def bars(symbol: str, count: int = 320) -> tuple[Bar, ...]:
    """A seeded random walk on weekdays that ends on 2026-02-27 near the symbol's usual price."""
    rng = random.Random(symbol)  # the figures only have to be the same every time
    closes, price = [], 1.0
    for _ in range(count):
        price *= math.exp(rng.gauss(0.0004, 0.017))
        closes.append(price)
    scale = PRICES.get(symbol, 180.0) / closes[-1]
    days: list[date] = []
    day = date(2026, 2, 27)
    while len(days) < count:
        if day.weekday() < 5:
            days.append(day)
        day -= timedelta(days=1)
    out, before = [], closes[0] * scale
    for session, close in zip(reversed(days), (c * scale for c in closes), strict=True):
        opened = before * math.exp(rng.gauss(0, 0.004))
        high = max(opened, close) * (1 + abs(rng.gauss(0, 0.006)))
        low = min(opened, close) * (1 - abs(rng.gauss(0, 0.006)))
        out.append(Bar(session, opened, high, low, close, close, rng.uniform(2e7, 9e7)))
        before = close
    return tuple(out)


def indicators(series: tuple[Bar, ...]) -> tuple[IndicatorRow, ...]:
    """RSI(14) and MACD(12, 26, 9) by their recursions, None while warming up."""
    out: list[IndicatorRow] = []
    fast = slow = line = series[0].close
    line = 0.0
    gain = loss = 0.0
    for i, bar in enumerate(series):
        change = bar.close - series[i - 1].close if i else 0.0
        gain += (max(change, 0.0) - gain) / 14
        loss += (max(-change, 0.0) - loss) / 14
        fast += (bar.close - fast) * 2 / 13
        slow += (bar.close - slow) * 2 / 27
        macd = fast - slow
        line += (macd - line) * 2 / 10
        warm = i >= 34
        rsi = 100 * gain / (gain + loss) if gain + loss else 50.0
        out.append(IndicatorRow(bar.session, bar.close, rsi if i >= 14 else None, macd if warm else None,
                                line if warm else None, macd - line if warm else None))
    return tuple(out)


def forecast(symbol: str, model: str = "har-t") -> Forecast:
    """Normal quantiles with a small drift, ten sessions ahead."""
    last = bars(symbol)[-1]
    drift = random.Random(symbol + model).gauss(0.0008, 0.002)
    days: list[date] = []
    day = last.session
    while len(days) < len(HORIZONS):
        day += timedelta(days=1)
        if day.weekday() < 5:
            days.append(day)
    rows = tuple(
        tuple(NormalDist(drift * h, 0.016 * math.sqrt(h)).inv_cdf(level) for level in LEVELS) for h in HORIZONS
    )
    return Forecast(
        symbol=Symbol(symbol), model=model, model_id="f" * 16, train_end=date(2026, 1, 30), data_hash="d" * 16, seed=0,
        as_of_session=last.session, as_of=LAST_CLOSE, issued_at=LAST_CLOSE + timedelta(minutes=1),
        last_close=last.close,
        target_sessions=tuple(days), target_times=tuple(datetime(d.year, d.month, d.day, 21, tzinfo=UTC) for d in days),
        levels=LEVELS, log_returns=rows,
        p_up=tuple(1 - NormalDist(drift * h, 0.016 * math.sqrt(h)).cdf(0) for h in HORIZONS),
    )


def record(symbol: str | None, model: str, horizon: int, origin: Origin, n: int, skill: float) -> TrackRecord:
    """A record with round figures."""
    half = 0.98 / math.sqrt(n)
    return TrackRecord(
        symbol=None if symbol is None else Symbol(symbol), model=model, horizon=horizon, origin=origin, n=n, n_days=n,
        hits=round(n * 0.52), hit_rate=0.52, hit_low=0.52 - half, hit_high=0.52 + half, naive_hit_rate=0.53,
        coverage_80=0.78, coverage_low=0.78 - half * 0.8, coverage_high=0.78 + half * 0.8, width_80=0.041,
        mae=0.0121, mae_random_walk=0.0122, crps=0.0088 * (1 - skill), crps_baseline=0.0088, skill=skill,
        skill_low=skill - 0.25 / math.sqrt(n), skill_high=skill + 0.25 / math.sqrt(n),
    )


def signals(symbol: str) -> tuple[ScoredSignal, ...]:
    """Three signals: open, right, wrong."""
    series = bars(symbol)
    kinds = (
        (SignalKind.MACD_GOLDEN, 1, "MACD 1.92 crossed above its signal 1.88", 0, None),
        (SignalKind.RSI_OVERBOUGHT, -1, "RSI 71.3 crossed above 70", 8, -0.021),
        (SignalKind.RSI_OVERSOLD, 1, "RSI 28.4 crossed below 30", 17, -0.013),
        (SignalKind.BAND_BREACH, 0, "close 3.1 % below the 95 % band", 24, 0.008),
    )
    base = sum(map(ord, symbol)) * 10
    out = []
    for i, (kind, direction, reason, back, log_return) in enumerate(kinds):
        bar = series[-1 - back]
        moment = datetime(bar.session.year, bar.session.month, bar.session.day, 21, tzinfo=UTC)
        signal = Signal(Symbol(symbol), kind, bar.session, moment, bar.close, direction, 5, reason)
        settled = None if log_return is None else moment + timedelta(days=7)
        out.append(ScoredSignal(base + i, signal, log_return, settled))
    return tuple(out)


def row(symbol: str) -> SymbolRow:
    """One line of the table; BADSYM has failed, 7203.T is closed and without model, TSM is stale."""
    if symbol == "BADSYM":
        return SymbolRow(
            Symbol(symbol), "", "", False, None, None, None, RowState.ERR, (), None, None, None, None, None, None, None,
            None, None, "BADSYM: the source knows no such symbol; remove it with x",
        )
    series = bars(symbol)
    shown = forecast(symbol)
    last = series[-1].close * math.exp(random.Random(symbol + "tick").gauss(0, 0.012))
    state = {"7203.T": RowState.CLOSED, "TSM": RowState.STALE}.get(symbol, RowState.LIVE)
    made = {"7203.T": NOW - timedelta(hours=9), "TSM": NOW - timedelta(days=3)}.get(symbol, NOW - timedelta(seconds=4))
    full = SymbolRow(
        symbol=Symbol(symbol), name=NAMES.get(symbol, symbol), currency="JPY" if symbol.endswith(".T") else "USD",
        synthetic=symbol == "KOMA", last=last, change_pct=(last / series[-1].close - 1) * 100, data_time=made,
        state=state,
        closes=tuple(bar.close for bar in series[-20:]), model="har-t", model_note="lstm is training",
        forecast_pct=(math.exp(shown.log_return(5, 0.5)) - 1) * 100,
        low_80_pct=(math.exp(shown.log_return(5, 0.1)) - 1) * 100,
        high_80_pct=(math.exp(shown.log_return(5, 0.9)) - 1) * 100, p_up=shown.p_up[4],
        record=record(symbol, "har-t", 5, Origin.BACKFILL if symbol != "NVDA" else Origin.LIVE, 126,
                      {"NVDA": 0.031, "AAPL": -0.004}.get(symbol, 0.012)),
        signal=signals(symbol)[0] if symbol in ("NVDA", "SAP.DE") else None,
        rsi=indicators(series)[-1].rsi, error=None, volume=series[-1].volume, day_low=min(last, series[-1].low),
        day_high=max(last, series[-1].high), year_low=min(bar.low for bar in series[-252:]),
        year_high=max(bar.high for bar in series[-252:]), macd_hist=indicators(series)[-1].macd_hist,
        session=SessionState.CLOSED if symbol == "7203.T" else SessionState.OPEN, source="yahoo",
        forecast_close=series[-1].close,
    )
    if symbol == "7203.T":
        return replace(full, model=None, model_note="43 bars, lookback 60 needs 61", forecast_pct=None, low_80_pct=None,
                       high_80_pct=None, p_up=None, record=None)
    return full


def detail(symbol: str) -> SymbolDetail | None:
    """Everything the panes show."""
    if symbol == "BADSYM":
        return None
    series = bars(symbol)
    rng = random.Random(symbol + "accuracy")
    rate, points, outcomes = 0.5, [], []
    for i, bar in enumerate(series[-126:]):
        rate += rng.gauss(0, 0.01)
        n = min(i + 1, 63)
        half = 0.98 / math.sqrt(n)
        points.append(AccuracyPoint(bar.session, n, rate, max(0.0, rate - half), min(1.0, rate + half), 0.78))
        before = series[-127 + i].close
        outcomes.append(Outcome(i, Symbol(symbol), "har-t", Origin.BACKFILL, 1, series[-127 + i].session, bar.session,
                                LAST_CLOSE, math.log(bar.close / before), 0.0004, -0.0205, 0.0213, 0.51, 0.0088))
    records = tuple(
        record(symbol, model, h, origin, n, skill)
        for model, skill in (("lstm", 0.014), ("har-t", 0.012), ("ewma-t", 0.006))
        for h in (1, 5, 10)
        for origin, n in ((Origin.LIVE, 24), (Origin.BACKFILL, 126))
    )
    return SymbolDetail(
        symbol=Symbol(symbol),
        instrument=Instrument(Symbol(symbol), NAMES.get(symbol, symbol), "XNYS", "USD", symbol == "KOMA"),
        bars=series, indicators=indicators(series),
        forecasts=() if symbol == "7203.T" else (forecast(symbol, "har-t"), forecast(symbol, "ewma-t")),
        model_note="lstm is training", accuracy=tuple(points), accuracy_origin="backfill", records=records,
        outcomes=tuple(outcomes), signals=signals(symbol),
    )


def signal_record(kind: SignalKind, n: int, rate: float) -> SignalRecord:
    """A record of one kind of signal."""
    half = 0.98 / math.sqrt(n)
    low, high = max(0.0, rate - half), min(1.0, rate + half)
    return SignalRecord(kind, n, round(n * rate), rate, low, high, 0.002, 0.53, 0.002, -0.011, 0.015, 0.0005)


def snapshot(groups: tuple[WatchGroup, ...], version: int = 1) -> Snapshot:
    """A morning on which the LSTM trains and one symbol is late."""
    symbols = list(dict.fromkeys(symbol for group in groups for symbol in group.symbols))
    news = sorted((s for symbol in symbols if symbol != "BADSYM" for s in signals(symbol)),
                  key=lambda s: (s.signal.time, s.id), reverse=True)
    return Snapshot(
        version=version, now=NOW, groups=groups, rows=tuple(row(symbol) for symbol in symbols),
        exchanges=(
            ExchangeStatus("XNYS", SessionState.OPEN, NOW + timedelta(hours=5, minutes=30), SessionState.POST),
            ExchangeStatus("XTKS", SessionState.CLOSED, NOW + timedelta(hours=8), SessionState.OPEN),
        ),
        source=SourceHealth("yahoo", Health.OK, "ok", NOW - timedelta(minutes=9), None, 12),
        jobs=(
            JobStatus("quotes", Health.OK, "every 15 s", None, None, NOW - timedelta(seconds=4),
                      NOW + timedelta(seconds=11)),
            JobStatus("training", Health.WORKING, "lstm, epoch 13 of 30", 0.43, 6.0, NOW - timedelta(seconds=5), None),
            JobStatus("bars", Health.LATE, "TSM: no bars since Friday", None, None, NOW - timedelta(days=3), None),
        ),
        data_time=NOW - timedelta(seconds=4), model="har-t", model_train_end=date(2026, 1, 30), signals=tuple(news),
        signal_records=(
            signal_record(SignalKind.RSI_OVERSOLD, 41, 0.56), signal_record(SignalKind.RSI_OVERBOUGHT, 38, 0.47),
            signal_record(SignalKind.MACD_GOLDEN, 63, 0.54), signal_record(SignalKind.MACD_DEATH, 61, 0.46),
        ),
        records=tuple(
            record(None, model, h, origin, n, skill)
            for model, skill in (("lstm", 0.014), ("har-t", 0.012), ("ewma-t", 0.006))
            for h in (1, 5, 10)
            for origin, n in ((Origin.LIVE, 216), (Origin.BACKFILL, 1134))
        ),
        notices=("TSM: no bars since Friday", "lstm is training; har-t bands meanwhile"),
    )


def inspection() -> Inspection:
    """A store that is well, two symbols in quarantine, one finding, two processes, and no logs."""
    store = StoreFacts(
        Path("/home/someone/.local/share/tapecast/store.db"), 48_234_496, 1_204_224, 14,
        ("store.db.backup-20260301T210000Z", NOW - timedelta(hours=18)), NOW - timedelta(minutes=3), False, (),
    )
    held = (
        Quarantined(Symbol("BADSYM"), Asked.QUOTE, "unknown-symbol", "BADSYM: the source knows no such symbol", 3,
                    NOW - timedelta(hours=2), NOW + timedelta(minutes=13)),
        Quarantined(Symbol("TSM"), Asked.HISTORY, "no-data", "TSM: no bars since Friday", 1,
                    NOW - timedelta(days=3), NOW + timedelta(hours=9)),
    )
    return Inspection(
        store, held, ("TSM: 2026-02-20: volume 0 on a session that traded",),
        (ProcessFacts("screen", 4711, 98_304_000, 14), ProcessFacts("worker", 4712, 612_368_384, 9)), (),
    )


class FakeWork:
    """Notes what was asked of the work behind the screen."""

    def __init__(self, calls: list[tuple[object, ...]]) -> None:
        self._calls = calls

    def train(self) -> str:
        self._calls.append(("train",))
        return "training has begun; the models at work stay there meanwhile"

    def cancel(self) -> str:
        self._calls.append(("cancel",))
        return "train stops with its next step; the models at work stay there"

    def ask_for_everything(self) -> str:
        self._calls.append(("everything",))
        return "yahoo is asked for everything again: 13 requests (1 for quotes, 12 for histories)"


class FakeEngine:
    """Answers from memory; what was asked of it is kept in `calls`."""

    def __init__(self, *symbols: str, replaying: bool = False) -> None:
        self.columns = ColumnChoice()
        self.groups = (
            WatchGroup("Core", tuple(Symbol(s) for s in symbols or CORE)),
            WatchGroup("Tech", (Symbol("MSFT"), Symbol("AMD"), Symbol("INTC"), Symbol("NVDA"))),
        )
        self.fake_alerts = FakeAlerts()
        self.alerts = AlertDesk(cast("Alerts", self.fake_alerts), lambda: NOW)
        self.holdings = HoldingsDesk(cast("Holdings", FakeHoldings()), lambda: NOW)
        self.calls: list[tuple[object, ...]] = []
        self.paused = False
        self.speed = 1.0
        self.work = FakeWork(self.calls)
        self.inspection = inspection()
        self.answers: dict[type[Question[Any]], Answering] = {AskAccuracy: answer_accuracy}      # to questions, by type
        self.publish: OnSnapshot | None = None
        self.show: Show | None = None
        self._replaying = replaying
        self._version = 0
        self._changes: list[Callable[[Snapshot], Snapshot]] = []

    @property
    def groups(self) -> tuple[WatchGroup, ...]:
        """The lists."""
        return self._groups

    @groups.setter
    def groups(self, groups: tuple[WatchGroup, ...]) -> None:
        """Other lists, as if another process had written them."""
        self.lists = Watchlist(groups, lambda groups: None)
        self._groups = groups
        self.lists.changed = self._take_lists

    def _take_lists(self) -> None:
        self._groups = self.lists.groups

    def snapshot(self) -> Snapshot:
        """The present state, one version on."""
        self._version += 1
        made = replace(
            snapshot(self.groups, self._version), alerts=self.alerts.history(),
            alerts_unseen=len(self.alerts.unseen()), rules=self.fake_alerts.statuses(),
        )
        if self._replaying:
            made = replace(made, replay=ReplayStatus(date(2008, 9, 15), self.speed, self.paused, False))
        made = with_holdings(made, self.holdings.all())
        for change in self._changes:
            made = change(made)
        return made

    def push(self, change: Callable[[Snapshot], Snapshot] | None = None) -> None:
        """Publish a snapshot, as a refresh would; `change` stays in force for later ones."""
        if change is not None:
            self._changes.append(change)
        assert self.publish is not None
        self.publish(self.snapshot())

    def detail(self, symbol: Symbol) -> SymbolDetail | None:
        """The panes' values."""
        self.calls.append(("detail", str(symbol)))
        return detail(symbol)

    def inspect(self) -> Inspection:
        """What `inspection` holds, and the sinks that alerts went to."""
        self.calls.append(("inspect",))
        newest: dict[str, SinkFacts] = {}
        for alert in self.alerts.history():
            for sent in alert.deliveries:
                newest.setdefault(sent.sink, SinkFacts(sent.sink, (alert.data_time, sent)))
        return replace(self.inspection, sinks=(*newest.values(), *self.inspection.sinks))

    def inquire(self, question: Question[A], on_step: OnStep) -> A:
        """What `answers` has for questions of this type."""
        self.calls.append(("inquire", question))
        if (answering := self.answers.get(type(question))) is None:
            raise WorkerError("questions: this engine has no worker process to answer them")
        answer: A = answering(question, on_step)
        return answer

    def withdraw(self, kind: type[Question[Any]]) -> None:
        """Remember it."""
        self.calls.append(("withdraw", kind))

    def start(self, on_snapshot: OnSnapshot, run_in_thread: RunInThread, show: Show | None = None) -> None:
        """Remember whom to tell."""
        self.calls.append(("start",))
        self.publish, self.show = on_snapshot, show

    def stop(self) -> None:
        """Nothing runs."""
        self.calls.append(("stop",))

    def refresh(self) -> None:
        """Publish once more."""
        self.calls.append(("refresh",))
        self.push()

    def pause(self, paused: bool) -> None:
        """Stand still."""
        self.paused = paused

    def change_speed(self, steps: int) -> None:
        """Faster or slower."""
        self.speed *= 2.0**steps

    def jump(self, sessions: int) -> None:
        """Skip forward."""
        self.calls.append(("jump", sessions))


def main() -> None:
    """Show the app on the fake engine."""
    from tui.app import TapecastApp

    parser = argparse.ArgumentParser()
    parser.add_argument("--replay", action="store_true")
    parser.add_argument("--ascii", action="store_true")
    parser.add_argument("--alerts", action="store_true")
    parser.add_argument("--theme", default="tapecast")
    parser.add_argument("symbols", nargs="*")
    given = parser.parse_args()
    engine = FakeEngine(*given.symbols, replaying=given.replay)
    if given.alerts:
        fill_alerts(engine.fake_alerts, engine.alerts, NOW)
    TapecastApp(engine, theme=given.theme, ascii_only=given.ascii, title="demo" if given.replay else "").run()


if __name__ == "__main__":
    main()
