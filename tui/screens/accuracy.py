"""TODO."""

from __future__ import annotations

from tui.screens.view import Scene, View


class AccuracyView(View):
    """TODO."""

    def show(self, scene: Scene) -> None:
        """TODO."""
