"""From a model's predictions to forecasts with sessions, times and names on them."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, date, datetime, time

from forecasting.domain.forecast import HORIZONS, LEVELS, Forecast
from forecasting.domain.market import Symbol
from forecasting.domain.sessions import Session, SessionTable
from forecasting.features.panel import Panel
from forecasting.models.base import Fitted

_FALLBACK_CLOSE = time(21, tzinfo=UTC)   # for bars of a session the timetable does not know


def to_forecasts(
    fitted: Fitted,
    panel: Panel,
    at: Sequence[int],
    *,
    tables: Mapping[Symbol, SessionTable],
    issued_at: Callable[[datetime], datetime] | None = None,
) -> list[Forecast]:
    """What `fitted` says at the session indices `at`, symbol by symbol and session by session.

    Left out: symbols that did not trade in the session or that the model cannot speak about yet, sessions that the
    fit has seen (`train_end` must lie before), and those whose target sessions the timetable does not reach.

    Args:
        fitted: The model.
        panel: Where it reads; each forecast depends on its session and earlier ones only.
        at: Session indices, K of them.
        tables: The timetable of each symbol's exchange.
        issued_at: From the close a forecast rests on to when it was made; that close itself if None (backfill).
    """
    asked = [k for k in at if panel.sessions[k] > fitted.train_end]
    if not asked:
        return []
    predicted = fitted.predict(panel, asked)
    forecasts = []
    for n, symbol in enumerate(panel.symbols):
        for i, k in enumerate(asked):
            log_returns, p_up = predicted.log_returns[n, i].tolist(), predicted.p_up[n, i].tolist()
            targets = tables[symbol].after(panel.sessions[k], len(HORIZONS))
            silent = not panel.traded[n, k] or any(map(math.isnan, p_up))
            if silent or len(targets) < len(HORIZONS):
                continue
            as_of = _close(tables[symbol], panel.sessions[k])
            forecasts.append(
                Forecast(
                    symbol=symbol, model=fitted.name, model_id=fitted.model_id, train_end=fitted.train_end,
                    data_hash=fitted.data_hash, seed=fitted.seed,
                    as_of_session=panel.sessions[k], as_of=as_of,
                    issued_at=as_of if issued_at is None else issued_at(as_of),
                    last_close=float(panel.closes[n, k]),
                    target_sessions=tuple(t.session for t in targets), target_times=_closes(targets),
                    levels=LEVELS, log_returns=tuple(map(tuple, log_returns)), p_up=tuple(p_up),
                )
            )
    return forecasts


def _close(table: SessionTable, session: date) -> datetime:
    known = table.get(session)
    return known.close if known is not None else datetime.combine(session, _FALLBACK_CLOSE)


def _closes(sessions: Sequence[Session]) -> tuple[datetime, ...]:
    return tuple(s.close for s in sessions)
