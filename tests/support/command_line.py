"""The command line as tests call it: one process, its output and exit code."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any, NamedTuple


class Result(NamedTuple):
    """How a command ended."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """Standard output as the JSON it is."""
        return json.loads(self.out)

    @property
    def checks(self) -> dict[str, dict[str, str]]:
        """`doctor`'s checks by name."""
        answer = self.json
        assert set(answer) == {"checks"}
        assert all(set(c) == {"name", "status", "found", "remedy"} for c in answer["checks"])
        return {c["name"]: c for c in answer["checks"]}


Run = Callable[..., Result]
"""Runs `tapecast` with these words, on an empty configuration and a data folder of the test's own."""
