"""`tapecast chart`: everything one chart shows, for a command that draws it once."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import dataclass, replace
from datetime import date

from forecasting.config import Settings
from forecasting.domain.decision import Alert
from forecasting.domain.market import Symbol
from forecasting.domain.snapshot import Health, SymbolDetail, SymbolRow
from forecasting.errors import DataError, SourceError
from forecasting.service.backend import OnStep
from forecasting.service.chart_answers import answer_chart
from forecasting.service.charting import AskChart, ChartAnswer
from forecasting.service.headless import moment, opened, watched
from forecasting.service.kept_forecasts import kept_store, same_bars
from forecasting.service.snapshots import SnapshotReader, Status


@dataclass(frozen=True, slots=True)
class Charted:
    """What a chart shows of one symbol."""

    detail: SymbolDetail
    answer: ChartAnswer
    row: SymbolRow | None
    alerts: tuple[Alert, ...]
    notes: tuple[str, ...]       # one line each: what is missing, and why
    exit_code: int


def chart(
    settings: Settings, symbol: Symbol, as_of: date | None, on_step: OnStep, *, horizon: int | None = None,
    indicators: tuple[str, ...] = (), short: bool = False,
) -> Charted:
    """Bring bars and forecasts up to date as `print` does, and read what there is to see of `symbol`.

    Args:
        settings: Whose source, watchlist and data folder.
        symbol: Whose chart.
        as_of: The last day that is known; None: today.
        on_step: Told how far it is.
        horizon: Of past forecasts, in bars; None: none.
        indicators: Keys of further ones.
        short: Bars shorter than a session as well.

    Raises:
        SourceError: If nothing is stored of the symbol and the source does not answer.
        DataError: If the source has no bars of it.
    """
    now = moment(as_of)
    with opened(settings, as_of) as backend, ExitStack() as kept_now:
        pool = tuple(dict.fromkeys((*watched(settings, backend, now), symbol)))
        report = backend.tick(pool, now, on_step)
        own = backend.desk.store
        kept = kept_now.enter_context(kept_store(settings, own, as_of))
        # The app's store knows the same bars' forecasts by all models, and how good those before have been.
        desk = replace(backend.desk, store=kept) if kept and same_bars(kept, own, [symbol]) else backend.desk
        reader = SnapshotReader(desk.store, settings.display.currency)
        snapshot = reader.read(1, Status(now, (), (symbol,), report.source, (), report, (), None))
        detail = reader.detail(symbol, report)
        failure = next((f for f in report.failures if f.symbol == symbol), None)
        if detail is None:
            if report.source.health is Health.FAILED:
                raise SourceError(report.source.message)
            raise DataError(failure.message if failure else f"{symbol}: {report.source.name} has no bars of it")
        model = detail.forecasts[0].model if detail.forecasts else None
        question = AskChart(symbol, model, horizon if model else None, indicators, short)
        answer = answer_chart(desk, question, now, on_step)
        notes = (*own.notices, *((failure.message,) if failure else ()), *filter(None, (answer.note,)))
    return Charted(detail, answer, snapshot.row(symbol), snapshot.alerts, notes, 1 if failure else 0)
