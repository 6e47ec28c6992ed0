"""How long work goes on, told from how far it was and when.

The first steps of long work are unlike the rest: files are read, libraries loaded, quick models fitted. So nothing is
told before `TELLING` is done and `MEASURED_S` have been measured, and the pace is that of the newer half of what is
done.
"""

from __future__ import annotations

TELLING = 0.05         # of the work done, before which the time left would be that of the first steps
MEASURED_S = 1.0       # seconds, below which a pace is chance

Marks = tuple[tuple[float, float], ...]
"""Shares done, 0..1, each with the moment it was heard of, in seconds; oldest first."""


def marked(marks: Marks, share: float, at: float) -> Marks:
    """With a share more, heard of at `at`; without what is older than the newer half of the work done.

    A share below the last one is that of a new stage, and nothing before it counts.
    """
    if marks and share < marks[-1][0]:
        marks = ()
    marks = (*marks, (share, at))
    newer = max(i for i, (done, _) in enumerate(marks) if i == 0 or done <= share / 2.0)
    return marks[newer:]


def seconds_left(marks: Marks) -> float | None:
    """Seconds the work goes on from its newest mark, at the pace of its newer half; None if that is not known yet."""
    if not marks:
        return None
    (began, since), (share, at) = marks[0], marks[-1]
    if share >= 1.0:
        return 0.0
    if share < TELLING or share <= began or at - since < MEASURED_S:
        return None
    return (at - since) * (1.0 - share) / (share - began)
