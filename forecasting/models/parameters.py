"""What a fit leaves behind: named arrays, plain settings, and where they came from.

Every fitted model of tapecast is built from one `Parameters` value and nothing else, so that a single checkpoint format
holds them all and a model id can name exactly what forecasts.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np
import numpy.typing as npt


@dataclass(frozen=True, slots=True, eq=False)
class Parameters:
    """A fitted model as data."""

    name: str                                  # one of registry.NAMES
    arrays: Mapping[str, npt.NDArray[Any]]
    settings: Mapping[str, Any]                # hyperparameters and column names; plain JSON values
    train_end: date                            # newest session the fit has seen
    data_hash: str                             # of the training rows, see `reading.training_hash`
    seed: int

    def model_id(self) -> str:
        """Content hash over everything above, first 12 hex digits."""
        facts = [self.name, self.settings, self.train_end.isoformat(), self.data_hash, self.seed]
        digest = hashlib.sha256(json.dumps(facts, sort_keys=True).encode())
        for key in sorted(self.arrays):
            array = np.ascontiguousarray(self.arrays[key])
            digest.update(f"{key} {array.dtype.str} {array.shape}".encode())
            digest.update(array.tobytes())
        return digest.hexdigest()[:12]


class FittedBase:
    """The attributes that every fitted model takes over from its parameters."""

    def __init__(self, parameters: Parameters) -> None:
        self.parameters = parameters
        self.name = parameters.name
        self.model_id = parameters.model_id()
        self.train_end = parameters.train_end
        self.data_hash = parameters.data_hash
        self.seed = parameters.seed
