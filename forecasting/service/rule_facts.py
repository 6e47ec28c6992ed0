"""From the store and a snapshot to what alert rules read: each bar that closed since they last looked, then now.

Runs in the screen's process, so the standard library only. Bars are read again only when a symbol has a new one.
"""

from __future__ import annotations

import math
from array import array
from bisect import bisect_right
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta

from forecasting.data.store import Store
from forecasting.domain.decision import ScoredSignal
from forecasting.domain.forecast import MODELS, Forecast
from forecasting.domain.market import Bar, IndicatorRow, Quote, SessionState, Symbol
from forecasting.domain.sessions import SessionTable, in_slots
from forecasting.domain.snapshot import Snapshot, SymbolRow
from forecasting.service.view import shown_forecast
from forecasting.trading.rules.facts import SymbolFacts
from forecasting.trading.rules.replay import change_since_previous


def tags_of(row: SymbolRow) -> str:
    """The row's tags apart by blanks; a dash where it has none, which is known."""
    return " ".join(row.holding.tags) if row.holding is not None and row.holding.tags else "-"


OPINIONS = {1: "buy", -1: "sell", 0: "watch"}
"""A signal's direction in a word, as rules and filters know it."""
_SAMPLES = 4000                          # prices remembered of a symbol: with one every 15 s, two and a half sessions
_APART_S = 10.0                          # at least, between two of them: prices stream in four times a second
_TOLD = 100                              # signals that are looked through for those of a bar that was missed
_FRESH = timedelta(minutes=15)           # how old a remembered price may be to stand for a moment of open trading


def opinions_of(told: Iterable[ScoredSignal]) -> str:
    """What these signals say, in words apart by blanks."""
    return " ".join(dict.fromkeys(OPINIONS[s.signal.direction] for s in told)) or "none"


def kinds_of(told: Iterable[ScoredSignal]) -> str:
    """What made them, in the same way."""
    return " ".join(s.signal.kind.value for s in told) or "none"


@dataclass(frozen=True, slots=True)
class _Past:
    """One symbol's closed bars."""

    bars: tuple[Bar, ...]
    indicators: tuple[IndicatorRow, ...]     # of the same bars, as far as there are any
    closes: tuple[float, ...]                # when each bar closed, seconds since 1970

    def indicators_of(self, at: int) -> IndicatorRow | None:
        i = len(self.indicators) - len(self.bars) + at
        return self.indicators[i] if i >= 0 and self.indicators[i].session == self.bars[at].session else None


class _Prices:
    """Prices of one symbol and when they were made, ascending; sixteen bytes each, since there are thousands."""

    __slots__ = ("_prices", "_times")

    def __init__(self) -> None:
        self._times, self._prices = array("d"), array("d")

    def add(self, time: float, price: float) -> None:
        """Remember one, unless it comes too soon after the last, or late."""
        if self._times and time < self._times[-1] + _APART_S:
            return
        self._times.append(time)
        self._prices.append(price)
        if len(self._times) > _SAMPLES + _SAMPLES // 8:      # the oldest go many at once, since the rest has to move up
            del self._times[:-_SAMPLES], self._prices[:-_SAMPLES]

    def at(self, time: float) -> tuple[float, float] | None:
        """The newest one made at `time` or before, with its own time."""
        i = bisect_right(self._times, time) - 1
        return None if i < 0 else (self._times[i], self._prices[i])


_NONE = _Prices()


