"""What is held, as text: amounts, the columns of positions, and the two lines under the watch table. Pure.

With the privacy mask on, amounts are stars of one length whatever they are; percentages stay.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from math import isfinite

from rich.text import Text

from forecasting.domain.holding import Position
from forecasting.domain.market import RowState
from forecasting.domain.portfolio import Portfolio, Sum
from forecasting.domain.snapshot import Snapshot, SymbolRow
from tui import format as fmt
from tui.format import Glyphs
from tui.themes import Palette

HIDDEN = "***"
GAP = "   "
_UNITS = ((1e9, "B"), (1e6, "M"), (1e3, "k"))


def amount(value: float | None, currency: str = "", *, room: int = 99, sign: bool = False) -> str:
    """An amount of money in at most `room` cells: 12,345.60, where that is too long 12,346, then 12.3k."""
    if value is None or not isfinite(value):
        return fmt.MISSING
    plus = "+" if sign else ""
    decimals = (0,) if currency in (*fmt.WHOLE, "JPY") or abs(value) >= 1e7 else (2, 0)
    for text in (f"{value:{plus},.{n}f}" for n in decimals):
        if len(text) <= room:
            return _unsigned(text)
    for size, unit in _UNITS:
        if abs(value) >= size:
            return f"{value / size:{plus}.1f}{unit}"
    return f"{value:{plus}.0f}"


def quantity(value: float) -> str:
    """How many, with as many decimals as it has, up to six: 10, 0.5, -1,250."""
    return f"{value:,.6f}".rstrip("0").rstrip(".")


def shown_in(position: Position) -> tuple[float, str]:
    """What figures of a position are multiplied by to be shown, and the currency they are then in."""
    return (1.0, position.currency) if position.rate is None else (position.rate.value, position.rate.counter)


def content(
    row: SymbolRow, key: str, room: int, palette: Palette, glyphs: Glyphs, *, home: str | None, masked: bool
) -> Text:
    """One cell of a column of what is held and written down.

    Args:
        row: The row.
        key: The column.
        room: Cells there are.
        palette: Colours.
        glyphs: Characters.
        home: The currency of most of the list's prices, which goes without saying; None: it is the only one.
        masked: Whether amounts are hidden.
    """
    if key == "tags":
        return Text(" ".join(row.holding.tags) if row.holding else "", palette.accent)
    value = figure(row, key)
    if value is None or row.position is None:
        return Text(fmt.MISSING, palette.muted)
    if key == "pnl_pct":
        return won(value, fmt.percent(value), palette, glyphs)
    if masked:
        return Text(HIDDEN, palette.muted)
    if key == "qty":
        text = quantity(value)
        return Text(text if len(text) <= room else amount(value, room=room))
    currency = shown_in(row.position)[1]
    sign = "" if home in (None, currency) else fmt.currency_sign(currency, glyphs)
    if key == "cost":
        return Text(_behind(sign, fmt.price(value, currency, row.symbol)))
    if key == "value":
        return Text(_behind(sign, amount(value, currency, room=room - len(sign))))
    won_or_lost = amount(value, currency, room=room - len(sign) - 1, sign=True)
    return won(value, _behind(sign, won_or_lost), palette, glyphs)


def won(value: float | None, text: str, palette: Palette, glyphs: Glyphs) -> Text:
    """A gain or loss: arrow, sign and colour say the same."""
    if value is None or round(value, 2) == 0:
        return Text(text, palette.muted)
    return Text((glyphs.up if value > 0 else glyphs.down) + text, palette.up if value > 0 else palette.down)


# The lines under the table.


def portfolio_line(snapshot: Snapshot, width: int, palette: Palette, glyphs: Glyphs, *, masked: bool) -> Text:
    """All positions together, least needed parts dropped where the line is too narrow."""
    portfolio = snapshot.portfolio
    return Text() if portfolio is None else _fitted(list(_parts(portfolio, snapshot, palette, glyphs, masked)), width)


def _parts(
    portfolio: Portfolio, snapshot: Snapshot, palette: Palette, glyphs: Glyphs, masked: bool
) -> Iterator[tuple[int, Text]]:
    total = portfolio.total
    if total is not None:
        yield 0, Text.assemble(("Held ", palette.muted), (_money(total.value, total.currency, masked), "bold"))
        yield 1, _gain("day ", total.day_pnl, total.day_pct, total.currency, palette, glyphs, masked)
        yield 2, _gain("P&L ", total.pnl, total.pnl_pct, total.currency, palette, glyphs, masked)
        if total.realised:
            yield 5, _gain("realised ", total.realised, None, total.currency, palette, glyphs, masked)
    if total is None or len(portfolio.parts) > 1:
        if total is None and portfolio.parts:
            yield 4, Text("no one sum: set [display] currency", palette.warning)
        yield (4 if total else 0), _per_currency(portfolio.parts, palette, masked, named=total is None)
    if missing := (*portfolio.left_out, *_stale(snapshot)):
        yield 3, Text(f"without {', '.join(missing[:3])}{', ..' if len(missing) > 3 else ''}", palette.warning)


def _stale(snapshot: Snapshot) -> Iterator[str]:
    """Positions whose price cannot be trusted now; they are in the sum."""
    for row in snapshot.rows:
        held = row.position is not None and row.position.quantity and row.position.value is not None
        if held and row.state in (RowState.STALE, RowState.ERR):
            yield f"a fresh price of {row.symbol}"


def _per_currency(parts: tuple[Sum, ...], palette: Palette, masked: bool, *, named: bool) -> Text:
    text = " + ".join(_money(part.value, part.currency, masked) for part in parts)
    return Text.assemble(("Held " if named else "as traded ", palette.muted), text)


def _money(value: float | None, currency: str, masked: bool) -> str:
    return f"{HIDDEN if masked else amount(value, currency)} {currency}"


def _gain(
    label: str, value: float | None, pct: float | None, currency: str, palette: Palette, glyphs: Glyphs, masked: bool
) -> Text:
    """A gain with its per cent; the arrow stays where the amount is hidden and a per cent is shown."""
    share = "" if pct is None else f" ({fmt.percent(pct)})"
    told = won(value, amount(value, currency, sign=True) + share, palette, glyphs)
    if masked:
        told = won(pct, HIDDEN + share, palette, glyphs)
    return Text.assemble((label, palette.muted), told)


def symbol_line(row: SymbolRow | None, width: int, palette: Palette, glyphs: Glyphs, *, masked: bool) -> Text:
    """What is held and written down of one symbol, in its own currency and in the one that is shown."""
    if row is None or row.holding is None:
        return Text()
    parts = [(0, Text(str(row.symbol), "bold"))]
    if row.holding.alias:
        parts.append((2, Text(fmt.clip(row.alias, 24), palette.muted)))
    if row.position is not None:
        parts += _position(row, row.position, palette, glyphs, masked)
    if row.holding.tags:
        parts.append((3, Text(" ".join(f"#{tag}" for tag in row.holding.tags), palette.accent)))
    if row.holding.note:
        parts.append((7, Text(row.holding.note, palette.muted)))
    return _fitted(parts, width)


def _position(
    row: SymbolRow, position: Position, palette: Palette, glyphs: Glyphs, masked: bool
) -> list[tuple[int, Text]]:
    currency = position.currency
    realised = [] if not position.realised else [
        (6, _gain("realised ", position.realised, None, currency, palette, glyphs, masked))
    ]
    if not position.quantity:
        return [(1, Text("nothing held now", palette.muted)), *realised]
    held = HIDDEN if masked else quantity(position.quantity)
    cost = HIDDEN if masked else fmt.price(position.average, currency, row.symbol)
    worth = _money(position.value, currency, masked)
    if position.rate is not None and not masked and position.value is not None:
        worth += f" = {_money(position.value * position.rate.value, position.rate.counter, masked)}"
    return [
        (1, Text(f"{held} @ {cost}")),
        (1, Text.assemble(("worth ", palette.muted), worth)),
        (1, _gain("P&L ", position.pnl, position.pnl_pct, currency, palette, glyphs, masked)),
        (5, _gain("day ", position.day_pnl, None, currency, palette, glyphs, masked)),
        *realised,
    ]


def _fitted(parts: list[tuple[int, Text]], width: int) -> Text:
    """The parts that fit, by rank (low: needed most), in their order; only what stands last may be cut."""
    room, kept = width + len(GAP), set()
    for rank, text in sorted(parts, key=lambda part: part[0]):
        if text.cell_len + len(GAP) <= room or rank == 0 or (text is parts[-1][1] and room > 16):
            room -= text.cell_len + len(GAP)
            kept.add(id(text))
    line = Text(GAP, no_wrap=True).join([text for _, text in parts if id(text) in kept])
    line.truncate(max(width, 0), overflow="ellipsis")
    return line


def _behind(sign: str, text: str) -> str:
    """An amount behind the sign of its currency, and that behind plus or minus: +$331.70."""
    return text[0] + sign + text[1:] if text[0] in "+-" else sign + text


def _unsigned(text: str) -> str:
    """Without a sign where only zeros follow it."""
    return text.lstrip("+-") if not text.strip("+-0.,") else text


def figure(row: SymbolRow, key: str) -> float | None:
    """The figure of a column, in the currency it is shown in; None where nothing is held, or it is not known."""
    position = row.position
    if position is None or not position.quantity:
        return None
    rate = shown_in(position)[0]
    match key:
        case "qty":
            return position.quantity
        case "pnl_pct":
            return position.pnl_pct
        case "cost":
            value = position.average
        case "value":
            value = position.value
        case "pnl":
            value = position.pnl
        case _:
            value = position.day_pnl
    return None if value is None else value * rate


SORT: dict[str, Callable[[SymbolRow], float | str | None]] = {
    **{key: partial(figure, key=key) for key in ("qty", "cost", "value", "pnl", "pnl_pct", "day_pnl")},
    "tags": lambda row: " ".join(row.holding.tags) or None if row.holding else None,
}
"""Column -> what it is sorted by."""
