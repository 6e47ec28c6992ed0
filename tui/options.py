"""The options every command shares: where settings, data and prices come from, and how far one may look."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import replace
from datetime import date
from functools import wraps
from pathlib import Path
from typing import Any, ParamSpec, TypeVar, get_args

import click

from forecasting.config import Settings, SourceName, load
from forecasting.domain.interval import Interval
from forecasting.errors import ConfigError
from forecasting.frozen import dataclass

P = ParamSpec("P")
R = TypeVar("R")

SOURCES: tuple[SourceName, ...] = get_args(SourceName)

_HEEDS_AS_OF = frozenset({
    "print", "forecast", "indicators", "chart", "train", "evaluate", "backtest", "explain", "doctor",
    "cli", "daemon", "serve",      # these live in the present, and refuse it
})
"""Commands for which --as-of is more than a word; the others show or change what is stored now."""


@dataclass(frozen=True, slots=True)
class Options:
    """What the options shared by all commands said."""

    config: Path | None = None
    data_dir: Path | None = None
    source: SourceName | None = None
    csv_dir: Path | None = None
    as_of: date | None = None
    interval: Interval | None = None

    def over(self, before: Options) -> Options:
        """These options, with `before`'s where these say nothing."""
        said = {name: value for name in self.__slots__ if (value := getattr(self, name)) is not None}
        return replace(before, **said)

    def settings(self) -> Settings:
        """The settings these options lead to.

        Raises:
            ConfigError: See `forecasting.config.load`.
        """
        if self.csv_dir is not None and not self.csv_dir.is_dir():
            raise ConfigError(f"--csv-dir {self.csv_dir}: no such folder; name one with SYMBOL.csv files in it")
        # A folder of CSV files is meant to be read, also where nobody says --source.
        source = self.source or ("csv" if self.csv_dir is not None else None)
        return load(self.config).overridden(
            source=source, csv_dir=self.csv_dir, data_dir=self.data_dir, interval=self.interval
        )


    def words(self, config: Path | None) -> list[str]:
        """The same options as words of a command line, with paths that hold wherever it is run.

        Args:
            config: The file the settings came from; None where there is none.
        """
        said: list[str] = []
        for name, path in (("--config", config), ("--data-dir", self.data_dir), ("--csv-dir", self.csv_dir)):
            said += [] if path is None else [name, os.path.abspath(path)]
        said += [] if self.source is None else ["--source", self.source]
        return said + ([] if self.interval is None else ["--interval", self.interval.value])


class Day(click.ParamType):  # type: ignore[type-arg]  # generic in the stubs only
    """A day, written as ISO 8601 does."""

    name = "date"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> date:
        """The day of `value`; a usage error if it is none."""
        try:
            return value if isinstance(value, date) else date.fromisoformat(value)
        except ValueError:
            self.fail(f"'{value}' is no date; write it as 2015-01-31", param, ctx)


def shared_options(command: Callable[P, R]) -> Callable[..., R]:
    """Add the shared options; the command gets them merged with those before the sub-command, as `options`."""

    @click.option("--config", type=click.Path(path_type=Path), help="Configuration file.")
    @click.option("--data-dir", type=click.Path(path_type=Path, file_okay=False), help="Where store and models lie.")
    @click.option("--source", type=click.Choice(SOURCES), help="Where prices come from.")
    @click.option("--csv-dir", type=click.Path(path_type=Path), help="Folder of SYMBOL.csv files with Yahoo's columns.")
    @click.option("--interval", type=click.Choice([i.value for i in Interval]), help="How long a bar is.")
    @click.option("--as-of", type=Day(), help="Know nothing after this day (YYYY-MM-DD), training included.")
    @click.pass_context
    @wraps(command)
    def wrapped(
        ctx: click.Context,
        /,
        *args: Any,
        config: Path | None,
        data_dir: Path | None,
        source: SourceName | None,
        csv_dir: Path | None,
        interval: str | None,
        as_of: date | None,
        **kwargs: Any,
    ) -> R:
        before = ctx.obj if isinstance(ctx.obj, Options) else Options()
        said = None if interval is None else Interval(interval)
        ctx.obj = Options(config, data_dir, source, csv_dir, as_of, said).over(before)
        _say_if_unheeded(ctx, ctx.obj.as_of)
        return command(*args, options=ctx.obj, **kwargs)

    return wrapped


def _say_if_unheeded(ctx: click.Context, as_of: date | None) -> None:
    if as_of is not None and ctx.invoked_subcommand is None and ctx.command.name not in _HEEDS_AS_OF:
        click.echo(f"--as-of {as_of} has no effect: {ctx.command_path} is about what is stored now", err=True)
