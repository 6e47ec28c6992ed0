"""A backtest in words and tables. Every figure stands beside buy-and-hold's, with its interval and its n."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable

from rich.console import Group, JustifyMethod
from rich.table import Table
from rich.text import Text

from forecasting.domain.backtest import BUY_AND_HOLD, COSTS_BP, Account, BacktestReport, Forecasts, StrategyRun
from tui import format as fmt
from tui.backtesting import FOLLOWED, SPANS, Backtesting, Running
from tui.fitting import Part, fitted
from tui.format import Glyphs
from tui.themes import Palette

ENOUGH = 0.95
"""Deflated Sharpe ratio, and confidence of every interval, from which a result is called more than luck."""

_Z95 = 1.959964
_YEAR = 252


def title(state: Backtesting, palette: Palette, width: int) -> Text:
    """Whose account, by which strategy, over which span, at which cost."""
    shown = state.shown
    parts: list[Part] = [(0, Text(state.subject, "bold"))]
    if shown is not None:
        name = shown[1].name if width >= 60 else short_name(shown[1], shown[0])
        parts.append((1, Text(f"  {name}", f"bold {palette.accent}")))
    parts.append((2, Text(f"  {SPANS[state.span][0]}")))
    cost = costs(state.cost, palette) if width >= 100 else Text(f"{COSTS_BP[state.cost]:g} bp a side")
    parts.append((3, Text("  ").append_text(cost)))
    return fitted([*parts, (4, Text(f"  {FOLLOWED[state.followed][0]}", palette.forecast))], width)


def costs(chosen: int, palette: Palette) -> Text:
    """The slider: all costs, the chosen one in brackets."""
    text = Text("cost ", palette.muted)
    for number, cost in enumerate(COSTS_BP):
        if number == chosen:
            text.append(f"[{cost:g}]", f"bold {palette.foreground}")
        else:
            text.append(f" {cost:g} ", palette.muted)
    return text.append(" bp a side", palette.muted)


def under_way(running: Running, palette: Palette, glyphs: Glyphs, width: int) -> Text:
    """Bar, share, time to go, what is being done."""
    parts: list[Part] = []
    if running.fraction is not None:
        parts.append((4, Text(f"{fmt.progress_bar(running.fraction, 16, glyphs)} ", palette.up)))
        parts.append((0, Text(f"{fmt.share(running.fraction)} ")))
    if running.eta_s is not None:
        parts.append((1, Text(f"ETA {fmt.countdown(running.eta_s)} ", palette.muted)))
    return fitted([*parts, (3, Text(running.message)), (2, Text("  x cancels", palette.muted))], width)


_PROBLEM = re.compile(r"(?:(?P<place>[^:;]{1,40}): )?(?P<cause>.*?)(?:; (?P<remedy>[^;]*))?", re.DOTALL)
"""Messages say what was asked, what was found and what to do."""


def problem_table(problem: str, palette: Palette) -> Table:
    """Why nothing was run: where, the cause and what to do, each on lines of its own."""
    table = Table.grid(padding=(0, 2, 0, 0))
    found = _PROBLEM.fullmatch(problem)
    told = found.groupdict() if found is not None else {"cause": problem}
    for name, colour in (("place", palette.foreground), ("cause", palette.error), ("remedy", palette.warning)):
        if told.get(name):
            table.add_row(Text(name, palette.muted), Text(told[name], colour))
    return table


def provenance(report: BacktestReport, palette: Palette, width: int) -> Text:
    """Which forecasts were followed, over which sessions, and which trial it was."""
    if report.source is Forecasts.RECORDED:
        counts = [f"{n} {kind}" for n, kind in (
            (report.sessions_live, "live"), (report.sessions_backfill, "backfill"),
        ) if n]
        silent = report.hold.accounts[0].figures.n_days + 1 - report.sessions_live - report.sessions_backfill
        counts += [f"{silent} without"] * (silent > 0)
        whence = f"{report.model} as recorded, sessions: {' + '.join(counts)}"
        meaning = "; backfill is walk-forward" if report.sessions_backfill else ""
    else:
        fits = len(report.fits_see_until)
        whence, meaning = f"{report.model} fitted anew {fits} x, walk-forward", "; none saw what it forecast"
    parts: list[Part] = [
        (0, Text(whence)), (3, Text(f", {report.first} to {report.last}")), (2, Text(f", trial {report.trials}")),
    ]
    if report.missing:
        parts.append((1, Text(f"; without {', '.join(report.missing)}", palette.warning)))
    parts.append((4, Text(meaning)))
    line = fitted(parts, width)
    line.style = palette.muted
    return line


def verdict(report: BacktestReport, run: StrategyRun, account: Account, palette: Palette) -> Text:
    """What may be said, and no more."""
    figures = account.figures
    if run.name == BUY_AND_HOLD:
        return Text("This is what the others are measured by.", palette.muted)
    if run.n_fills == 0:
        why = f": {report.model} has no opinion on direction" if run.forecasts and "direction" in run.name else ""
        return Text(f"Never traded{why}.", palette.warning)
    doubts = list(_doubts(account, report.trials))
    if not doubts:
        return Text(f"More than luck explains, on {figures.n_days} past sessions; others may differ.", palette.success)
    return Text("No skill shown: " + "; ".join(doubts) + ".", palette.warning)


def _doubts(account: Account, trials: int) -> Iterable[str]:
    figures = account.figures
    if figures.sharpe is None or figures.sharpe_se is None or figures.sharpe - _Z95 * figures.sharpe_se <= 0.0:
        yield "Sharpe's interval reaches 0"
    if figures.deflated_sharpe is None or figures.deflated_sharpe < ENOUGH:
        yield f"P(Sharpe > 0) is {fmt.share(figures.deflated_sharpe)} after {trials} trial{'s' * (trials != 1)}"
    if account.excess is not None and account.excess_se is not None:
        if account.excess + _Z95 * account.excess_se < 0.0:
            yield "worse than holding"
        elif account.excess - _Z95 * account.excess_se <= 0.0:
            yield "not shown to beat holding"


FIGURES_WIDTH = 58
"""Cells of the figures of a strategy beside buy-and-hold's."""