class FactsReader:
    """Makes `SymbolFacts`; one thread at a time."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._pasts: dict[Symbol, _Past] = {}
        self._tables: dict[str, SessionTable] = {}                       # by exchange
        self._table_of: dict[Symbol, SessionTable] = {}
        self._watched: dict[Symbol, _Prices] = {}
        self._depth = 0

    def refresh(self, snapshot: Snapshot, depth: int) -> None:
        """Take up what is new in the store; `depth` is how many bars the rules need."""
        newest = self._store.market.last_sessions([row.symbol for row in snapshot.rows])
        if depth > self._depth:
            self._pasts.clear()
            self._depth = depth
        instruments = self._store.market.instruments()
        for symbol, session in newest.items():
            table = self._table_of[symbol] = self._table(instruments[symbol].exchange, snapshot.now)
            past = self._pasts.get(symbol)
            if past is None or past.bars[-1].session != session:
                self._pasts[symbol] = self._read(symbol, table)
        self.remember(snapshot.rows)

    def remember(self, rows: Iterable[SymbolRow]) -> None:
        """Take up the prices of these rows, which later moves are measured from."""
        for row in rows:
            if row.last is not None and row.data_time is not None:
                self._watched.setdefault(row.symbol, _Prices()).add(row.data_time.timestamp(), row.last)

    def newest(self) -> dict[Symbol, date]:
        """The newest closed bar of each symbol."""
        return {symbol: past.bars[-1].session for symbol, past in self._pasts.items()}

    def missed(
        self, looked_at: Mapping[Symbol, date], present: Mapping[Symbol, SymbolFacts]
    ) -> list[dict[Symbol, SymbolFacts]]:
        """Facts at each bar that closed since it was looked at, bar by bar, ascending; none of a symbol never seen.

        Args:
            looked_at: The newest bar of each symbol that was looked at.
            present: What is known now: forecasts and records are of the newest bar, names and tags of all.
        """
        return self._steps(
            {s: bisect_right(self._pasts[s].bars, seen, key=lambda bar: bar.session)
             for s, seen in looked_at.items() if s in self._pasts},
            present,
        )  # fmt: skip

    def about_to_close(self, closed: Mapping[Symbol, SymbolFacts]) -> dict[Symbol, SymbolFacts]:
        """The bars of a step of `missed` at their last moment, when forecasts made at the bar before still stood."""
        return {symbol: self._before_close(symbol, facts) for symbol, facts in closed.items() if facts.at > 0}

    def _before_close(self, symbol: Symbol, facts: SymbolFacts) -> SymbolFacts:
        past, at = self._pasts[symbol], facts.at
        told = _made_by(self._store.signals.recent(_TOLD, symbol), past.bars[at - 1].session)
        bar = self._at_bar(symbol, past, at, _lasting(facts, told))
        return bar.about_to_close(past.indicators_of(at - 1), self._made_at(symbol, past.bars[at - 1], past.bars[at]))

    def _made_at(self, symbol: Symbol, bar: Bar, following: Bar) -> Forecast | None:
        """What was forecast when a bar had closed, by the best of the models that spoke."""
        for model in MODELS:
            entry = self._store.ledger.previous(symbol, model, following.session)
            if entry is not None and entry.forecast.as_of_session == bar.session:
                return entry.forecast
        return None

    def newest_closes(self, count: int, present: Mapping[Symbol, SymbolFacts]) -> list[dict[Symbol, SymbolFacts]]:
        """Facts at the newest `count` closed bars of each symbol, in the same way."""
        return self._steps({s: max(0, len(past.bars) - count) for s, past in self._pasts.items()}, present)

    def _steps(
        self, firsts: Mapping[Symbol, int], present: Mapping[Symbol, SymbolFacts]
    ) -> list[dict[Symbol, SymbolFacts]]:
        """Facts at each symbol's bars from its first on."""
        steps: dict[date, dict[Symbol, SymbolFacts]] = {}
        for symbol, first in firsts.items():
            past = self._pasts[symbol]
            told = self._store.signals.recent(_TOLD, symbol) if first < len(past.bars) - 1 else ()
            for at in range(first, len(past.bars)):
                known = present.get(symbol) or SymbolFacts(symbol, 0.0, (), -1)
                if at < len(past.bars) - 1:
                    known = _lasting(known, _made_by(told, past.bars[at].session))
                steps.setdefault(past.bars[at].session, {})[symbol] = self._at_bar(symbol, past, at, known)
        return [steps[session] for session in sorted(steps)]

    def _at_bar(self, symbol: Symbol, past: _Past, at: int, known: SymbolFacts) -> SymbolFacts:
        """What `known` is with the bar `at` for the newest, which has just closed."""
        return replace(
            known,
            time=past.closes[at],
            bars=past.bars,
            at=at,
            closed=at,
            last=past.bars[at].close,
            change_pct=change_since_previous(past.bars, at),
            indicators=past.indicators_of(at),
            price_at=self._price_at(symbol, past, at),
        )

    def now(
        self, row: SymbolRow, now: datetime, quote: Quote | None, forecasts: Mapping[str, Forecast]
    ) -> SymbolFacts | None:
        """What a row of the snapshot says; None while there is no price.

        Args:
            row: The row.
            now: The snapshot's moment.
            quote: The newest polled quote, for what the row does not show of the running bar.
            forecasts: The newest of each model.
        """
        if row.last is None or row.data_time is None:
            return None
        past, table = self._pasts.get(row.symbol), self._table_of.get(row.symbol)
        running = _running(row, quote, past, table)
        bars: Sequence[Bar] = () if past is None else past.bars if running is None else (*past.bars, running)
        at = len(bars) - 1
        record = row.record
        return SymbolFacts(
            symbol=row.symbol,
            time=row.data_time.timestamp(),
            bars=bars,
            at=at,
            closed=at if running is None else at - 1,
            last=row.last,
            change_pct=_known(row.change_pct),
            indicators=past.indicators_of(len(past.bars) - 1) if past else None,
            forecast=shown_forecast(forecasts),
            price_at=_unknown if past is None else self._price_at(row.symbol, past, len(past.bars) - 1),
            skill=_percent(record.skill) if record else math.nan,
            coverage=_percent(record.coverage_80) if record else math.nan,
            hit_rate=_percent(record.hit_rate) if record else math.nan,
            age=(now - row.data_time).total_seconds(),
            texts=(
                ("signal", opinions_of(row.signals)),
                ("signal_kind", kinds_of(row.signals)),
                ("state", row.state.value),
                ("name", row.name),
                ("currency", row.currency),
                ("tag", tags_of(row)),
            ),
            position=row.position,
        )

    def _read(self, symbol: Symbol, table: SessionTable) -> _Past:
        bars = self._store.market.bars(symbol, limit=self._depth)
        rows = self._store.market.indicators(symbol, limit=self._depth)
        return _Past(bars, rows, tuple(table.close_of(bar.session).timestamp() for bar in bars))

    def _table(self, exchange: str, now: datetime) -> SessionTable:
        table = self._tables.get(exchange)
        if table is None or not table.reaches(now.date()):
            table = self._tables[exchange] = self._store.market.sessions(exchange)
        return in_slots(table, self._store.interval)

    def _price_at(self, symbol: Symbol, past: _Past, at: int) -> Callable[[float], float]:
        """The newest price known at a time, on the scale of bar `at`; NaN for open trading that nobody watched."""
        watched, table, factor = self._watched.get(symbol, _NONE), self._table_of.get(symbol), past.bars[at].factor

        def price(time: float) -> float:
            closed = bisect_right(past.closes, time) - 1
            made, found = 0.0, math.nan
            if closed >= 0:
                made, found = past.closes[closed], past.bars[closed].adj_close / factor
            seen = watched.at(time)
            if seen is not None and seen[0] > made:
                made, found = seen
            moment = datetime.fromtimestamp(time, UTC)
            trading = table is not None and table.current(moment) is not None
            return math.nan if trading and time - made > _FRESH.total_seconds() else found

        return price


