"""Several sources in an order: what one does not answer, the next is asked.

The first is asked anew at every refresh and takes over again as soon as it answers; its own circuit breaker keeps that
cheap. Every quote and every series names the source it came from, and `health` says who answers in whose place. Prices
are never averaged or otherwise mixed, and whether bars of one source may follow another's is for the intake to judge.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime

from forecasting.data.sources.base import PriceStream, Searching, Source, Streaming
from forecasting.domain.clock import Clock
from forecasting.domain.interval import Interval
from forecasting.domain.market import BarSeries, Quote, Symbol, SymbolFailure
from forecasting.domain.search import Match
from forecasting.domain.snapshot import Health, SourceHealth
from forecasting.errors import SourceError


@dataclass(frozen=True, slots=True)
class _Outage:
    """The first source's silence."""

    error: SourceError
    since: datetime
    substitute: str | None            # who answers in its place; None: nobody
    substitute_since: datetime


class FailoverSource:
    """Answers with the first source that knows; goes by the first one's name."""

    def __init__(self, sources: Sequence[Source], clock: Clock) -> None:
        """Ask `sources`, at least one, in this order."""
        self._first, *self._others = sources
        self.name = self._first.name
        self._clock = clock
        self._outage: _Outage | None = None
        self._word = "ok"                      # what health says while the first source answers
        self._word_at: datetime | None = None

    def catalogue(self) -> tuple[Symbol, ...]:
        """What the first source can name by itself."""
        return self._first.catalogue()

    def quotes(self, symbols: Sequence[Symbol]) -> list[Quote | SymbolFailure]:
        """Each symbol's price from the first source that has one, else what the first of them said against it.

        Raises:
            SourceError: The first source's, if none answered at all.
        """
        answers: dict[Symbol, Quote | SymbolFailure] = {}
        silence: dict[str, SourceError] = {}
        for source in (self._first, *self._others):
            missing = [s for s in symbols if not isinstance(answers.get(s), Quote)]
            if not missing:
                break
            try:
                found = source.quotes(missing)
            except SourceError as error:
                silence[source.name] = error
                found = [SymbolFailure(s, error.kind, str(error)) for s in missing]
            for answer in found:
                if isinstance(answer, Quote) or answer.symbol not in answers:
                    answers[answer.symbol] = answer
        prices = [a for a in answers.values() if isinstance(a, Quote)]
        self._take_note(silence.get(self.name), prices)
        if len(silence) == 1 + len(self._others):
            raise silence[self.name]
        return [answers[s] for s in symbols]

    def history(
        self,
        symbol: Symbol,
        interval: Interval = Interval.DAY,
        start: date | None = None,
        end: date | None = None,
    ) -> BarSeries | SymbolFailure:
        """Bars from the first source that has them; they name it.

        Raises:
            SourceError: The first source's, if none answered at all.
        """
        failures: list[SymbolFailure] = []
        silence: list[SourceError] = []
        for source in (self._first, *self._others):
            try:
                answer = source.history(symbol, interval, start, end)
            except SourceError as error:
                silence.append(error)
                answer = SymbolFailure(symbol, error.kind, str(error))
            if isinstance(answer, BarSeries):
                return replace(answer, source=source.name)
            failures.append(answer)
        if len(silence) == len(failures):
            raise silence[0]
        return failures[0]

    def search(self, text: str) -> tuple[Match, ...]:
        """By the first source that can; none where none can."""
        searching = next((s for s in (self._first, *self._others) if isinstance(s, Searching)), None)
        return () if searching is None else searching.search(text)

    def health(self) -> SourceHealth:
        """The first source's; while another answers in its place, who, and since when."""
        health, outage = self._first.health(), self._outage
        if outage is None:
            return replace(health, message=self._word) if health.health is Health.OK else health
        if outage.substitute is None:
            return replace(health, health=Health.FAILED, message=str(outage.error), since=outage.since)
        return replace(
            health,
            health=Health.LATE,
            message=f"{str(outage.error).partition(';')[0]}; {outage.substitute} answers meanwhile",
            since=outage.since,
            substitute=outage.substitute,
            substitute_since=outage.substitute_since,
        )

    def _take_note(self, error: SourceError | None, prices: Sequence[Quote]) -> None:
        now, before = self._clock.now(), self._outage
        if error is None:
            self._outage = None
            if before is not None:
                self._word = f"back after {_span(before.since, now)}"
            elif self._word_at != now:      # a refresh may ask twice: what it said first stands
                helped = sorted({q.source for q in prices} - {self.name})
                count = sum(q.source != self.name for q in prices)
                self._word = f"ok, {' and '.join(helped)} for {count}" if helped else "ok"
            self._word_at = now
            return
        substitute = next((s.name for s in self._others if _spoke(s.name, prices)), None)
        if not prices and before is not None:      # asked for rates alone, say
            substitute = before.substitute
        since, taken_over = (now, now) if before is None else (before.since, before.substitute_since)
        if before is None or before.substitute != substitute:
            taken_over = now
        self._outage = _Outage(error, since, substitute, taken_over)


class StreamingFailover(FailoverSource):
    """The same where the first source streams; the stream is its own, and stays silent while it is."""

    def __init__(self, first: Source, others: Sequence[Source], clock: Clock) -> None:
        super().__init__((first, *others), clock)
        assert isinstance(first, Streaming)
        self._streaming: Streaming = first

    def stream(self, on_quote: Callable[[Quote], None]) -> PriceStream:
        """The first source's stream."""
        return self._streaming.stream(on_quote)


def in_order(sources: Sequence[Source], clock: Clock) -> Source:
    """One source out of several; out of one, that one."""
    first, *others = sources
    if not others:
        return first
    return StreamingFailover(first, others, clock) if isinstance(first, Streaming) else FailoverSource(sources, clock)


def _spoke(name: str, prices: Sequence[Quote]) -> bool:
    return any(q.source == name for q in prices)


def _span(since: datetime, now: datetime) -> str:
    seconds = (now - since).total_seconds()
    for size, unit in ((3600.0, "h"), (60.0, "min")):
        if seconds >= 2 * size:
            return f"{seconds / size:.0f} {unit}"
    return f"{seconds:.0f} s"
