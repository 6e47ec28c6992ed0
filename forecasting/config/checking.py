"""Checks what config.toml says with pydantic, and words what is wrong."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypeVar

from pydantic import TypeAdapter, ValidationError

from forecasting.config.diagnosis import validation_error
from forecasting.config.section import Section

S = TypeVar("S", bound=Section)


def check(kind: type[S], table: Mapping[str, Any], text: str, path: Path) -> S:
    """The section that `table` says, which is `text` parsed.

    Raises:
        ConfigError: One line with file, line number, key and remedy.
    """
    try:
        return TypeAdapter(kind).validate_python(table)
    except ValidationError as error:
        raise validation_error(error, text, path) from None      # pydantic's own words repeat values: maybe secrets
