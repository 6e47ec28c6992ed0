"""`tapecast evaluate`: measure the models on the past, walking forward."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from forecasting.domain.time_left import Marks, marked, seconds_left
from forecasting.errors import ConfigError
from tui.options import Day, Options, shared_options

if TYPE_CHECKING:
    from forecasting.service.backend import Step
    from forecasting.service.headless import Answer


_A_SECOND = 1.0      # a stage says something at most once in it


class Listed(click.ParamType):  # type: ignore[type-arg]  # generic in the stubs only
    """Values with commas between them."""

    name = "list"

    def __init__(self, kind: Callable[[str], Any]) -> None:
        self._kind = kind

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> tuple[Any, ...]:
        """The values, each once; a usage error if one is none."""
        if isinstance(value, tuple):
            return value
        try:
            return tuple(dict.fromkeys(self._kind(part.strip()) for part in value.split(",") if part.strip()))
        except ValueError:
            self.fail(f"'{value}' is no list of {self._kind.__name__}s with commas between them", param, ctx)


@click.command()
@click.option("--test-start", type=Day(), required=True, help="First session a forecast is issued at.")
@click.option("--test-end", type=Day(), help="Newest session an outcome comes from; else the newest there is.")
@click.option("--train-start", type=Day(), help="Read nothing before this day; else all history trains.")
@click.option("--refit-every", default=252, show_default=True, help="Sessions a fit is used for.")
@click.option("--horizons", type=Listed(int), default="1,5,10", show_default=True, help="Sessions ahead.")
@click.option("--models", type=Listed(str), help="Models, with commas; else all.")
@click.option("--seeds", type=int, help="Networks in the ensemble; under feng2019, trainings of each network.")
@click.option("--protocol", type=click.Choice(["walk-forward", "feng2019"]), default="walk-forward", show_default=True,
              help="feng2019: up or down after Feng et al. (2019).")
@click.option("--valid-start", type=Day(), help="feng2019: first session the epoch is chosen on.")
@click.option("--seq", default=5, show_default=True, help="feng2019: sessions a sample shows.")
@click.option("--json", "file", type=click.Path(path_type=Path, dir_okay=False, allow_dash=True),
              help="Write the whole answer there; - for standard output.")
@shared_options
def evaluate(
    options: Options, file: Path | None, test_start: date, test_end: date | None, train_start: date | None,
    refit_every: int, horizons: tuple[int, ...], models: tuple[str, ...] | None, seeds: int | None,
    protocol: str, valid_start: date | None, seq: int,
) -> None:
    """Forecast the past, walking forward, and score every model on the same rows.

    Each fit sees only what was known before the sessions it forecasts.
    """
    settings = options.settings()
    writable(file)
    from forecasting.service import evaluate as service

    answer: Answer
    if protocol == "feng2019":
        if train_start is None or valid_start is None:
            raise ConfigError("--protocol feng2019 needs --train-start, --valid-start and --test-start")
        movement = service.MovementQuestion(train_start, valid_start, test_start, test_end, seq, seeds or 10)
        answer, text = service.movement(settings, movement, options.as_of, progress()), movement_table
    else:
        question = service.Question(test_start, test_end, train_start, refit_every, horizons, models, seeds)
        answer, text = service.evaluate(settings, question, options.as_of, progress()), table
    for note in answer.notes:
        click.echo(note, err=True)
    if file is None:
        click.echo(text(answer.value["rows"]))
    else:
        write_json(answer.value, file)
    sys.exit(answer.exit_code)


def writable(file: Path | None) -> None:
    """Say before minutes of work, not after, that the answer cannot be written."""
    if file is not None and str(file) != "-" and not file.parent.is_dir():
        raise ConfigError(f"--json {file}: there is no folder {file.parent}; make it, or name another")


def write_json(value: dict[str, Any], file: Path) -> None:
    """Write an answer, all of it at once; a file stopped in the midst of would look like an answer.

    Raises:
        ConfigError: If it cannot be written.
    """
    text = json.dumps(value, allow_nan=False, indent=1) + "\n"
    try:
        with click.open_file(str(file), "w") as out:
            out.write(text)
    except OSError as error:
        raise ConfigError(f"--json {file}: {error.strerror or error}; name a file in a folder of yours") from error


def progress() -> Callable[[Step], None]:
    """Steps on standard error: a line with the time left where a person watches, else a JSON object a line."""
    began = time.monotonic()
    watched = sys.stderr.isatty()
    said: dict[str, float] = {}
    marks: Marks = ()

    def show(step: Step) -> None:
        nonlocal marks
        seconds = time.monotonic() - began
        if step.fraction is not None:
            marks = marked(marks, step.fraction, seconds)
        if seconds - said.get(step.stage, -_A_SECOND) < _A_SECOND and step.fraction != 1.0:
            return
        said[step.stage] = seconds
        left = None if step.fraction is None else seconds_left(marks)
        if watched:
            share = "" if step.fraction is None else f"{step.fraction:4.0%} "
            eta = "" if left is None or step.fraction == 1.0 else f", {left:.0f} s left"
            click.echo(f"\r\x1b[K{share}{step.message}{eta}", err=True, nl=step.fraction == 1.0)
        else:
            line = {"stage": step.stage, "message": step.message, "fraction": step.fraction,
                    "seconds": round(seconds, 1), "eta_seconds": None if left is None else round(left, 1)}
            click.echo(json.dumps(line), err=True)

    return show


def table(rows: list[dict[str, Any]]) -> str:
    """The main figures as text, a line per model and horizon."""
    lines = [f"{'h':>2} {'model':<12} {'CRPS %':>8} {'skill vs EWMA [95 %]':>25} {'t GARCH':>8} {'t HAR':>7} "
             f"{'in 80':>6} {'in 95':>6} {'hit [95 %]':>20} {'n':>8} {'days':>5}"]
    for r in rows:
        skill = f"{r['skill_vs_ewma']:+.2%} [{_signed(r['skill_low'])}, {_signed(r['skill_high'])}]"
        hit = f"{r['hit_rate']:.1%} [{r['hit_rate_low']:.1%}, {r['hit_rate_high']:.1%}]"
        lines.append(
            f"{r['horizon']:>2} {r['model']:<12} {r['crps']:>8.4f} {skill:>25} {_t(r['dm_t_vs_garch_t']):>8} "
            f"{_t(r['dm_t_vs_har']):>7} {r['coverage_80']:>6.1%} {r['coverage_95']:>6.1%} {hit:>20} "
            f"{r['n_forecasts']:>8} {r['n_days']:>5}"
        )
    return "\n".join(lines)


def movement_table(rows: list[dict[str, Any]]) -> str:
    """The movement protocol's figures as text, a line per model."""
    lines = [f"{'model':<13} {'accuracy +- sd [95 %]':>36} {'MCC +- sd':>17} {'seeds':>5} {'n':>6} {'days':>5}"]
    for r in rows:
        accuracy = f"{r['acc_mean']:.2%} +- {r['acc_sd']:.2%} [{r['acc_low']:.1%}, {r['acc_high']:.1%}]"
        mcc = f"{r['mcc_mean']:+.4f} +- {r['mcc_sd']:.4f}"
        lines.append(f"{r['model']:<13} {accuracy:>36} {mcc:>17} {r['seeds']:>5} {r['n']:>6} {r['n_days']:>5}")
    return "\n".join(lines)


def _signed(share: float | None) -> str:
    return "?" if share is None else f"{share:+.2%}"


def _t(value: float | None) -> str:
    return "" if value is None else f"{value:+.2f}"
