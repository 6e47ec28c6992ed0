"""`tapecast doctor`: is everything there that a forecast rests on, and does anything know the future?

Each check says what it found and, where that is not as it should be, what to do. Nothing stops at the first trouble:
what can still be looked at is looked at. Exit codes: 0 fine, warnings included; 1 something failed; 2 the
configuration cannot be read.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from datetime import date, datetime

from forecasting.config import Settings
from forecasting.data.quality import Issue, RawBar, clean_bars
from forecasting.domain.interval import Interval
from forecasting.domain.market import BarSeries, Symbol, SymbolFailure
from forecasting.domain.sessions import SessionTable
from forecasting.errors import ConfigError, NotEnoughHistory, SourceError, TapecastError
from forecasting.evaluation import leaks as search
from forecasting.features.pipeline import DEFAULT_SPEC, build_panel
from forecasting.service.backend import OnStep, Step
from forecasting.service.bench import ENSEMBLE
from forecasting.service.build import one_shot
from forecasting.service.checks import Check, config, folder, models, sinks, software, store, trouble
from forecasting.service.doubts import doubts
from forecasting.service.headless import Answer, moment, watched
from forecasting.service.local import LocalBackend
from forecasting.service.places import place

SESSIONS_AHEAD = 30
LEAK_SYMBOLS = 12
LEAK_BARS = 2520                                     # ten years of sessions
LEAK_MODELS = ("har-t", "ewma-t", ENSEMBLE)
_NAMED = 5                                           # symbols, or features, a line names
_LEAK = "trust no score until this is mended: something reads what it cannot know yet"


@dataclass(frozen=True, slots=True)
class _Bars:
    """What could be read of the watchlist."""

    series: tuple[BarSeries, ...] = ()
    tables: Mapping[Symbol, SessionTable] = field(default_factory=dict)


def examine(
    load: Callable[[], Settings], as_of: date | None, on_step: OnStep, *, leaks: bool, first: Sequence[Check] = ()
) -> Answer:
    """Look at everything; `first` are checks that the caller has made.

    Args:
        load: Reads the settings, or raises `ConfigError`.
        as_of: Look at nothing after this day.
        on_step: Told what is being looked at.
        leaks: Whether to look for leaks as well, which takes up to a minute.
        first: Come first in the report.
    """
    checks = [software(), *first]
    try:
        settings = load()
        where = place(settings, demo=False)
    except ConfigError as error:
        checks.append(trouble("config", error, otherwise="correct it, or name another with --config"))
        return _answer(checks, ConfigError.exit_code)
    checks += [config(settings), *sinks(settings), folder(where), store(where)]
    recorded = settings.source.name != "yahoo"
    bars, now = _Bars(), moment(as_of)
    # Opening a damaged store would set it aside; that is for the app to do, not for one who only looks.
    if recorded or checks[-1].status != "failed":
        try:
            with one_shot(settings, temporary=recorded) as backend:
                found, bars = _market(settings, backend, now, on_step, read=recorded)
            checks += found
        except TapecastError as error:
            checks.append(trouble("source", error, otherwise="name another with --source or --csv-dir"))
    # Time stands still in a recording: its newest session is its today.
    interval = settings.source.interval
    today = interval.key_at(now)
    newest = max((s.bars[-1].session for s in bars.series), default=today) if recorded else today
    checks.append(models(where.models, settings.model, newest, interval))
    if leaks and interval is not Interval.DAY:
        asked = f"looked for in daily bars only, asked for {interval}"
        checks.append(Check("T1 future", "warning", asked, "leave --interval out for this search"))
    elif leaks:
        checks += _leaks(bars, on_step)
    return _answer(checks, 1 if any(c.status == "failed" for c in checks) else 0)


def _answer(checks: Iterable[Check], exit_code: int) -> Answer:
    return Answer({"checks": [asdict(c) for c in checks]}, (), exit_code)


def _market(
    settings: Settings, backend: LocalBackend, now: datetime, on_step: OnStep, *, read: bool
) -> tuple[list[Check], _Bars]:
    """Calendars, source and bars of what is watched; with `read`, bars are read from the source first."""
    backend.catalogue(now)           # which tells the source what time it is
    symbols = watched(settings, backend, now)
    if not symbols:
        return [Check("watchlist", "warning", "nothing is watched", "add a symbol in the app, or a [[list]]")], _Bars()
    tables = backend.desk.tables(symbols)
    checks = [_calendars(tables, now), _source(backend, symbols[0], remote=not read)]
    failures: list[SymbolFailure] = []
    for done, symbol in enumerate(symbols if read else ()):
        on_step(Step("read", f"bars of {symbol}", done / len(symbols)))
        if (failure := backend.take_history(symbol, now, lambda _: None)) is not None:
            failures.append(failure)
    market, until = backend.desk.store.market, settings.source.interval.last_key(now.date())
    series = tuple(s for symbol in symbols if (s := market.series(symbol, until=until)) is not None)
    checks += [_bars(symbols, series, tables, failures), *doubts(backend.desk.store, symbols)]
    return checks, _Bars(series, tables)


def _calendars(tables: Mapping[Symbol, SessionTable], now: datetime) -> Check:
    ahead = {t.exchange: [s for s in t.sessions if s.session >= now.date()] for t in tables.values()}
    reach = {exchange: f"{exchange} {len(s)} (to {s[-1].session})" if s else f"{exchange} 0"
             for exchange, s in ahead.items()}
    short = [reach[e] for e, sessions in ahead.items() if len(sessions) < SESSIONS_AHEAD]
    if short:
        return Check("calendars", "failed", f"too few sessions ahead: {', '.join(short)}, needs {SESSIONS_AHEAD}",
                     "upgrade exchange-calendars: python -m pip install -U exchange-calendars")
    return Check("calendars", "ok", f"sessions ahead: {', '.join(reach.values())}")


def _source(backend: LocalBackend, symbol: Symbol, *, remote: bool) -> Check:
    """One question to the source. A remote one that is silent keeps the app from its prices."""
    source, began = backend.desk.source, time.perf_counter()
    try:
        answer = source.quotes([symbol])[0]
    except SourceError as error:
        return trouble("source", error, otherwise="check the network; what is stored is shown meanwhile",
                       status="failed" if remote else "warning")
    seconds = time.perf_counter() - began
    if isinstance(answer, SymbolFailure):
        return Check("source", "warning", f"{source.name}: {answer.message}", f"check or remove {symbol}")
    quoted = f"{answer.symbol} {answer.price:,.2f} {answer.currency}".rstrip()
    return Check("source", "ok", f"{source.name}: {quoted} of {answer.time:%Y-%m-%d %H:%M} UTC in {seconds:.2f} s")


def _bars(
    symbols: Sequence[Symbol], series: Sequence[BarSeries], tables: Mapping[Symbol, SessionTable],
    failures: Sequence[SymbolFailure],
) -> Check:
    """Sessions without a bar within each symbol's span, moves nobody explained, days that are no sessions."""
    gaps, issues = Counter[str](), {issue: Counter[str]() for issue in (Issue.JUMP, Issue.OFF_CALENDAR)}
    for one in series:
        rows = [RawBar(b.session, b.open, b.high, b.low, b.close, b.adj_close, b.volume) for b in one.bars]
        table, last = tables[one.symbol], one.bars[-1].session
        _, report = clean_bars(one.instrument, rows, newest=last, table=table, interval=one.interval)
        for issue, counts in issues.items():
            counts[one.symbol] += report.count(issue)
        traded = {b.session for b in one.bars}
        gaps[one.symbol] = sum(s.session not in traded for s in table.between(one.bars[0].session, last))
    silent = len(symbols) - len(series)
    odd = [text for text in (
        f"{silent} symbols have none" + (f" ({failures[0].message})" if failures else "") if silent else "",
        _counted("sessions without a bar", gaps),
        *(_counted(f"times '{issue}'", counts) for issue, counts in issues.items()),
    ) if text]
    newest = max((s.bars[-1].session for s in series), default=None)
    found = f"{sum(len(s.bars) for s in series):,} bars of {len(series)} symbols, newest {newest or 'none'}"
    if odd:
        return Check("bars", "warning", "; ".join([found, *odd]),
                     "look at the symbols named; a source's own holes cannot be filled, and are never made up"
                     if series else "start tapecast while the source answers")
    return Check("bars", "ok", f"{found}, no session missing within any symbol's span")


