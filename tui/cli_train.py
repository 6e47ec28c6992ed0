"""`tapecast train`: fit the ensemble now."""

from __future__ import annotations

import sys
from dataclasses import replace
from datetime import date
from pathlib import Path

import click

from tui.cli_evaluate import progress, writable, write_json
from tui.options import Day, Options, shared_options


@click.command()
@click.option("--until", type=Day(), help="Learn from nothing after this day; else from all there is.")
@click.option("--seeds", type=click.IntRange(1, 20), help="Networks in the ensemble.")
@click.option("--json", "file", type=click.Path(path_type=Path, dir_okay=False, allow_dash=True),
              help="Write the answer there; - for standard output.")
@shared_options
def train(options: Options, until: date | None, seeds: int | None, file: Path | None) -> None:
    """Fit the ensemble on everything the source knows and write its checkpoint."""
    settings = replace(options, as_of=until or options.as_of).settings()
    writable(file)
    from forecasting.service import train as service

    answer = service.train(settings, until or options.as_of, seeds, progress())
    for note in answer.notes:
        click.echo(note, err=True)
    if file is None:
        v = answer.value
        click.echo(f"{v['models'][0]['model_id']} trained to {v['models'][0]['train_end']} on {v['n_train']} rows "
                   f"in {v['seconds']:.1f} s, {v['epochs']} epochs: {v['checkpoint']}")
    else:
        write_json(answer.value, file)
    sys.exit(answer.exit_code)
