"""`tapecast backtest` and `tapecast explain`: what forecasts would have earned, and what they are made of."""

from __future__ import annotations

import json
import sys
from datetime import date
from pathlib import Path
from typing import Any

import click

from tui.cli_evaluate import progress, writable
from tui.options import Day, Options, shared_options


@click.command()
@click.option("--test-start", type=Day(), required=True, help="Session at whose close the first decision is made.")
@click.option("--test-end", type=Day(), help="Last session of the account; else the newest there is.")
@click.option("--train-start", type=Day(), help="Read nothing before this day; else all history trains.")
@click.option("--cost-bp", type=float, default=10.0, show_default=True, help="Cost per side, 1/100 % of the value.")
@click.option("--model", default="ensemble", show_default=True, help="Whose forecasts are followed.")
@click.option("--refit-every", type=click.IntRange(1), default=252, show_default=True, help="Sessions a fit is used.")
@click.option("--json", "file", type=click.Path(path_type=Path, dir_okay=False, allow_dash=True),
              help="Write the whole answer there; - for standard output.")
@shared_options
def backtest(
    options: Options, file: Path | None, test_start: date, test_end: date | None, train_start: date | None,
    cost_bp: float, model: str, refit_every: int,
) -> None:
    """Follow the forecasts on the past: decide at a close, fill at the next open, pay for every fill.

    Beside the model's strategies stand buy-and-hold, the same with a volatility target, and RSI and MACD rules.
    """
    settings = options.settings()
    writable(file)
    from forecasting.service import backtest as service

    question = service.Question(test_start, test_end, train_start, cost_bp, model, refit_every)
    answer = service.backtest(settings, question, options.as_of, progress())
    for note in answer.notes:
        click.echo(note, err=True)
    if file is None:
        click.echo(strategies_text(answer.value))
    else:
        with click.open_file(str(file), "w") as out:
            json.dump(answer.value, out, allow_nan=False, indent=1)
            out.write("\n")
    sys.exit(answer.exit_code)


def strategies_text(value: dict[str, Any]) -> str:
    """A line per strategy."""
    lines = [f"{'strategy':26} {'Sharpe +-se':>14} {'defl.':>6} {'return':>8} {'max dd':>7} {'turnover':>9} "
             f"{'break-even':>11} {'days':>5}"]
    for r in value["strategies"]:
        sharpe = "-" if r["sharpe"] is None else f"{r['sharpe']:+.2f} +-{r['sharpe_se']:.2f}"
        deflated = "-" if r["deflated_sharpe"] is None else f"{r['deflated_sharpe']:.2f}"
        even = "-" if r["break_even_bp"] is None else f"{r['break_even_bp']:,.1f} bp"
        lines.append(
            f"{r['name']:26} {sharpe:>14} {deflated:>6} {r['total_return']:>+8.1%} {r['max_drawdown']:>7.1%} "
            f"{r['turnover']:>8.1f}x {even:>11} {r['n_days']:>5}"
        )
    p = value["protocol"]
    lines.append(f"{p['symbols']} symbols, {p['cost_bp']:g} bp a side, trials counted so far: {p['trials']}")
    return "\n".join(lines)
