"""Everything Apprise reaches: ntfy, mail, Telegram, Slack, Discord and a hundred more, each by one URL.

Apprise runs in a child process: measured inside the screen's, it takes 20 MB for good and holds the event loop for
0.1 s. There it can also be killed when it hangs, and what it logs, which may hold the URL, goes nowhere.
"""

from __future__ import annotations

import json
import sys

from forecasting.config.secrets import Secret, masked, reveal
from forecasting.data.text import clean_text
from forecasting.errors import DeliveryError
from forecasting.trading.sinks.message import Message
from forecasting.trading.sinks.program import Program

CHILD = "forecasting.trading.sinks.apprise_child"


class AppriseSink:
    """Sends by way of `apprise_child`; the URL goes to it on standard input, where no process list shows it."""

    def __init__(self, name: str, url: Secret, timeout_s: float) -> None:
        self.name = name
        self._url = url
        self._shown = masked(url)
        self._program = Program(timeout_s, "apprise")

    def deliver(self, message: Message) -> None:
        """See `Sink`."""
        url = reveal(self._url, f"sink {self.name}: url")
        asked = json.dumps({"url": url, "title": message.title, "text": message.text}).encode()
        ended = self._program.run([sys.executable, "-m", CHILD], asked)
        try:
            answer = json.loads(ended.output)
            why, again = answer["why"], bool(answer["again"])
        except (ValueError, KeyError, TypeError):
            raise DeliveryError(f"apprise ended with {ended.code} and without an answer", again=True) from None
        if why is not None:
            raise DeliveryError(f"{self._shown}: {clean_text(str(why))}", again=again)

    def close(self) -> None:
        """See `Sink`."""
        self._program.close()
