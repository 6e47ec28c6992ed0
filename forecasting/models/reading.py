"""How models read a panel: which columns, which targets, which rows, and a hash of all a fit may see."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

import numpy as np

from forecasting.domain.forecast import HORIZONS
from forecasting.errors import ModelError
from forecasting.features.panel import BoolArray, FloatArray, Panel

ROOT_H: FloatArray = np.sqrt(np.array(HORIZONS, dtype=np.float64))   # (H,)

MIN_BARS = 60
"""Own bars a symbol needs before anything but its historical standard deviation is used."""


def places(panel: Panel, columns: Sequence[str]) -> list[int]:
    """Where the named columns stand among the panel's features.

    Raises:
        ModelError: If the panel lacks one of them.
    """
    missing = [c for c in columns if c not in panel.names]
    if missing:
        raise ModelError(f"the panel has no feature {', '.join(missing)}: fit and forecast need the same feature spec")
    return [panel.names.index(c) for c in columns]


def scaled_targets(panel: Panel, cut: int) -> FloatArray:
    """Targets z = y / (s sqrt(h)), shape (N, T, H); NaN where not realised by session index `cut`, or in warm-up.

    Of bars shorter than a session, s sqrt(h) is meant as wide as the slots ahead usually are (`Panel.width`).
    """
    return panel.targets_until(cut) / (panel.scale[:, :, None] * ROOT_H * panel.width(slice(None)))


def purged_split(panel: Panel, cut: int, *, validation_share: float) -> tuple[FloatArray, FloatArray]:
    """Scaled targets for training and for validation, shape (N, T, H) each, NaN where they do not belong.

    The newest `validation_share` of the valid rows until `cut` validates, cut off at a session; training keeps only
    targets that were realised before it (purge). There must be at least one valid row.
    """
    tail = int(np.quantile(np.nonzero(valid_until(panel, cut))[1], 1.0 - validation_share))
    training, validation = scaled_targets(panel, tail - 1), scaled_targets(panel, cut)
    validation[:, :tail] = np.nan
    return training, validation


def valid_until(panel: Panel, cut: int) -> BoolArray:
    """The valid rows a fit at session index `cut` may read, shape (N, T)."""
    return panel.valid & (np.arange(len(panel.sessions)) <= cut)


def bars_until(panel: Panel, at: Sequence[int]) -> FloatArray:
    """How many bars each symbol has up to and including the given sessions, shape (N, K)."""
    return np.cumsum(panel.traded, axis=1, dtype=np.float64)[:, list(at)]


def training_hash(panel: Panel, cut: int) -> str:
    """Hash of everything a fit at session index `cut` may read, first 12 hex digits."""
    seen = slice(0, cut + 1)
    digest = hashlib.sha256("\n".join((*panel.symbols, *panel.names)).encode())
    digest.update("\n".join(map(str, panel.sessions[seen])).encode())
    for array in (panel.features[:, seen], panel.returns[:, seen], panel.targets_until(cut)[:, seen]):
        digest.update(np.ascontiguousarray(array).tobytes())
    return digest.hexdigest()[:12]
