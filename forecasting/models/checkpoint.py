"""Checkpoints: a fitted model in one safetensors file, its manifest in the file's own header.

Nothing is ever unpickled. The model's id is the hash of all that it holds, so a checkpoint that is truncated, damaged
or edited is refused, and so is one made for another feature specification.
"""

from __future__ import annotations

import json
import os
import tempfile
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

import numpy as np
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save as to_bytes

from forecasting.domain.forecast import HORIZONS, LEVELS
from forecasting.domain.interval import parse_key
from forecasting.errors import CheckpointError
from forecasting.models.base import Fitted
from forecasting.models.parameters import Parameters
from forecasting.models.registry import revive

FORMAT = 3


@runtime_checkable
class Storable(Protocol):
    """A fitted model that can be written down: all of tapecast's own are, a test's fake may not be."""

    parameters: Parameters
    model_id: str


def save(fitted: Storable, folder: Path, *, spec_hash: str) -> Path:
    """Write a model fitted on features of `spec_hash` (`FeatureSpec.hash`) into `folder`; returns the file.

    The file appears whole or not at all, readable by its owner only.

    Raises:
        CheckpointError: If it cannot be written.
    """
    p = fitted.parameters
    manifest = {
        "format": FORMAT, "name": p.name, "model_id": fitted.model_id, "spec_hash": spec_hash,
        "levels": LEVELS, "horizons": HORIZONS, "settings": p.settings,
        "train_end": p.train_end.isoformat(), "data_hash": p.data_hash, "seed": p.seed,
    }
    arrays = {key: np.ascontiguousarray(array) for key, array in p.arrays.items()}
    content = to_bytes(arrays, metadata={"manifest": json.dumps(manifest)})
    path = folder / file_name(p.name, fitted.model_id)
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        _write(path, content)
    except OSError as error:
        reason = error.strerror or str(error)
        raise CheckpointError(f"checkpoint {path}: cannot be written ({reason}); make room or fix access") from error
    return path


def file_name(name: str, model_id: str) -> str:
    """What a model's checkpoint is called."""
    return f"{name}-{model_id}.safetensors"


def _write(path: Path, content: bytes) -> None:
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=".", suffix=".part")   # made with 0600
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        Path(temporary).replace(path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise


def load(path: Path, *, spec_hash: str, recipe: str | None = None) -> Fitted:
    """The fitted model in the file `path`.

    Args:
        path: Where it lies.
        spec_hash: Of the features it is to read.
        recipe: An ensemble's: `NetworkSettings.hash` of its networks; None takes any.

    Raises:
        CheckpointError: If the file is missing, damaged, or no checkpoint for these features and this recipe.
    """
    try:
        manifest, arrays = _read(path)
        made_for = {k: manifest[k] for k in ("format", "spec_hash", "levels", "horizons")}
        wanted = {"format": FORMAT, "spec_hash": spec_hash, "levels": list(LEVELS), "horizons": list(HORIZONS)}
        differing = [k for k in wanted if made_for[k] != wanted[k]]
        if differing:
            other = ", ".join(differing)
            raise CheckpointError(f"checkpoint {path.name}: made for another {other}; train the model again")
        parameters = Parameters(
            name=manifest["name"], arrays=arrays, settings=manifest["settings"],
            train_end=parse_key(manifest["train_end"]), data_hash=manifest["data_hash"],
            seed=manifest["seed"],
        )
        if recipe is not None and parameters.settings["recipe"] != recipe:
            raise CheckpointError(f"checkpoint {path.name}: made with other [model] settings; train the model again")
        if parameters.model_id() != manifest["model_id"]:
            raise CheckpointError(f"checkpoint {path.name}: content and model id differ; train the model again")
        return revive(parameters)
    except FileNotFoundError as error:
        raise CheckpointError(f"checkpoint {path}: no such file; train the model again") from error
    except (OSError, SafetensorError, UnicodeDecodeError, LookupError, TypeError, ValueError) as error:
        raise CheckpointError(f"checkpoint {path.name}: damaged or foreign file; train the model again") from error


def manifest(path: Path) -> dict[str, Any]:
    """What the checkpoint at `path` says of itself, its arrays unread.

    Raises:
        CheckpointError: If it is no checkpoint of this format.
    """
    try:
        with safe_open(path, framework="numpy") as file:
            said: dict[str, Any] = json.loads(file.metadata()["manifest"])
        if said["format"] != FORMAT:
            raise CheckpointError(f"checkpoint {path.name}: made for another format; train the model again")
    except (OSError, SafetensorError, LookupError, TypeError, ValueError) as error:
        raise CheckpointError(f"checkpoint {path.name}: damaged or foreign file; train the model again") from error
    return said


def _read(path: Path) -> tuple[dict[str, Any], dict[str, Any]]:
    with safe_open(path, framework="numpy") as file:
        manifest = json.loads(file.metadata()["manifest"])
        return manifest, {key: file.get_tensor(key) for key in file.keys()}
