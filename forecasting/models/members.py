"""Fitting several models on one panel, in this process or spread over others, with the same result.

A child process costs two seconds of imports and a copy of the panel; with two cores and networks that train for longer
it halves the wait. Children are spawned, not forked: torch's threads do not survive a fork.
"""

from __future__ import annotations

import multiprocessing
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess

from forecasting.errors import ModelError
from forecasting.features.panel import Panel
from forecasting.models.base import Model, OnProgress, Progress
from forecasting.models.parameters import FittedBase, Parameters

_GRACE = 5.0   # seconds a child that was told to stop is waited for


@dataclass(frozen=True, slots=True)
class Member:
    """One fit to make."""

    label: str
    model: Model
    seed: int
    effort: float = 1.0     # how long it takes beside the others, for their progress together


def fit_members(
    members: Sequence[Member], panel: Panel, *, cut: int, processes: int = 1, on_progress: OnProgress | None = None
) -> list[Parameters]:
    """The parameters of each member, in order, fitted on sessions 0..cut.

    Args:
        members: What to fit.
        panel: Where the rows stand.
        cut: The newest session a fit may see.
        processes: Child processes to use; 1 fits here.
        on_progress: Told of all members together. May raise to cancel; children are then ended.
    """
    report = _Together(members, on_progress)
    if processes <= 1:
        return [_fit(m, panel, cut, partial(report, i)) for i, m in enumerate(members)]
    return _fit_in_children(members, panel, cut, processes, report)


class _Together:
    """Progress of the whole from its members'."""

    def __init__(self, members: Sequence[Member], on_progress: OnProgress | None) -> None:
        self._labels = [m.label for m in members]
        self._efforts = [m.effort for m in members]
        self._fractions = [0.0] * len(members)
        self._on_progress = on_progress

    def __call__(self, member: int, progress: Progress) -> None:
        self._fractions[member] = progress.fraction
        if self._on_progress is not None:
            done = sum(f * effort for f, effort in zip(self._fractions, self._efforts, strict=True))
            label, epoch = self._labels[member], progress.epoch
            named = None if epoch is None else replace(epoch, network=label)
            self._on_progress(Progress(done / sum(self._efforts), f"{label}: {progress.message}", named))


def _fit(member: Member, panel: Panel, cut: int, on_progress: OnProgress) -> Parameters:
    fitted = member.model.fit(panel, cut=cut, seed=member.seed, on_progress=on_progress)
    if not isinstance(fitted, FittedBase):
        raise ModelError(f"{member.label}: its fit keeps no parameters and cannot be a member")
    on_progress(Progress(1.0, "fitted"))
    return fitted.parameters


def _fit_in_children(
    members: Sequence[Member], panel: Panel, cut: int, processes: int, report: _Together
) -> list[Parameters]:
    context = multiprocessing.get_context("spawn")
    shares = [list(enumerate(members))[k::processes] for k in range(min(processes, len(members)))]
    children: list[BaseProcess] = []
    ends: list[Connection] = []
    found: dict[int, Parameters] = {}
    try:
        for share in shares:
            end, child_end = context.Pipe(duplex=False)
            child = context.Process(target=_fit_share, args=(child_end, share, panel, cut), daemon=True)
            child.start()
            child_end.close()
            children.append(child)
            ends.append(end)
        while ends:
            wait(ends)
            for end in [e for e in ends if e.poll()]:
                try:
                    member, news = end.recv()
                except EOFError:
                    ends.remove(end)
                    continue
                if isinstance(news, Exception):
                    raise news
                if isinstance(news, Progress):
                    report(member, news)
                else:
                    found[member] = news
    finally:
        for started in children:
            if len(found) < len(members):
                started.terminate()
            started.join(_GRACE)
    if len(found) < len(members):
        raise ModelError(f"{len(members) - len(found)} of {len(members)} fits ended without a word; see memory and log")
    return [found[i] for i in range(len(members))]


def _fit_share(end: Connection, share: Sequence[tuple[int, Member]], panel: Panel, cut: int) -> None:
    """In a child: fit one member after the other and send what happens."""
    for i, member in share:
        try:
            end.send((i, _fit(member, panel, cut, partial(_tell, end, i))))
        except Exception as error:
            end.send((i, error))
            return


def _tell(end: Connection, member: int, progress: Progress) -> None:
    end.send((member, progress))
