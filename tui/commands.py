"""The command palette: every entry of the key map, found by its words."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from textual.command import DiscoveryHit, Hit, Hits, Provider

from tui.keymap import KeyEntry, shown_key
from tui.screens.main import MainScreen


class KeymapCommands(Provider):
    """Offers what the view on screen can do."""

    async def discover(self) -> Hits:
        """Everything, before anything is typed."""
        for entry, text in self._offers():
            yield DiscoveryHit(text, partial(self._run, entry), help=entry.tooltip)

    async def search(self, query: str) -> Hits:
        """What matches `query`."""
        matcher = self.matcher(query)
        for entry, text in self._offers():
            # Letters in their order are in nearly every sentence: of what a command does only words count.
            told = all(word in entry.tooltip.casefold() for word in query.casefold().split())
            score = max(matcher.match(text), float(told))
            if score > 0:
                yield Hit(score, matcher.highlight(text), partial(self._run, entry), help=entry.tooltip)

    def _offers(self) -> Iterator[tuple[KeyEntry, str]]:
        if isinstance(self.screen, MainScreen):
            for entry in self.screen.offered():
                yield entry, f"{entry.label} ({' '.join(shown_key(key) for key in entry.keys)})"

    async def _run(self, entry: KeyEntry) -> None:
        await self.screen.run_action(entry.action)
