"""What all tables of config.toml have in common."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict


class Section(BaseModel):
    """A table of config.toml: frozen, no unknown keys, no silent conversion ("15" is no number), no nan."""

    # What was given may be a secret: pydantic's own messages, which a traceback would show, leave it out.
    model_config = ConfigDict(
        frozen=True, extra="forbid", strict=True, allow_inf_nan=False, hide_input_in_errors=True
    )
