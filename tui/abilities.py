"""What the terminal can do, told by the environment: colours, characters, and whether it is far away."""

from __future__ import annotations

from collections.abc import Mapping

from forecasting.frozen import dataclass

FEW = "standard"
"""What Rich calls 16 colours."""


@dataclass(frozen=True, slots=True)
class Abilities:
    """One terminal."""

    colours: bool       # False: NO_COLOR, or a terminal that has none
    few: bool           # 16 colours or none: two shades next to each other may look alike
    ascii: bool         # it shows ASCII characters alone
    far: bool           # over SSH or mosh, where every frame is waited for
    mouse: bool         # it can report the mouse and lose no key over it


def abilities(
    environ: Mapping[str, str], *, colour_system: str | None, no_color: bool, encoding: str | None
) -> Abilities:
    """What the terminal of this process can do.

    Args:
        environ: The environment; TERM and the variables of SSH and GNU screen are looked at.
        colour_system: What Rich found: "truecolor", "256", "standard", or None for none.
        no_color: Whether NO_COLOR is set; see https://no-color.org.
        encoding: Of standard output; None where nobody knows.
    """
    colours = not no_color and colour_system is not None
    # The Linux console has 256 or 512 glyphs, and Braille is not among them.
    poor = environ.get("TERM", "") in ("linux", "dumb", "vt100", "vt220")
    narrow = encoding is not None and encoding.replace("-", "").lower() not in ("utf8", "utf16", "utf32", "gb18030")
    return Abilities(
        colours=colours,
        few=not colours or colour_system == FEW,
        ascii=poor or narrow,
        far=any(environ.get(name) for name in ("SSH_CONNECTION", "SSH_TTY", "SSH_CLIENT", "MOSH_CONNECTION")),
        # GNU screen keeps Esc back until the next key while the mouse is reported: it might begin such a report.
        mouse=not (environ.get("STY") and environ.get("TERM", "").startswith("screen")),
    )
