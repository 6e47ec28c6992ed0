"""A program of the person's own, run for each message.

Placeholders stand for words of the message, whole arguments or parts of them; there is no shell that could read more
into those words. The message is on standard input as JSON too.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import PurePath

from forecasting.config.alerts import PLACEHOLDER
from forecasting.data.text import clean_text
from forecasting.errors import DeliveryError
from forecasting.trading.sinks.message import Message
from forecasting.trading.sinks.program import Program

_NO_PROGRAM = (126, 127)
"""How `env` and shells end that cannot run what they are told to, and will not the next time."""


class CommandSink:
    """Runs `words`; exit code 0 says that the message was taken, any other that it was not."""

    def __init__(self, name: str, words: Sequence[str], timeout_s: float) -> None:
        self.name = name
        self._words = tuple(words)
        self._program = Program(timeout_s)

    def deliver(self, message: Message) -> None:
        """See `Sink`."""
        told = message.words()
        words = [PLACEHOLDER.sub(lambda found: told[found[1]], word) for word in self._words]
        ended = self._program.run(words, message.json())
        if ended.code:
            how = f"ended with {ended.code}" if ended.code > 0 else f"was ended by signal {-ended.code}"
            said = clean_text(ended.output.decode(errors="replace"), limit=160)
            name = clean_text(PurePath(words[0]).name, limit=40)
            raise DeliveryError(f"{name} {how}: {said or 'it said nothing'}", again=ended.code not in _NO_PROGRAM)

    def close(self) -> None:
        """See `Sink`."""
        self._program.close()