def _counted(what: str, counts: Counter[str]) -> str:
    """A total with the symbols that have most of it; empty if there is none."""
    most = [f"{symbol} {n}" for symbol, n in counts.most_common() if n]
    more = f", {len(most) - _NAMED} more symbols" if len(most) > _NAMED else ""
    return f"{counts.total()} {what} ({', '.join(most[:_NAMED])}{more})" if most else ""


def _leaks(bars: _Bars, on_step: OnStep) -> list[Check]:
    """T1 and T2 on a sample of the person's own bars, T4 on random walks."""
    series = sample(bars.series)
    tables = {t.exchange: t for t in bars.tables.values()}
    whose = f"{len(series)} of {len(bars.series)} symbols"
    checks = []
    for name, check in (("T1 future", _future), ("T2 poison", _poison), ("T4 null", _null)):
        on_step(Step(name, f"looking for leaks: {name}", 0.0))
        try:
            checks.append(check(name, series, tables, whose))
        except NotEnoughHistory as error:
            checks.append(trouble(name, error, otherwise="load more history", status="warning"))
    return checks


def sample(series: Sequence[BarSeries]) -> list[BarSeries]:
    """At most LEAK_SYMBOLS of the symbols, evenly through the list, with the newest LEAK_BARS bars of each."""
    step = max(len(series) / LEAK_SYMBOLS, 1.0)
    chosen = [series[int(i * step)] for i in range(min(len(series), LEAK_SYMBOLS))]
    return [replace(s, bars=s.bars[-LEAK_BARS:]) for s in chosen]


