"""Frames for a terminal that shows ASCII alone.

What the app draws it draws in the glyphs it was given; this is about the rest: borders, scrollbars and the dots of cut
texts are Textual's and Rich's own, and neither asks. Letters of names stay as they are.
"""

from __future__ import annotations

from textual.driver import Driver

_DRAWN = {
    "|": "│┃║╎┆┊▏▎▍▌▐▕▋▊▉", "-": "─━═╌┄┈▔▁╴╶╸╺", "#": "▂▃▄▅▆▇█▀■▪", "+": "┌┐└┘├┤┬┴┼╭╮╰╯╔╗╚╝╠╣╦╩╬┏┓┗┛┣┫┳┻╋",
    ".": "…·░▒▓", "^": "↑▲", "v": "↓▼", "<": "←◀", ">": "→▶▸❯", "*": "•●◆", "o": "○◯", "x": "✗✘", "'": "‘’", '"': "“”",
}
_TABLE = str.maketrans({glyph: plain for plain, glyphs in _DRAWN.items() for glyph in glyphs})


def seven_bits(text: str) -> str:
    """The text with ASCII in place of what is drawn; as wide as it was."""
    return text if text.isascii() else text.translate(_TABLE)


def in_seven_bits(driver: type[Driver]) -> type[Driver]:
    """The driver, writing frames so."""

    def write(self: Driver, data: str) -> None:
        driver.write(self, seven_bits(data))

    return type(driver.__name__, (driver,), {"write": write})
