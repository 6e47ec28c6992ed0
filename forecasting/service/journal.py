"""What was signalled, alerted and told of tapecast itself, as plain JSON values; and the ledger's word for itself."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable
from datetime import UTC, date, datetime, time
from typing import Any

from forecasting.config import Settings
from forecasting.data.store import Store
from forecasting.data.store.database import mapped
from forecasting.data.store.examination import whole
from forecasting.data.store.opening import damage_of
from forecasting.domain.decision import Alert, Notice, ScoredSignal
from forecasting.domain.market import Bar, Symbol
from forecasting.domain.sessions import in_slots
from forecasting.errors import StoreError
from forecasting.service.alert_commands import alert_value, delivery_value
from forecasting.service.headless import Answer
from forecasting.service.keeping import own_file
from forecasting.service.places import place
from forecasting.trading.rules.replay import FOLLOWED, Followed, followed

_ALL = 1_000_000


def journal(settings: Settings, since: date | None, symbols: Iterable[Symbol] = ()) -> Answer:
    """Signals and alerts, newest first: when, why, by which model, and what followed at the horizon.

    What tapecast told of itself stands between them, where no symbols are asked for.
    """
    first = datetime.combine(since or date.min, time(), UTC)
    wanted = set(symbols)
    with Store.open(place(settings, demo=False).store, interval=settings.source.interval) as store:
        notices = store.notices
        signals = [_signal(s) for s in store.signals.recent(_ALL) if s.signal.time >= first]
        pasts = _Pasts(store)
        told_since = None if since is None else first
        alerts = [_alert(a, pasts) for a in store.alerts.history(since=told_since)]
        own = [_notice(n) for n in store.sayings.recent(since=told_since)]
    rows = [row for row in (*signals, *alerts, *own) if not wanted or row["symbol"] in wanted]
    return Answer(sorted(rows, key=lambda row: str(row["time"]), reverse=True), notices, 0)


def _signal(scored: ScoredSignal) -> dict[str, Any]:
    signal = scored.signal
    return {
        "entry": "signal",
        "id": scored.id,
        "time": signal.time.isoformat(),
        "symbol": signal.symbol,
        "kind": signal.kind.value,
        "reason": signal.reason,
        "price": signal.price,
        "direction": signal.direction,
        "horizon": signal.horizon,
        "strength": signal.strength,
        "inputs": dict(signal.inputs),
        "model_id": signal.model_id,
        "log_return": scored.log_return,
        "right": scored.right,
        "settled_at": scored.settled_at and scored.settled_at.isoformat(),
    }


class _Pasts:
    """The bars of each symbol, read once, and what they say of a moment."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._bars: dict[Symbol, tuple[Bar, ...]] = {}
        self._instruments = store.market.instruments()

    def followed(self, symbol: Symbol, moment: datetime) -> Followed:
        """What came after the newest bar that had closed at `moment`, or whose session it lies in."""
        if (bars := self._bars.get(symbol)) is None:
            bars = self._bars[symbol] = self._store.market.bars(symbol)
        step = self._store.interval.step
        at = bisect_right(bars, moment.date() if step is None else moment - step, key=lambda bar: bar.session) - 1
        if at < 0:
            return tuple(None for _ in FOLLOWED)
        return followed(bars, at, 1 if step is None else self._per_session(symbol))

    def _per_session(self, symbol: Symbol) -> int:
        sessions = self._store.market.sessions(self._instruments[symbol].exchange)
        return in_slots(sessions, self._store.interval).bars_per_session


def _alert(alert: Alert, pasts: _Pasts) -> dict[str, Any]:
    one, five = pasts.followed(alert.symbol, alert.data_time)
    told = {"entry": "alert", "time": alert.fired_at.isoformat(), **alert_value(alert)}
    return {**told, "return_1d": one, "return_5d": five}


def _notice(notice: Notice) -> dict[str, Any]:
    return {
        "entry": "notice",
        "id": notice.id,
        "time": notice.fired_at.isoformat(),
        "symbol": None,
        "title": notice.title,
        "reason": notice.text,
        "deliveries": [delivery_value(delivery) for delivery in notice.deliveries],
    }


def verify(settings: Settings) -> Answer:
    """Check the ledger's chain of hashes; exit code 1 where it does not hold.

    A damaged file is left as it is: to open it would set it aside, and the new one in its place has nothing to hide.
    """
    main, where = place(settings, demo=False).store, own_file(settings)
    value: dict[str, Any] = {"store": str(where), "ok": False, "error": None, "forecasts": None}
    with mapped(where):
        damage = damage_of(where) or (whole(where) if where.exists() else None)
    if damage is not None:
        remedy = f"see what can be saved with: tapecast store check --store {where}"
        return Answer(value | {"error": f"{where} is damaged ({damage}); {remedy}"}, (), 1)
    with Store.open(main, interval=settings.source.interval) as store:
        try:
            value["forecasts"] = store.ledger.count()
            value["ok"] = store.ledger.verify() == value["forecasts"]
        except StoreError as error:
            value["error"] = str(error)
        return Answer(value, store.notices, 0 if value["ok"] else 1)
