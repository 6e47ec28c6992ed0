"""What the source said that was not believed, as checks of `tapecast doctor`: symbols in quarantine, rows set aside.

Nothing is said where there is nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from forecasting.data.store import Store
from forecasting.domain.market import Symbol
from forecasting.domain.quarantine import Asked, Quarantined
from forecasting.service.checks import Check

_NAMED = 5      # symbols, or rows, a line names


def doubts(store: Store, symbols: Sequence[Symbol]) -> list[Check]:
    """Up to two checks about the symbols that are watched."""
    held = [q for asked in Asked for s, q in sorted(store.quarantine.of(asked).items()) if s in symbols]
    rows = [f"{s}: {line}" for s, lines in store.findings.of(symbols).items() for line in lines]
    checks = []
    if held:
        remedy = "a good answer lifts it at once; check the symbols' spelling, or remove them"
        checks.append(Check("quarantine", "warning", _listed(len(held), "asked for rarely", map(_told, held)), remedy))
    if rows:
        # The newest are news; what was found in old sessions has been there for long.
        newest = sorted(rows, key=lambda row: row.partition(": ")[2], reverse=True)
        remedy = "compare with another source; what was dropped is replaced if the source corrects it within days"
        checks.append(Check("rows", "warning", _listed(len(rows), "findings in delivered bars", newest), remedy))
    return checks


def _told(q: Quarantined) -> str:
    times = "once" if q.tries == 1 else f"{q.tries} times"
    return f"{q.failure.message} ({q.asked}, failed {times} since {q.since:%Y-%m-%d %H:%M} UTC)"


def _listed(count: int, what: str, lines: Iterable[str]) -> str:
    named = list(lines)[:_NAMED]
    more = f"; and {count - len(named)} more" if count > len(named) else ""
    return f"{count} {what}: {'; '.join(named)}{more}"