def figures_table(state: Backtesting, palette: Palette, width: int) -> Table | Group | Text:
    """Each figure of the strategy beside buy-and-hold's; where that is too wide, above them."""
    if (shown := state.shown) is None:
        return Text()
    report, run, own, held = shown
    cost_bp = COSTS_BP[state.cost]
    names, values = _column(run, own, cost_bp, report, palette)
    _, others = _column(report.hold, held, cost_bp, report, palette)
    if width < FIGURES_WIDTH:
        return Group(_grid(names, values), Text(), _grid(names, others))
    return _grid(names, values, others)


def _grid(*columns: Iterable[Text]) -> Table:
    table = Table.grid(padding=(0, 2, 0, 0))
    for _ in columns:
        table.add_column(no_wrap=True)
    for cells in zip(*columns, strict=True):
        table.add_row(*cells)
    return table


def _column(
    run: StrategyRun, account: Account, cost_bp: float, report: BacktestReport, palette: Palette
) -> tuple[list[Text], list[Text]]:
    """What the figures of one account are called, and what they are."""
    figures = account.figures
    rows = (
        ("return", _return(account)), ("Sharpe a year", _sharpe(account)),
        ("max drawdown", fmt.share(figures.max_drawdown, 1)), ("up days", _up_days(account)),
        ("excess a year", _excess(account)), ("P(Sharpe > 0)", fmt.share(figures.deflated_sharpe)),
        ("turnover", f"{figures.turnover:.1f}x a year" if figures.turnover else fmt.MISSING),
        (f"cost at {cost_bp:g} bp", _cost(account, cost_bp)), ("break-even", _break_even(account)),
        ("orders filled", str(run.n_fills)),
    )
    held = run.name == BUY_AND_HOLD
    head = Text(short_name(run, report), "bold" if held else f"bold {palette.accent}")
    names = [Text(f"n={figures.n_days} sessions", palette.muted), *(Text(name, palette.muted) for name, _ in rows)]
    return names, [head, *(Text(value, palette.muted if held else "") for _, value in rows)]


