"""The process in which Apprise runs: {url, title, text} on standard input, {why, again} on standard output.

`why` is null where the message was taken. Apprise says what went wrong in its log alone, and there beside pieces of
the URL; of that, only a status code and the kind of trouble are passed on.
"""

from __future__ import annotations

import json
import logging
import os
import re
import sys
from dataclasses import dataclass

_STATUS = re.compile(r"error=(\d{3})\b")


@dataclass(frozen=True, slots=True)
class Answer:
    """What became of a message."""

    why: str | None = None
    again: bool = False


class _Heard(logging.Handler):
    """What Apprise's log gave away that may be told."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.status: int | None = None
        self.unreachable = False

    def emit(self, record: logging.LogRecord) -> None:
        said = record.getMessage()
        if (found := _STATUS.search(said)) is not None:
            self.status = int(found[1])
        self.unreachable |= "onnection error" in said


def send(url: str, title: str, text: str) -> Answer:
    """Hand one message to Apprise."""
    import apprise

    heard = _Heard()
    logger = logging.getLogger("apprise")
    logger.propagate = False
    logger.addHandler(heard)
    asset = apprise.AppriseAsset(async_mode=False, app_id="tapecast", app_desc="tapecast")
    carrier = apprise.Apprise(asset=asset)
    if not carrier.add(url):
        return Answer("not an Apprise URL, or of a service that is not installed; see its documentation")
    if carrier.notify(body=text, title=title, body_format=apprise.NotifyFormat.TEXT):
        return Answer()
    if heard.status is not None:
        return Answer(f"the service answered {heard.status}", again=heard.status >= 500 or heard.status in (408, 429))
    return Answer("the service cannot be reached" if heard.unreachable else "the service did not take it", again=True)


def main() -> None:
    """Answer one request. Whatever else is written goes nowhere."""
    answer = os.fdopen(os.dup(1), "w")
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 1)
    os.dup2(nowhere, 2)
    asked = json.load(sys.stdin)
    said = send(asked["url"], asked["title"], asked["text"])
    with answer:
        json.dump({"why": said.why, "again": said.again}, answer)


if __name__ == "__main__":
    main()
