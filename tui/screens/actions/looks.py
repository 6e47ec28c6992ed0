"""Keys that concern looks, and those that explain the keys."""

from __future__ import annotations

from tui.screens.stage import Stage
from tui.themes import next_theme


class LookActions(Stage):
    """Theme, lines around the view, palette, help."""

    def action_theme(self) -> None:
        """The next theme."""
        self.wear(next_theme(self.app.theme))

    def wear(self, theme: str) -> None:
        """Put a theme in force."""
        self.app.theme = theme
        self.call_after_refresh(self.show)

    def action_bare(self) -> None:
        """Only the view, without lines around it."""
        self.toggle_class("-bare")
        self.call_after_refresh(self.show)

    def action_palette(self) -> None:
        """Commands by name."""
        from textual.command import CommandPalette

        self.app.push_screen(CommandPalette(placeholder="part of a command's name"))

    def action_help(self) -> None:
        """The keys of this view."""
        from tui.dialogs.help import Help

        self.app.push_screen(Help(self.view_name, self.offered()))
