"""Where the filter is typed."""

from __future__ import annotations

from textual.geometry import Size
from textual.reactive import reactive
from textual.widgets import Input


class FilterBox(Input):
    """An input of one line across the screen: what is typed moves nothing, so no letter waits for a new layout."""

    value = reactive("", layout=False, init=False)
    virtual_size = reactive(Size(0, 0), layout=False)
