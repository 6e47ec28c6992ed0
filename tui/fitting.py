"""Lines made of parts: where there is not room for all, what matters least is left out, and nothing is cut in two."""

from __future__ import annotations

from collections.abc import Sequence

from rich.text import Text

Part = tuple[int, *tuple[Text, ...]]
"""How much it matters, 0 the most and never left out, and its texts with the blanks before them: each continues the
one in front of it, so that it is left out with it."""


def fitted(parts: Sequence[Part], width: int) -> Text:
    """The parts in their order: of those for which there is room in `width` cells the ones that matter most."""
    kept, room = [Text() for _ in parts], width
    for place, (rank, *texts) in sorted(enumerate(parts), key=lambda each: each[1][0]):
        for text in texts:
            if rank and text.cell_len > room:
                break
            kept[place].append_text(text)
            room -= text.cell_len
    return Text(no_wrap=True).join(kept)


def in_lines(texts: Sequence[Text], width: int, gap: str = "  ") -> Text:
    """The texts in as many lines of `width` cells as they take, none of them broken that fits into one."""
    lines: list[Text] = []
    for text in texts:
        if lines and lines[-1].cell_len + len(gap) + text.cell_len <= width:
            lines[-1].append(gap).append_text(text)
        else:
            lines.append(text.copy())
    return Text("\n").join(lines)


def fitted_lines(parts: Sequence[tuple[int, Text]], width: int, lines: int) -> Text:
    """The parts in their order, none broken, in at most `lines` lines of `width` cells.

    Those that matter most come first to a place, and who finds none is left out; what matters as much as 0 stays in any
    case.
    """
    said, kept = Text(), set[int]()
    for place in sorted(range(len(parts)), key=lambda place: parts[place][0]):
        rank, text = parts[place]
        tried = in_lines([parts[each][1] for each in sorted({*kept, place})], width)
        if not rank or (text.cell_len <= width and tried.plain.count("\n") < lines):
            said = tried
            kept.add(place)
    return said
