"""The ways an alert reaches a person: each a small class behind `Sink`, each free to hang or fail alone."""

from __future__ import annotations

from forecasting.config import SinkSettings
from forecasting.trading.sinks.base import Sink
from forecasting.trading.sinks.terminal import Show, TerminalSink


def make_sink(settings: SinkSettings, show: Show | None) -> Sink | None:
    """The sink of a `[[sink]]`; what its kind needs is imported here.

    Args:
        settings: The table.
        show: Takes what is for the app's terminal.

    Returns:
        None if it is for a terminal and there is none.
    """
    match settings.kind:
        case "command":
            from forecasting.trading.sinks.command import CommandSink

            return CommandSink(settings.name, settings.command, settings.timeout)
        case "webhook":
            from forecasting.trading.sinks.webhook import WebhookSink

            assert settings.url is not None      # the settings' own promise, as below
            return WebhookSink(settings.name, settings.url, settings.secret, settings.timeout)
        case "apprise":
            from forecasting.trading.sinks.apprise_sink import AppriseSink

            assert settings.url is not None
            return AppriseSink(settings.name, settings.url, settings.timeout)
        case kind:
            return None if show is None else TerminalSink(settings.name, kind, show)