def _future(name: str, series: Sequence[BarSeries], tables: search.Tables, whose: str) -> Check:
    _needs(name, series)
    found = search.future_check(series, tables)
    tried = f"{found.cuts} random cuts x {len(search.FUTURES)} futures ({', '.join(search.FUTURES)}), {whose}"
    if found.changed:
        more = f" and {len(found.changed) - _NAMED} more" if len(found.changed) > _NAMED else ""
        changed = f"{', '.join(found.changed[:_NAMED])}{more}"
        return Check(name, "failed", f"{tried}: the past changed in {changed}", _LEAK)
    return Check(name, "ok", f"{tried}: {found.figures:,} figures of features, scale and har-t forecasts, "
                             "no bit of them changed")


def _poison(name: str, series: Sequence[BarSeries], tables: search.Tables, whose: str) -> Check:
    _needs(name, series)
    found = search.poison_check(build_panel(series, DEFAULT_SPEC, tables), LEAK_MODELS)
    ids = ", ".join(f"{model} {model_id}" for model, model_id in found.same.items())
    same = f"fitted to {found.cut} with all later spoilt, {whose}: {ids or 'no model'} the same"
    said = "; ".join((same, *found.left_out))
    if found.changed:
        return Check(name, "failed", f"{said}; {', '.join(found.changed)} changed", _LEAK)
    return Check(name, "warning", said, "load more history") if found.left_out else Check(name, "ok", said)


def _null(name: str, series: Sequence[BarSeries], tables: search.Tables, whose: str) -> Check:
    """On made-up prices: nobody knows the truth about one's own."""
    found = search.null_check()
    (skill, low, high), (hits, hits_low, hits_high) = found.skill, found.hits
    said = (f"{found.symbols} GARCH-t random walks, {found.n_days} days forecast: har-t's skill against the true sigma "
            f"{skill:+.2%} [{low:+.2%}, {high:+.2%}], a probe of all {found.features} features calls "
            f"{hits:.1%} [{hits_low:.1%}, {hits_high:.1%}] of directions")
    return Check(name, "ok", said) if found.quiet else Check(name, "failed", f"{said}: better than can be", _LEAK)


def _needs(name: str, series: Sequence[BarSeries]) -> None:
    if not series:
        raise NotEnoughHistory(f"{name}: no bars to look at; read some first, or give --csv-dir")
