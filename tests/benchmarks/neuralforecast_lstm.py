"""neuralforecast's half of `bench_neuralforecast`: run by the interpreter that has it, which has nothing of ours.

`python neuralforecast_lstm.py ROWS.npz STEPS RATE` prints seconds of fitting, pinball loss and n as one line of JSON.
Each window is scaled by its own mean and standard deviation, which is what it has in the place of our EWMA scale.
"""

from __future__ import annotations

import importlib
import json
import logging
import sys
import time
from pathlib import Path

import numpy as np
import numpy.typing as npt


def pinball(
    quantiles: npt.NDArray[np.float64], actual: npt.NDArray[np.float64], levels: npt.NDArray[np.float64]
) -> dict[str, float]:
    """Mean pinball loss of quantiles (..., Q) about `actual` (...) in its units; unknown rows are left out."""
    error = actual[..., None] - quantiles
    loss = np.maximum(levels * error, (levels - 1.0) * error)
    known = np.isfinite(loss).all(axis=-1)
    return {"pinball": round(float(loss[known].mean()), 5), "n": int(known.sum())}


def measure(rows: Path, steps: int, rate: float) -> dict[str, float]:
    """Fit once with the clock running, then once more inside the walk through the test sessions."""
    logging.disable(logging.INFO)
    pandas, core, models, losses = (
        importlib.import_module(m)
        for m in ("pandas", "neuralforecast", "neuralforecast.models", "neuralforecast.losses.pytorch")
    )
    content = np.load(rows)
    features, returns, test = content["features"], content["returns"], int(content["test"])
    n, t, f = features.shape
    names = [f"x{i}" for i in range(f)]
    frame = pandas.DataFrame(features.reshape(n * t, f), columns=names)
    frame["unique_id"] = np.repeat([f"S{i:03d}" for i in range(n)], t)
    frame["ds"], frame["y"] = np.tile(np.arange(t), n), returns.ravel()
    network = models.LSTM(
        h=1, input_size=68, hist_exog_list=names, loss=losses.MQLoss(quantiles=content["levels"].tolist()),
        encoder_hidden_size=32, encoder_n_layers=1, encoder_dropout=0.0, decoder_hidden_size=32, decoder_layers=1,
        max_steps=steps, learning_rate=rate, scaler_type="standard", random_seed=0, accelerator="cpu",
        enable_progress_bar=False, logger=False, enable_checkpointing=False, enable_model_summary=False,
    )
    forecaster = core.NeuralForecast(models=[network], freq=1)
    began, cpu = time.perf_counter(), time.process_time()
    forecaster.fit(frame[frame["ds"] < t - test])
    wall, cpu = time.perf_counter() - began, time.process_time() - cpu
    told = forecaster.cross_validation(frame, n_windows=None, test_size=test, step_size=1, refit=False)
    columns = [c for c in told.columns if c.startswith("LSTM")]
    quantiles = np.sort(told[columns].to_numpy(dtype=np.float64), axis=-1)     # its levels may cross
    found = pinball(quantiles, told["y"].to_numpy(), content["levels"])
    return {"fit_s": round(wall, 2), "fit_cpu_s": round(cpu, 2), **found}


if __name__ == "__main__":
    print(json.dumps(measure(Path(sys.argv[1]), int(sys.argv[2]), float(sys.argv[3]))))   # its own talk comes before
