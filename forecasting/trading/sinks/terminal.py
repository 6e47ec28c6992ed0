"""Alerts for whoever sits at the terminal: toast, bell and the desktop notifications a terminal makes of OSC 9 and 777.

They pass through SSH by themselves. tmux and GNU screen hand on only what is wrapped for them; tmux moreover wants
`set -g allow-passthrough on`. What is told comes from names, rules and news: it is cleaned, and cut to a length that
screen's buffer holds, so that a sequence has the framing written here and no other control character.
Sources: iTerm2 and urxvt for the sequences, tmux(1) allow-passthrough, screen(1) "String Escapes".
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from forecasting.config import SinkKind
from forecasting.data.text import clean_text
from forecasting.errors import DeliveryError
from forecasting.trading.sinks.message import Message

ESC = "\x1b"
BEL = "\a"
END = f"{ESC}\\"      # of a device control string

_TITLE_BYTES = 60
_TEXT_BYTES = 160     # with title and framing below the 256 bytes that old versions of screen hold


@dataclass(frozen=True, slots=True)
class TerminalEvent:
    """What the app has to do: show a toast, or write `sequence` to the terminal as it stands."""

    kind: SinkKind
    title: str
    text: str
    sequence: str      # "" for a toast
    notice: bool       # of tapecast itself: no snapshot tells the app of it


Show = Callable[[TerminalEvent], None]
"""Takes an event from any thread and returns at once."""


class TerminalSink:
    """Hands messages to the app."""

    def __init__(self, name: str, kind: SinkKind, show: Show, env: Mapping[str, str] = os.environ) -> None:
        self.name = name
        self._kind = kind
        self._show = show
        self._env = env

    def deliver(self, message: Message) -> None:
        """See `Sink`."""
        try:
            self._show(event(self._kind, message, self._env))
        except RuntimeError as error:      # its loop has ended
            raise DeliveryError("the app has ended") from error

    def close(self) -> None:
        """Nothing here waits."""


def event(kind: SinkKind, message: Message, env: Mapping[str, str]) -> TerminalEvent:
    """What a message is at the terminal that `env` tells of."""
    match kind:
        case "bell":
            sequence = BEL
        case "osc9":
            sequence = wrapped(osc9(f"{message.title}: {message.text}"), env)
        case "osc777":
            sequence = wrapped(osc777(message.title, message.text), env)
        case _:
            sequence = ""
    return TerminalEvent(kind, message.title, message.text, sequence, notice=not message.alerts)


def osc9(text: str) -> str:
    """A notification for iTerm2, kitty, WezTerm, Windows Terminal and others."""
    return f"{ESC}]9;{_plain(text, _TEXT_BYTES)}{BEL}"


def osc777(title: str, text: str) -> str:
    """A notification for urxvt, foot, Ghostty, VTE and others."""
    return f"{ESC}]777;notify;{_plain(title, _TITLE_BYTES)};{_plain(text, _TEXT_BYTES)}{BEL}"


def wrapped(sequence: str, env: Mapping[str, str]) -> str:
    """The sequence so that a multiplexer, if there is one, hands it to the terminal around it."""
    term = env.get("TERM", "")
    if env.get("TMUX") or term.startswith("tmux"):      # over SSH only TERM tells of a tmux on the near side
        return f"{ESC}Ptmux;{sequence.replace(ESC, ESC + ESC)}{END}"
    return f"{ESC}P{sequence}{END}" if term.startswith("screen") else sequence


def _plain(text: str, limit: int) -> str:
    """Clean, without the semicolon that would begin another field, at most `limit` bytes long."""
    clean = clean_text(text.replace(";", ","), limit=limit)
    if len(data := clean.encode()) <= limit:
        return clean
    return data[: limit - len("…".encode())].decode(errors="ignore") + "…"
