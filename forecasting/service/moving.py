"""`tapecast export` and `tapecast import`: the store's rows as files, and back.

Exit codes: 0 fine; 1 a file or the store cannot be used, and nothing was written; 2 usage or configuration.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from forecasting.config import Settings
from forecasting.data.store import Store
from forecasting.data.store.database import Database
from forecasting.data.transfer import entering, leaving
from forecasting.data.transfer.formats import format_of
from forecasting.data.transfer.tables import ALERT_RULES, KINDS, WATCHLIST
from forecasting.domain.market import Symbol
from forecasting.domain.transfer import Format, What
from forecasting.domain.watchlist import WatchGroup
from forecasting.errors import ConfigError, RuleError
from forecasting.service.headless import Answer
from forecasting.service.opened import watchlist
from forecasting.service.records import update_records, update_signal_records
from forecasting.service.watchlist import check_filter


def export(path: Path, target: Path, format_: Format | None, what: What, symbol: Symbol | None) -> Answer:
    """Write rows of the store at `path` to `target`, a folder or a file whose name tells its format.

    Raises:
        TapecastError: If a file is there already or cannot be written, or the store cannot be read.
    """
    told = format_of(target)
    if format_ is not None and told not in (None, format_):
        raise ConfigError(f"--to {target}: its name tells of {told}, --format of {format_}; leave --format out")
    if symbol is not None and what in ("watchlist", "alerts"):
        raise ConfigError("--symbol: lists and alert rules are exported whole; leave it out")
    tables = [t for t in KINDS[what] if symbol is None or t not in (WATCHLIST, ALERT_RULES)]
    written = leaving.export(path, target, format_ or told or "csv", tables, symbol)
    return Answer({"path": str(path), "files": {str(file): rows for file, rows in written.items()}}, (), 0)


def take_in(settings: Settings, path: Path, source: Path) -> Answer:
    """Take what was exported into the store at `path`, and bring up to date what follows from it.

    Raises:
        TapecastError: If a row is bad or contradicts the store; nothing was taken in.
    """
    taken = entering.take_in(path, source)
    notes: list[str] = []
    with Store(Database(path), interval=taken.interval) as store:
        if taken.with_new_bars:
            from forecasting.features.indicators import indicator_rows  # half a second, which only bars need

            for symbol in taken.with_new_bars:
                if (series := store.market.series(symbol)) is not None:
                    store.market.put_indicators(symbol, indicator_rows(series))
        symbols = watchlist(settings, store, demo=False).symbols
        if taken.new.get("outcomes"):
            update_records(store, symbols or store.ledger.symbols())
        if taken.new.get("signals"):
            update_signal_records(store, symbols or tuple(store.market.instruments()))
        if taken.new.get("alert_rules"):
            notes += _silent(settings, store)
        notes += _unreadable(store.watchlist.groups()) if taken.new.get("watchlist") else []
        if taken.new.get("watchlist") and settings.lists:
            notes.append(f"lists were taken in, but {settings.origin} has its own and those are shown")
    tables = {t: {"new": count, "known": taken.known[t]} for t, count in taken.new.items()}
    return Answer({"path": str(path), "tables": tables}, tuple(notes), 0)


def _unreadable(groups: Sequence[WatchGroup]) -> list[str]:
    """Which smart lists are empty here, because this tapecast cannot read their conditions."""
    notes: list[str] = []
    for group in groups:
        try:
            check_filter(group)
        except RuleError as error:
            notes.append(f"list {group.title} is empty: {error}")
    return notes


def _silent(settings: Settings, store: Store) -> list[str]:
    """Which of the rules in force will not be heard of here, and why."""
    from forecasting.trading.rules.parser import parse_rule  # only alert rules need it

    known = {sink.name for sink in settings.alert_sinks()}
    notes: list[str] = []
    for rule in store.alerts.rules():
        try:
            parse_rule(rule.text)
        except RuleError as error:
            notes.append(f"alert {rule.id} is silent: {error}")
        notes += [f"alert {rule.id} goes to '{sink}', and no [[sink]] is called that here; add one to config.toml"
                  for sink in rule.sinks if sink not in known]
    return notes