def _running(row: SymbolRow, quote: Quote | None, past: _Past | None, table: SessionTable | None) -> Bar | None:
    """The bar that has not closed yet, or None where the price is no newer than the last close."""
    assert row.last is not None
    assert row.data_time is not None
    if past is None or row.data_time.timestamp() <= past.closes[-1]:
        return None
    session = table.last_opened(row.data_time) if table is not None else None
    if table is not None and table.state(row.data_time) is SessionState.PRE:      # a new day has begun
        session = table.next_open(row.data_time)
    elif session is not None and session.session == past.bars[-1].session:
        # Closing prices are often stamped a second after the close, and those of the evening belong to no bar at all:
        # the bar that has closed stands.
        return None
    if isinstance(past.bars[-1].session, datetime):      # a quote tells of the whole day, not of the running slot
        quote = None
    opened, high, low, volume = (quote.open, quote.high, quote.low, quote.volume) if quote else (None,) * 4
    return Bar(
        session.session if session is not None else row.data_time.date(),
        _known(opened), _known(high), _known(low), row.last, row.last * past.bars[-1].factor, _known(volume),
    )


_TIMELESS = ("name", "currency", "tag")      # texts


def _lasting(known: SymbolFacts, told: Sequence[ScoredSignal]) -> SymbolFacts:
    """What was so at an earlier bar: of the present the name, and what is held though not its worth; its signals."""
    position = known.position and replace(known.position, value=None, pnl=None, day_pnl=None)
    texts = tuple(text for text in known.texts if text[0] in _TIMELESS)
    texts += (("signal", opinions_of(told)), ("signal_kind", kinds_of(told)))
    return SymbolFacts(known.symbol, known.time, (), -1, texts=texts, position=position)


def _made_by(told: Sequence[ScoredSignal], session: date) -> tuple[ScoredSignal, ...]:
    """Of signals, newest first, those of the newest bar up to `session` that made any."""
    newest = next((s.signal.session for s in told if s.signal.session <= session), None)
    return tuple(s for s in told if s.signal.session == newest)


def _known(value: float | None) -> float:
    return math.nan if value is None else value


def _percent(share: float | None) -> float:
    return math.nan if share is None else share * 100.0


def _unknown(time: float) -> float:
    return math.nan
