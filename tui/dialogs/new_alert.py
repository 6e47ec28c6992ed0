"""Asks for an alert rule, says while it is typed how it is understood, and stays open until it is in force."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import ClassVar

from rich.cells import cell_len
from rich.text import Text
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.screen import ModalScreen
from textual.suggester import Suggester
from textual.widgets import Input, Label

from forecasting.domain.decision import AlertRule
from forecasting.domain.market import Symbol
from forecasting.domain.watchlist import WatchGroup
from forecasting.errors import RuleError, TapecastError
from forecasting.service.alert_desk import COOLDOWN
from forecasting.service.filters import ASKED_BY_RULES, completion
from forecasting.service.rule_reading import Reading, read_rule
from tui import format as fmt
from tui.format import Glyphs
from tui.themes import palette
from tui.widgets.choice import Choice
from tui.widgets.words import Words

COOLDOWNS = (timedelta(0), COOLDOWN, timedelta(hours=1), timedelta(days=1))

EXAMPLE = "for example  rsi crosses above 30   or   last > 200 and change_pct(5 bars) < -3"
HELP = "Tab next line, ←→ choose or complete, Enter adds, Esc closes"


@dataclass(frozen=True, slots=True)
class Draft:
    """A rule as a person wants it."""

    text: str
    symbols: tuple[Symbol, ...]
    group: str | None
    cooldown: timedelta


class FieldSuggester(Suggester):
    """Completes the last word to a field."""

    def __init__(self) -> None:
        super().__init__(use_cache=False, case_sensitive=True)

    async def get_suggestion(self, value: str) -> str | None:
        """The text with its last word completed; right arrow takes it."""
        return completion(value, ASKED_BY_RULES)


class NewAlert(ModalScreen[AlertRule | None]):
    """Gives the rule that was put in force, or None."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "dismiss(None)", "close", show=False),
        Binding("enter", "add", "add", show=False),
    ]

    def __init__(
        self, symbol: Symbol | None, group: WatchGroup | None, add: Callable[[Draft], AlertRule], glyphs: Glyphs,
        bars: int | None = None,
    ) -> None:
        """Make the dialog.

        Args:
            symbol: Under the cursor.
            group: The list on screen; None where that is the tab of everything.
            add: Puts the rule in force, or raises a `TapecastError` that says why not.
            glyphs: What can be drawn.
            bars: How many closed bars there are of `symbol`, where that is known.
        """
        super().__init__()
        self._symbol, self._add, self._glyphs, self._bars = symbol, add, glyphs, bars
        whose: list[tuple[str, tuple[Symbol, ...], str | None]] = []
        if symbol is not None:
            whose.append((symbol, (symbol,), None))
        if group is not None:
            whose.append((f"list {fmt.clip(group.title, 16)}", (), group.name))
        self._whose = (*whose, ("all watched", (), None))

    def compose(self) -> ComposeResult:
        """The rule, what is wrong with it or how it is understood, for whom it is, and how soon it may come again."""
        plain = self._glyphs is fmt.ASCII
        with Vertical(classes="dialog rule"):
            yield Label("New alert", classes="dialog-title", markup=False)
            yield Input(placeholder="rsi crosses above 30", max_length=500, suggester=FieldSuggester())
            yield Words(id="pointer")
            yield Words(id="said")
            yield Choice("For         ", [name for name, _, _ in self._whose], self._glyphs, id="whose")
            spans = [fmt.span(c.total_seconds()) if c else "at once" for c in COOLDOWNS]
            yield Choice("Again after ", spans, self._glyphs, at=COOLDOWNS.index(COOLDOWN), id="cooldown")
            yield Label(HELP.replace("←→", "arrows") if plain else HELP, id="keys-here", markup=False)

    def on_mount(self) -> None:
        """Begin with an example."""
        self._show()

    def on_input_changed(self) -> None:
        """Say how what is typed is understood."""
        self._show()

    def on_choice_changed(self) -> None:
        """How many bars there are depends on whose they are."""
        self._show()

    def on_input_submitted(self) -> None:
        """Put it in force."""
        self.action_add()

    def action_add(self) -> None:
        """Put the rule in force, or say why not."""
        _, symbols, group = self._whose[self.query_one("#whose", Choice).at]
        cooldown = COOLDOWNS[self.query_one("#cooldown", Choice).at]
        try:
            self.dismiss(self._add(Draft(self.query_one(Input).value, symbols, group, cooldown)))
        except TapecastError as error:
            self._say_wrong(error, palette(self.app.theme_variables).error)

    def _show(self) -> None:
        text, colours = self.query_one(Input).value, palette(self.app.theme_variables)
        if not text.strip():
            self._say(Text(EXAMPLE, colours.muted))
            return
        try:
            reading = read_rule(text)
        except RuleError as error:
            self._say_wrong(error, colours.warning)
        else:
            self._say(Text.assemble(
                ("each time: " if reading.each_time else "when it comes true: ", colours.muted), reading.text, "\n",
                (self._needs(reading), colours.muted),
            ))

    def _needs(self, reading: Reading) -> str:
        needs = f"needs {reading.bars} bar{'s' if reading.bars > 1 else ''}"
        _, symbols, _ = self._whose[self.query_one("#whose", Choice).at]
        return needs if self._bars is None or not symbols else f"{needs}, {symbols[0]} has {self._bars}"

    def _say_wrong(self, error: TapecastError, colour: str) -> None:
        """What is wrong, and where, under what is typed."""
        place = self._cell_of(error.at) if isinstance(error, RuleError) else None
        self._say(Text(str(error), colour), Text("" if place is None else " " * place + "^", f"bold {colour}"))

    def _cell_of(self, at: int) -> int | None:
        """Where the character stands on screen; None where it is scrolled out of sight."""
        box = self.query_one(Input)
        cell = cell_len(box.value[:at]) - int(box.scroll_offset.x)
        return cell if 0 <= cell < max(box.scrollable_content_region.width, 1) else None

    def _say(self, text: Text, pointer: Text | None = None) -> None:
        self.query_one("#pointer", Words).say(pointer or Text())
        self.query_one("#said", Words).say(text, layout=True)