def short_name(run: StrategyRun, report: BacktestReport) -> str:
    """A strategy without the model it follows."""
    return run.name.removeprefix(f"{report.model} ")


def strategies_table(state: Backtesting, palette: Palette, glyphs: Glyphs, width: int) -> Table | Text:
    """All strategies at the chosen cost, the shown one marked, with as many columns as `width` cells hold."""
    if (shown := state.shown) is None:
        return Text()
    columns: tuple[tuple[str, Callable[[Account], str], int], ...] = (
        ("return", lambda a: fmt.percent(a.figures.total_return * 100), 0), ("Sharpe a year", _sharpe, 54),
        ("excess a year", _excess, 75), ("drawdown", lambda a: fmt.share(a.figures.max_drawdown, 1), 86),
    )
    columns = tuple(column for column in columns if width >= column[2])
    table = Table.grid(padding=(0, 2, 0, 0))
    for heading in ("", "strategy", *(name for name, _, _ in columns)):
        justify: JustifyMethod = "left" if heading == "strategy" else "right"
        table.add_column(justify=justify, no_wrap=True)
    table.add_row("", *(Text(name, palette.muted) for name in ("strategy", *(name for name, _, _ in columns))))
    for run in shown[0].strategies:
        chosen = run is shown[1]
        style = f"bold {palette.accent}" if chosen else palette.forecast if run.forecasts else ""
        table.add_row(
            Text.assemble((glyphs.sent if chosen else "", palette.accent), ("f" * run.forecasts, palette.forecast)),
            Text(short_name(run, shown[0]), style),
            *(Text(read(run.accounts[state.cost])) for _, read, _ in columns),
        )
    return table


SMALL_PRINT = (
    "Decided at each close, filled at the next open whatever the size; dividends reinvested; cash and borrowed shares "
    "cost and earn nothing. Intervals are 95%. Every run is a trial, another cost or strategy of it is not. f: "
    "follows forecasts. Not advice."
)


def _return(account: Account) -> str:
    figures = account.figures
    # A year's return from less than a year would be a guess, and from a year it is the same.
    yearly = f", {fmt.percent(figures.annual_return * 100)} a year" if figures.n_days > _YEAR else ""
    return f"{fmt.percent(figures.total_return * 100)}{yearly}"


def _sharpe(account: Account) -> str:
    figures = account.figures
    if figures.sharpe is None or figures.sharpe_se is None:
        return fmt.MISSING
    return f"{fmt.signed(figures.sharpe, 2)} {_around(figures.sharpe, figures.sharpe_se, 1, 1.0)}"


def _excess(account: Account) -> str:
    if account.excess is None or account.excess_se is None:
        return fmt.MISSING
    return f"{fmt.percent(account.excess * 100)} {_around(account.excess, account.excess_se, 0, 100.0)}"


def _around(value: float, error: float, decimals: int, scale: float) -> str:
    low, high = ((value + sign * _Z95 * error) * scale for sign in (-1, 1))
    return f"[{fmt.signed(low, decimals)}..{fmt.signed(high, decimals)}]"


def _up_days(account: Account) -> str:
    figures = account.figures
    if figures.up_days is None:
        return fmt.MISSING
    return f"{fmt.share(figures.up_days)} {fmt.interval(figures.up_days_low, figures.up_days_high)} n={figures.n_moved}"


def _cost(account: Account, cost_bp: float) -> str:
    """What trading costs a year, in per cent of equity."""
    turnover = account.figures.turnover
    return f"{turnover * cost_bp / 100:.2g}% a year" if turnover else fmt.MISSING


def _break_even(account: Account) -> str:
    even = account.figures.break_even_bp
    if even is None:
        return fmt.MISSING
    return "loses at any cost" if even <= 0.0 else f"{even:,.0f} bp a side"
