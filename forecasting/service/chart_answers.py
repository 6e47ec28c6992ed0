"""Answers what charts ask for: past forecasts, curves of indicators, short bars. Runs in the worker process."""

from __future__ import annotations

import json
from contextlib import suppress
from dataclasses import replace
from datetime import datetime

from forecasting.data.sources.registry import REMOTE
from forecasting.data.store import Store
from forecasting.domain.chart import INDICATOR_BY_KEY
from forecasting.domain.forecast import Origin
from forecasting.domain.interval import Interval
from forecasting.domain.market import Symbol, SymbolFailure
from forecasting.features.curves import curves
from forecasting.service.backend import Key, OnStep, Step
from forecasting.service.charting import (
    AskChart,
    AskChosen,
    ChartAnswer,
    Chosen,
    Curve,
    Numbers,
    PastForecast,
    ShortBars,
)
from forecasting.service.desk import Desk
from forecasting.service.intake import take_bars

ASKED_FOR = Interval.QUARTER
"""Which short bars are asked for where none are stored."""
MOST_SHORT = 5_000
"""Short bars that one answer carries."""
_FINEST_FIRST = (Interval.FIVE, Interval.QUARTER, Interval.HOUR)
_CHOSEN = "chart-indicators"


def answer_chart(desk: Desk, question: AskChart, now: datetime, on_step: OnStep) -> ChartAnswer:
    """Everything that was asked for; short bars are brought up to date first, where the source has any."""
    past = _past(desk, question)
    wants_short = question.short and desk.interval is Interval.DAY
    if wants_short and (why := _cannot(desk, question.symbol)) is not None:
        wants_short, note = False, why
    else:
        note = ""
    if not wants_short:
        curves_, last = _curves(desk, question, on_step)
        return ChartAnswer(question.symbol, question.horizon, past, curves_, last, None, note)
    with Store.open(desk.store.path, interval=_finest(desk, question.symbol)) as store:
        # The desk of a worker that has such bars only: same source and budget; store, slots and wishes of its own.
        short = replace(desk, store=store, interval=store.interval, retry={}, again=set(), doubted={}, _slots={})
        note = _bring(short, question.symbol, on_step)
        found = _short_bars(store, question.symbol)
        curves_, last = _curves(short if found is not None else desk, question, on_step)
    return ChartAnswer(question.symbol, question.horizon, past, curves_, last, found, note)


def answer_chosen(desk: Desk, question: AskChosen, now: datetime, on_step: OnStep) -> Chosen:
    """What was chosen last, or just now; names that are none any more are left out."""
    if question.choose is not None:
        desk.store.runs.set_meta(_CHOSEN, json.dumps(question.choose))
    kept: list[object] = []
    with suppress(ValueError):
        kept = json.loads(desk.store.runs.get_meta(_CHOSEN) or "[]")
    return Chosen(tuple(key for key in INDICATOR_BY_KEY if key in kept))


def _past(desk: Desk, question: AskChart) -> tuple[PastForecast, ...]:
    if question.horizon is None or question.model is None:
        return ()
    found = [
        o for origin in (Origin.BACKFILL, Origin.LIVE)
        for o in desk.store.ledger.outcomes(question.symbol, question.model, question.horizon, origin)
    ]
    return tuple(
        PastForecast(o.target_session, o.as_of_session, o.origin is Origin.LIVE, o.low_80, o.median, o.high_80,
                     o.actual)
        for o in sorted(found, key=lambda o: (o.target_session, o.origin is Origin.LIVE))
    )


def _curves(desk: Desk, question: AskChart, on_step: OnStep) -> tuple[tuple[Curve, ...], Key | None]:
    """The curves over the desk's bars, and the newest of those bars."""
    symbol, short = question.symbol, desk.interval is not Interval.DAY
    kinds = [kind for key in question.indicators if (kind := INDICATOR_BY_KEY.get(key)) is not None]
    bars = desk.store.market.bars(symbol, limit=MOST_SHORT if short else None) if kinds else ()
    if not bars:
        return (), None
    first_of = desk.tables([symbol])[symbol].first_of
    found = []
    for kind in kinds:
        on_step(Step("curves", f"{symbol}: {kind.title}", None))
        if short or not kind.short_only:
            computed = zip(kind.curves, curves(bars, kind.key, first_of), strict=True)
            found += [Curve(kind.key, name, _numbers(values.tolist())) for name, values in computed]
    return tuple(found), bars[-1].session


def _cannot(desk: Desk, symbol: Symbol) -> str | None:
    """Why there can be no short bars of `symbol`; None if there can, or there are some."""
    if desk.source.name in REMOTE or _stored(desk, symbol) is not None:
        return None
    answer = desk.source.history(symbol, ASKED_FOR, desk.clock.now().date())
    return _daily_shown(answer.message) if isinstance(answer, SymbolFailure) else None


def _finest(desk: Desk, symbol: Symbol) -> Interval:
    return _stored(desk, symbol) or ASKED_FOR


def _stored(desk: Desk, symbol: Symbol) -> Interval | None:
    """The shortest bars of `symbol` that are stored."""
    path = desk.store.path
    for interval in _FINEST_FIRST:
        if path.with_name(f"{path.stem}-{interval}{path.suffix}").exists():
            with Store.open(path, interval=interval) as store:
                if store.market.last_sessions([symbol]):
                    return interval
    return None


def _bring(desk: Desk, symbol: Symbol, on_step: OnStep) -> str:
    """Bring the stored short bars up to date; why that could not be done, or ""."""
    on_step(Step("history", f"{symbol}: {desk.interval} bars", None))
    intake = take_bars(desk, [symbol], desk.tables([symbol]), on_step)
    if intake.withdrawn is not None:
        raise intake.withdrawn
    trouble = str(intake.trouble) if intake.trouble is not None else next((f.message for f in intake.failures), "")
    if not trouble:
        return ""
    if (known := desk.store.market.last_sessions([symbol]).get(symbol)) is not None:
        return f"{desk.interval} bars to {known:%m-%d %H:%M} UTC: {trouble}"
    return _daily_shown(trouble)


def _daily_shown(why: str) -> str:
    return f"daily bars: {why.partition(';')[0]}"


def _short_bars(store: Store, symbol: Symbol) -> ShortBars | None:
    bars = store.market.bars(symbol, limit=MOST_SHORT)
    if not bars:
        return None
    rows = {row.session: row for row in store.market.indicators(symbol, limit=MOST_SHORT)}

    def figures(name: str) -> Numbers:
        return tuple(getattr(rows.get(bar.session), name, None) for bar in bars)

    return ShortBars(
        store.interval, tuple(b.session for b in bars), tuple(b.open for b in bars), tuple(b.high for b in bars),
        tuple(b.low for b in bars), tuple(b.close for b in bars), tuple(b.adj_close for b in bars),
        tuple(b.volume for b in bars), figures("rsi"), figures("macd"), figures("macd_signal"), figures("macd_hist"),
    )


def _numbers(values: list[float]) -> Numbers:
    return tuple(None if v != v else float(f"{v:.8g}") for v in values)      # NaN is not itself
