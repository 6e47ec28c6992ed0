"""What a front end runs. Light: the engine itself is imported and made when it is needed, after the first paint."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import TYPE_CHECKING

from forecasting.config import Settings
from forecasting.data.store import Store
from forecasting.errors import ConfigError
from forecasting.service.lock import EngineLock
from forecasting.service.opened import Opened, open_store
from forecasting.service.places import is_replay, place
from forecasting.service.remembered import Remembered
from forecasting.service.standby import Standby

if TYPE_CHECKING:
    from forecasting.service.engine import Engine
    from forecasting.service.onlooker import Onlooker


def build_app(settings: Settings, *, demo: bool = False, replay_start: date | None = None) -> Standby:
    """What the app runs: what the store remembers at first, then the engine, or a view of one that runs already.

    Args:
        settings: See `forecasting.config`.
        demo: Replay the built-in recording.
        replay_start: First session a replay plays, where it has not played yet.

    Raises:
        TapecastError: If the data folder or the store cannot be used.
    """
    where = place(settings, demo=demo)
    lock = EngineLock(where.lock, "app")
    opened = open_store(settings, demo=demo)
    lead, look_on = roles(settings, lock, demo=demo, replay_start=replay_start, opened=opened)
    # A replay says on its first screen where it stands, which only its engine knows.
    at_first = None
    if not is_replay(settings, demo=demo):
        at_first = Remembered(opened, settings.source.name, settings.display.currency)
    return Standby(lock, lead=lead, look_on=look_on, kind="app", log_path=where.front_log, remembered=at_first)


def roles(
    settings: Settings, lock: EngineLock, *, demo: bool = False, replay_start: date | None = None,
    opened: Opened | None = None,
) -> tuple[Callable[[], tuple[Engine, Store]], Callable[[], Onlooker]]:
    """How to make the engine with the store it works on, and how to make a view of another's.

    Whichever is made first works on what is `opened` already, if anything is.
    """
    waiting = [] if opened is None else [opened]

    def fresh() -> Opened:
        return waiting.pop() if waiting else open_store(settings, demo=demo)

    def lead() -> tuple[Engine, Store]:
        from forecasting.service.build import engine

        on = fresh()
        return engine(settings, on, demo=demo, replay_start=replay_start), on.store

    def look_on() -> Onlooker:
        from forecasting.service.build import onlooker

        return onlooker(settings, fresh(), lock, demo=demo)

    return lead, look_on


def renew(front: Standby, settings: Settings) -> None:
    """Go on with an engine of other settings.

    Raises:
        ConfigError: If they are about another store; everything stays as it was.
        TapecastError: If such an engine cannot be made; the same.
    """
    where = place(settings, demo=False)
    if where.lock != front.lock.path:
        raise ConfigError(f"[source] and [paths]: these settings are about another store, {where.store}; start anew")
    front.renew(roles(settings, front.lock)[0])
