"""What every sink is."""

from __future__ import annotations

from typing import Protocol

from forecasting.trading.sinks.message import Message


class Sink(Protocol):
    """One way out. Called by one thread, which it may keep waiting."""

    @property
    def name(self) -> str:
        """As in config.toml."""
        ...

    def deliver(self, message: Message) -> None:
        """Hand a message on; returns once it has been taken.

        Raises:
            TapecastError: If it was not; a `DeliveryError` says whether to ask again. Shows no secret.
        """
        ...

    def close(self) -> None:
        """Break off what `deliver` is doing, from another thread, for good."""
        ...
