"""`tapecast train`: the answer's keys, and that the checkpoint is there and private."""

from __future__ import annotations

import json
import sys
from datetime import date
from pathlib import Path

import pytest

from forecasting.data.store import Store
from forecasting.features.pipeline import DEFAULT_SPEC
from forecasting.models import checkpoint
from tests.support.desk import recorded, write_csv
from tui import cli


@pytest.mark.honesty("T19")
def test_train_writes_a_private_checkpoint_that_knows_nothing_after_until(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = write_csv(tmp_path / "csv", recorded(("AAA", "BBB", "CCC"), date(2014, 1, 2), date(2015, 9, 30)))
    answer = tmp_path / "answer.json"
    words = ["train", "--csv-dir", folder, "--data-dir", tmp_path / "data", "--until", "2015-06-30", "--seeds", "1"]
    monkeypatch.setattr(sys, "argv", ["tapecast", *map(str, words), "--json", str(answer)])
    with pytest.raises(SystemExit) as ended:
        cli.main()
    assert ended.value.code == 0

    told = json.loads(answer.read_text())
    assert set(told) == {"seconds", "epochs", "n_train", "val_crps", "checkpoint", "interval", "models"}
    assert [m["name"] for m in told["models"]] == ["ensemble", "har-t", "lstm"]
    assert told["epochs"] >= 1
    assert told["n_train"] > 500
    assert 0.1 < told["val_crps"] < 2.0
    path = Path(told["checkpoint"])
    assert oct(path.stat().st_mode & 0o777) == "0o600"
    fitted = checkpoint.load(path, spec_hash=DEFAULT_SPEC.hash)
    assert (fitted.model_id, fitted.train_end) == (told["models"][0]["model_id"], date(2015, 6, 29))
    with Store.open(path.parents[1] / "store.db") as store:
        assert store.runs.trials() == 1
    steps = [json.loads(line) for line in capsys.readouterr().err.splitlines()]
    assert steps[-1]["fraction"] == 1.0
