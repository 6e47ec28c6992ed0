"""What all tables of config.toml have in common."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, cast

from forecasting.frozen import dataclass

if TYPE_CHECKING:
    from pydantic import GetCoreSchemaHandler
    from pydantic_core import CoreSchema


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """A table of config.toml: frozen, no unknown keys, no silent conversion ("15" is no number), no nan."""

    __pydantic_config__: ClassVar[dict[str, Any]] = {"extra": "forbid", "strict": True, "allow_inf_nan": False}

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return cast("CoreSchema", {**handler(source), "strict": False})      # its values are; it comes as a table
