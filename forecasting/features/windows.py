"""Which rows a sequence model reads together: index arithmetic only, no values.

A symbol's valid rows are first closed up, so that a day without a bar leaves no hole in a sequence. *Chunks* serve
dense training, with a loss at every step: neighbours overlap by a burn-in that only warms the state up, and each row is
a loss row exactly once. Where a chunk starts depends only on the rows before it, so new bars never move an old chunk.
*Windows* serve models that read a fixed lookback and speak about its last row.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from forecasting.features.panel import BoolArray

CHUNK_LENGTH = 88
BURN_IN = 20

IntArray = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class Chunks:
    """C chunks of L rows. Read values with `values[chunks.symbols[:, None], chunks.rows]`, shape (C, L, ...)."""

    symbols: IntArray    # (C,) index into the panel's symbols
    rows: IntArray       # (C, L) index into its sessions, ascending; padding at the end repeats the last row
    loss: BoolArray      # (C, L) rows that this chunk answers for: no burn-in, no padding


def chunks(valid: BoolArray, *, length: int = CHUNK_LENGTH, burn_in: int = BURN_IN) -> Chunks:
    """Cut the valid rows of each symbol, shape (N, T), into chunks; a symbol's first chunk has no burn-in.

    Raises:
        ValueError: Unless 0 <= burn_in < length.
    """
    if not 0 <= burn_in < length:
        raise ValueError(f"chunks of {length} rows cannot burn in for {burn_in}")
    symbols, rows, loss = [], [], []
    for n, mask in enumerate(valid):
        own = np.flatnonzero(mask)
        # A start is needed only while rows are left that the chunk before has not answered for.
        starts = np.arange(0, max(len(own) - burn_in, min(len(own), 1)), length - burn_in)
        position = starts[:, None] + np.arange(length)                       # (C_n, L) into own
        answered = (position < len(own)) & ((np.arange(length) >= burn_in) | (starts[:, None] == 0))
        symbols.append(np.full(len(starts), n))
        rows.append(own[np.minimum(position, len(own) - 1)] if len(own) else position)
        loss.append(answered)
    return Chunks(np.concatenate(symbols), np.concatenate(rows), np.concatenate(loss))


def windows(valid: BoolArray, lookback: int) -> tuple[IntArray, IntArray]:
    """Every run of `lookback` valid rows of a symbol, from a mask of shape (N, T).

    Returns:
        Symbol indices, shape (W,), and session indices, shape (W, lookback), ascending; the last column is the row
        that each window speaks about.

    Raises:
        ValueError: If `lookback` is below 1.
    """
    if lookback < 1:
        raise ValueError(f"a lookback is at least 1, got {lookback}")
    symbols, rows = [], []
    for n, mask in enumerate(valid):
        own = np.flatnonzero(mask)
        starts = np.arange(max(len(own) - lookback + 1, 0))
        symbols.append(np.full(len(starts), n))
        rows.append(own[starts[:, None] + np.arange(lookback)])
    return np.concatenate(symbols), np.concatenate(rows)
