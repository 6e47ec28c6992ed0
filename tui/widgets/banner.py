"""The line below the truth line, there only when something keeps the screen from being what a person takes it for."""

from __future__ import annotations

from rich.cells import cell_len
from rich.text import Text

from forecasting.domain.snapshot import Health, SourceHealth
from tui import format as fmt
from tui.screens.view import Scene
from tui.widgets.words import Words

LEAST_CAUSE = 16
"""Columns; in fewer a cause says nothing."""
_TROUBLE = (Health.LATE, Health.FAILED)


class Banner(Words):
    """Says that polling is paused, or what is wrong with the source, since when, and what happens next."""

    def __init__(self) -> None:
        super().__init__(id="banner")

    def show(self, scene: Scene, *, paused: bool) -> None:
        """Show what there is to say, or nothing at all."""
        text = paused_text(scene) if paused else trouble_text(scene, self.app.size.width)
        self.display = text is not None
        if text is not None:
            self.say(text)


def paused_text(scene: Scene) -> Text:
    """That nothing is fetched, and how old what is seen has become."""
    age = fmt.age(fmt.seconds_between(scene.snapshot.data_time, scene.now))
    return Text(f"PAUSED  nothing is fetched, data is {age} old; p resumes")


def trouble_text(scene: Scene, width: int) -> Text | None:
    """What is wrong with the source; None while it is well.

    Where not all of it fits, the end of the cause goes first: since when, and what happens next, is told nowhere else
    on the screen, and Health has the whole of it.
    """
    source = scene.snapshot.source
    if source.health not in _TROUBLE:
        return None
    since = "" if source.since is None else f"  since {fmt.local_time(source.since)}"
    # A source tells the time of its next try in UTC; here it stands in the person's own, once.
    message = source.message.removeprefix(f"{source.name}: ").partition("; next try at ")[0]
    rest = f"{since}, {_next(source)}"
    if cell_len(message) + cell_len(rest) > width:
        rest = f" ! more{since}, {_next(source, briefly=True)}"
    cause = Text(message, no_wrap=True)
    cause.truncate(max(width - cell_len(rest), LEAST_CAUSE), overflow="ellipsis")
    return Text(f"{cause.plain}{rest}", overflow="ellipsis")


def _next(source: SourceHealth, *, briefly: bool = False) -> str:
    if source.retry_at is not None:
        return f"next try {fmt.local_time(source.retry_at)}"
    return "r asks now" if briefly else "tried again at the next refresh; r asks now"
