import stat
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from forecasting.errors import CheckpointError
from forecasting.models.checkpoint import load, save
from forecasting.models.ewma_t import EwmaT
from forecasting.models.har import HarT
from tests.support.panels import COLUMNS, garch_t_returns, panel_from_returns

PANEL = panel_from_returns(garch_t_returns(2, 330, seed=6))
SPEC = "0123456789ab"


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> tuple[str, bytes, Path]:
    """A HAR checkpoint's model id and bytes, and a file to spoil."""
    folder = tmp_path_factory.mktemp("spoilt")
    fitted = HarT(COLUMNS).fit(PANEL, cut=300)
    return fitted.model_id, save(fitted, folder, spec_hash=SPEC).read_bytes(), folder / "spoilt.safetensors"


def test_only_the_owner_may_read_it_and_no_part_file_stays(tmp_path: Path) -> None:
    folder = tmp_path / "models"
    path = save(EwmaT().fit(PANEL, cut=300), folder, spec_hash=SPEC)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert list(folder.iterdir()) == [path]


def test_a_checkpoint_for_other_features_is_refused(tmp_path: Path) -> None:
    path = save(EwmaT().fit(PANEL, cut=300), tmp_path, spec_hash=SPEC)
    with pytest.raises(CheckpointError, match="made for another spec_hash; train the model again"):
        load(path, spec_hash="ba9876543210")


@pytest.mark.parametrize("content", [b"", b"\x80\x04K\x01.", b"PK\x03\x04" + bytes(100), b"\xff" * 64])
def test_a_foreign_file_is_refused_in_one_line(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "foreign.safetensors"
    path.write_bytes(content)
    with pytest.raises(CheckpointError, match=r"^checkpoint foreign.safetensors: damaged or foreign file"):
        load(path, spec_hash=SPEC)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match=r"gone\.safetensors: no such file; train the model again"):
        load(tmp_path / "gone.safetensors", spec_hash=SPEC)


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_a_changed_byte_is_refused_or_changed_nothing(written: tuple[str, bytes, Path], data: st.DataObject) -> None:
    model_id, content, path = written
    spoilt = bytearray(content)
    spoilt[data.draw(st.integers(0, len(content) - 1))] ^= data.draw(st.integers(1, 255))
    path.write_bytes(spoilt)
    try:
        found = load(path, spec_hash=SPEC).model_id
    except CheckpointError:
        return
    assert found == model_id


@settings(max_examples=50, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_a_truncated_checkpoint_is_refused(written: tuple[str, bytes, Path], data: st.DataObject) -> None:
    _, content, path = written
    path.write_bytes(content[: data.draw(st.integers(0, len(content) - 1))])
    with pytest.raises(CheckpointError):
        load(path, spec_hash=SPEC)
