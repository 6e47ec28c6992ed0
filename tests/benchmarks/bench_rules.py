"""What a tick costs with a thousand rules over a hundred symbols: facts in, columns, rules, memory to be written.

Prices move by a twentieth of a per cent from look to look, as quotes do; every rule is another one. Goal: <= 50 ms.
`streamed_N`: a batch of N ticks on its whole way through an alert book over a store; up to four a second come.
"""

from __future__ import annotations

import random
import time
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

from forecasting.data.store import Store
from forecasting.domain.decision import AlertRule
from forecasting.domain.market import Bar, BarSeries, IndicatorRow, Instrument, Quote, Symbol
from forecasting.domain.sessions import Session, SessionTable
from forecasting.domain.snapshot import Health, SourceHealth
from forecasting.service.alert_book import AlertBook
from forecasting.service.snapshots import SnapshotReader, Status
from forecasting.trading.rules.evaluate import RuleWatch
from forecasting.trading.rules.facts import FactsFrame, SymbolFacts
from forecasting.trading.rules.parser import parse_rule
from tests.support.bench_figures import Figures, milliseconds, spread

RULES, SYMBOLS, BARS = 1000, 100, 60
TEXTS = (
    "last > {price}", "rsi crosses above {rsi}", "change_pct < -{change} or change_pct > {change}",
    "rsi < {rsi} and last > {price} for 3 bars", "macd crosses above macd_signal and rsi < {rsi}",
    "last > high(20 bars) then rsi > {rsi} within 5 bars", "signal == buy and volume > {price}000",
    "last crosses below average(50 bars)", "abs(change_pct) > {change} and state == live",
)  # fmt: skip


def run(looks: int = 40) -> Figures:
    """Measure `looks` looks after the first."""
    chance = random.Random(1)
    symbols = tuple(Symbol(f"S{i:03}") for i in range(SYMBOLS))
    market = [_facts(symbol, chance) for symbol in symbols]
    watches = [RuleWatch(parse_rule(_text(i, chance)), symbols) for i in range(RULES)]
    samples, fired, changed = [], 0, 0
    for look in range(looks + 1):
        market = [_moved(facts, chance) for facts in market]
        began = time.perf_counter()
        frame = FactsFrame(market)
        found = sum(len(watch.step(frame)) for watch in watches)
        remembered = sum(1 for watch in watches for row in watch.changed() if watch.memory(row))
        if look:      # the first look is every rule's baseline
            samples.append(time.perf_counter() - began)
            fired, changed = fired + found, changed + remembered
    return {
        **{f"streamed_{n}_{name}": figure for n in (1, 10, SYMBOLS) for name, figure in _streamed(n, looks).items()},
        "rules": RULES, "symbols": SYMBOLS, "looks": looks, **spread(samples),
        "mean_ms": milliseconds(sum(samples) / len(samples)),
        "fired_per_look": round(fired / looks, 1), "memories_per_look": round(changed / looks, 1),
    }  # fmt: skip


def _streamed(ticked: int, looks: int) -> Figures:
    """Looks at a batch of `ticked` symbols with a new price each: rows, rules, and what they remember in the store."""
    chance, now = random.Random(2), datetime(2026, 3, 2, 15, tzinfo=UTC)
    symbols = tuple(Symbol(f"S{i:03}") for i in range(SYMBOLS))
    prices = {s: Quote(s, 100.0, now, 99.0, "USD", "poll") for s in symbols}
    with Store.temporary() as store:
        store.market.put_instruments([Instrument(s, s, "XNYS", "USD") for s in symbols])
        for series in (BarSeries(Instrument(s, s, "XNYS", "USD"), tuple(_facts(s, chance).bars)) for s in symbols):
            store.market.put_bars(series)
        store.market.put_sessions(_sessions(now.date()))
        store.market.put_quotes(prices.values())
        for i in range(RULES):
            store.alerts.add(AlertRule(0, _text(i, chance), (), None, (), 0.0, 0.0, now))
        book, reader = AlertBook(store), SnapshotReader(store)
        status = Status(now, (), symbols, SourceHealth("poll", Health.OK, "ok"), (), None, (), None)
        book.look(reader.read(1, status))
        samples, fired = [], 0
        for look in range(looks):
            moment = now + timedelta(seconds=0.25 * (look + 1))
            for s in chance.sample(symbols, ticked):
                prices[s] = replace(prices[s], price=prices[s].price * (1 + chance.gauss(0, 0.0005)), time=moment)
            ticks = tuple(q for q in prices.values() if q.time == moment)
            began = time.perf_counter()
            told = replace(status, now=moment, symbols=tuple(q.symbol for q in ticks), ticks=ticks)
            fired += len(book.look_at_ticks(reader.tell_again(0, told)))
            samples.append(time.perf_counter() - began)
        return {**spread(samples), "mean_ms": milliseconds(sum(samples) / looks), "fired_per_look": fired / looks}


def _sessions(today: date) -> SessionTable:
    days = [today + timedelta(days=i) for i in range(-80, 40)]
    opens = [datetime.combine(day, datetime.min.time(), UTC) + timedelta(hours=14, minutes=30) for day in days]
    return SessionTable("XNYS", tuple(Session(o.date(), o, o + timedelta(hours=6.5)) for o in opens))


def _text(i: int, chance: random.Random) -> str:
    return TEXTS[i % len(TEXTS)].format(
        price=round(chance.uniform(80, 120), 2), rsi=round(chance.uniform(20, 80), 1),
        change=round(chance.uniform(0.5, 4), 2),
    )


def _facts(symbol: Symbol, chance: random.Random) -> SymbolFacts:
    closes = [100.0]
    while len(closes) < BARS:
        closes.append(closes[-1] * (1 + chance.gauss(0, 0.01)))
    bars = tuple(
        Bar(date(2026, 1, 1) + timedelta(days=i), c, c * 1.01, c * 0.99, c, c, 1e6) for i, c in enumerate(closes)
    )
    row = IndicatorRow(bars[-1].session, closes[-1], 50.0, 0.1, 0.1, 0.0)
    texts = (("signal", chance.choice(("buy", "sell"))), ("state", "LIVE"))
    return SymbolFacts(symbol, 0.0, bars, BARS - 1, last=closes[-1], change_pct=0.0, indicators=row, texts=texts)


def _moved(facts: SymbolFacts, chance: random.Random) -> SymbolFacts:
    last, close = facts.last * (1 + chance.gauss(0, 0.0005)), facts.bars[-2].close
    assert facts.indicators is not None
    row = replace(facts.indicators, rsi=50 + chance.gauss(0, 2), macd=0.1 + chance.gauss(0, 0.02))
    return replace(facts, last=last, change_pct=(last / close - 1) * 100, time=facts.time + 15, indicators=row)
