"""`tapecast backtest` and `tapecast explain`: what forecasts would have earned, and what they are made of."""

from __future__ import annotations

import json
import math
import sys
from datetime import date
from pathlib import Path
from typing import Any

import click

from forecasting.domain.forecast import HORIZONS
from forecasting.domain.market import parse_symbol
from tui.cli_evaluate import progress, writable, write_json
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
        write_json(answer.value, file)
    sys.exit(answer.exit_code)


@click.command()
@click.argument("symbol")
@click.option("--horizon", type=click.IntRange(HORIZONS[0], HORIZONS[-1]), default=5, show_default=True,
              help="Sessions ahead.")
@click.option("--model", default="ensemble", show_default=True, help="ensemble, lstm or har-t.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@shared_options
def explain(options: Options, symbol: str, horizon: int, model: str, as_json: bool) -> None:
    """Say what SYMBOL's band is made of today: which facts widen it, and which the forecast needs.

    Figures are in log sigma against the symbol's own training mean: +0.10 is a band ten per cent wider.
    """
    settings = options.settings()
    asked = parse_symbol(symbol)
    from forecasting.service import explain as service

    answer = service.explain(settings, asked, options.as_of, progress(), horizon=horizon, model=model)
    for note in answer.notes:
        click.echo(note, err=True)
    if as_json or "error" in answer.value:
        click.echo(json.dumps(answer.value, allow_nan=False, indent=2) if as_json else "", nl=as_json)
    else:
        click.echo(explanation_text(answer.value))
    sys.exit(answer.exit_code)


def explanation_text(value: dict[str, Any]) -> str:
    """A column per half, a line per block, and what shuffling each block costs."""
    halves = [name for name in ("har", "lstm") if value[name] is not None]
    lines = [f"{value['symbol']}  as of {value['as_of']}, {value['horizon']} sessions ahead, {value['model']}",
             f"{'':22}" + "".join(f"{name:>10}" for name in halves)]
    figures = {name: {b["name"]: b["value"] for b in value[name]["blocks"]} for name in halves}
    head = [("sigma today", "log_sigma"), ("usual training day", "baseline")]
    lines += [f"{text:22}" + "".join(f"{math.exp(value[n][key]):>9.2%} " for n in halves) for text, key in head]
    for block in dict.fromkeys(name for n in halves for name in figures[n]):
        lines.append(f"  {block:20}" + "".join(f"{figures[n][block]:>+10.3f}" if block in figures[n] else f"{'':10}"
                                               for n in halves))
    lines.append(f"  {'gap':20}" + "".join(f"{value[n]['gap']:>+10.3f}" for n in halves))
    for row in value["importance"]:
        interval = "" if row["low"] is None else f"  [{row['low']:+.2f}, {row['high']:+.2f}]"
        lines.append(f"without {row['block']:14} CRPS {row['crps_increase_pct']:+.2f} %{interval}  "
                     f"n {row['n_days']} days")
    return "\n".join(lines)


def strategies_text(value: dict[str, Any]) -> str:
    """A line per strategy."""
    lines = [f"{'strategy':30} {'Sharpe +-se':>14} {'defl.':>6} {'return':>8} {'max dd':>7} {'turnover':>9} "
             f"{'break-even':>11} {'days':>5}"]
    for r in value["strategies"]:
        sharpe = "-" if r["sharpe"] is None else f"{r['sharpe']:+.2f} +-{r['sharpe_se']:.2f}"
        deflated = "-" if r["deflated_sharpe"] is None else f"{r['deflated_sharpe']:.2f}"
        even = "-" if r["break_even_bp"] is None else f"{r['break_even_bp']:,.1f} bp"
        lines.append(
            f"{r['name']:30} {sharpe:>14} {deflated:>6} {r['total_return']:>+8.1%} {r['max_drawdown']:>7.1%} "
            f"{r['turnover']:>8.1f}x {even:>11} {r['n_days']:>5}"
        )
    p = value["protocol"]
    lines.append(f"{p['symbols']} symbols, {p['cost_bp']:g} bp a side, trials counted so far: {p['trials']}")
    return "\n".join(lines)
