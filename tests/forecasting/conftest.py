"""What many tests of the library stand on."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from forecasting.data.store import Store


@pytest.fixture
def store() -> Iterator[Store]:
    """An empty store that goes with the test."""
    with Store.temporary() as opened:
        yield opened
