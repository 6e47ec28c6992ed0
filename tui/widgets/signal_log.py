"""The newest signals and alerts, one line each."""

from __future__ import annotations

from datetime import datetime

from rich.text import Text

from forecasting.domain.decision import ScoredSignal, Signal
from tui import format as fmt
from tui.fitting import fitted
from tui.format import Glyphs
from tui.screens.view import Scene
from tui.themes import Palette
from tui.widgets.alert_text import alert_line, moment
from tui.widgets.words import Words


class SignalLog(Words):
    """As many of the newest signals and alerts as there are lines."""

    def __init__(self) -> None:
        super().__init__(id="signal-log")

    def show(self, scene: Scene) -> None:
        """Show the newest signals and alerts of all symbols, by the time they were made or found."""
        count, palette, glyphs = max(1, self.size.height), scene.palette, scene.glyphs
        width = self.size.width or self.app.size.width - 2
        news = [(s.signal.time, signal_line(s, palette, glyphs, width)) for s in scene.snapshot.signals[:count]]
        news += [(a.fired_at, alert_line(a, palette, glyphs, width)) for a in scene.snapshot.alerts[:count]]
        lines = [line for _, line in sorted(news, key=lambda item: item[0], reverse=True)[:count]]
        self.say(Text("\n").join(lines) if lines else Text("no signals and no alerts yet", palette.muted))


def signal_line(scored: ScoredSignal, palette: Palette, glyphs: Glyphs, width: int) -> Text:
    """Time, symbol, opinion, reason and what came of it, as far as `width` cells hold them."""
    signal = scored.signal
    colour = {1: palette.up, -1: palette.down}.get(signal.direction, palette.warning)
    return fitted([
        moment(signal.time, palette, width), (0, Text(f"{signal.symbol:<7} ")),
        (0, Text(f"{fmt.opinion(signal):<4} ", f"bold {colour}")), (0, Text(signal.reason)),
        (2, Text("  ").append_text(outcome(scored, palette, glyphs))),
    ], width)


def horizon(signal: Signal) -> str:
    """In how many bars a signal is scored: days, or of no length where bars are shorter."""
    return f"{signal.horizon} bars" if isinstance(signal.session, datetime) else f"{signal.horizon}d"


def outcome(scored: ScoredSignal, palette: Palette, glyphs: Glyphs) -> Text:
    """What came of a signal: right, wrong, open, or the move where it claimed no direction."""
    if scored.log_return is None:
        return Text(f"open {horizon(scored.signal)}", palette.muted)
    move = fmt.percent(scored.log_return * 100)
    if scored.right is None:
        return Text(f"then {move}", palette.muted)
    mark, colour = (glyphs.right, palette.success) if scored.right else (glyphs.wrong, palette.error)
    return Text(f"{mark} {move}", colour)
