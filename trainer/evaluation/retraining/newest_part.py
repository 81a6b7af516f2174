"""Cuts a record in time: what a new bundle is fitted on, and the newest part, which it is compared on."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from edge.arrays import Floats, Indices
from edge.clock import rfc3339
from trainer.data.record import Record
from trainer.data.splits import spans
from trainer.errors import TrainingError
from trainer.evaluation.detection.folds import Fold

NEWEST = 1 / 3
"""Share of the collected readings that is kept for the comparison."""
MOST = 20_000
"""Most readings that are kept for it."""
CONTEXT = 4_000
"""Rows before them that fill the memories of both bundles: more than the longest window."""


@dataclass(frozen=True)
class NewestPart:
    """A record, cut.

    Parameters
    ----------
    earlier
        The rows before the newest part, to be trained on.
    recent
        The newest part with the rows before it that fill memories.
    tested
        Rows of ``recent`` that are the newest part, in order.
    since, until
        Time of the first and the last row tested, Unix time [s]; ``None`` where it is unknown.
    """

    earlier: Record
    recent: Record
    tested: Indices
    since: float | None
    until: float | None

    @property
    def fold(self) -> Fold:
        """The same as a split of ``recent``: the rows before the newest part say how large a fault is."""
        before = np.arange(int(self.tested[0]))
        return Fold(
            train=before,
            validation=before[:0],
            test=self.tested,
            spans=tuple((int(one[0]), int(one[-1]) + 1) for one in spans(self.recent, self.tested)),
            restarts=self.recent.restarts,
            disturbed=self.tested[~self.recent.intact[self.tested]],
        )


def newer_rows(record: Record, old: Record | None) -> Indices:
    """Return the rows that are newer than everything that the old files have.

    Parameters
    ----------
    record
        The old and the collected files together.
    old
        The old files alone; ``None``: there are none.

    Raises
    ------
    TrainingError
        It cannot be known which these are.
    """
    return np.flatnonzero(_ages(record) > (-np.inf if old is None else _end(record, old)))


def cut_newest(record: Record, old: Record, *, absent: bool) -> NewestPart:
    """Cut off the newest part of what is newer than the old files.

    Times decide, so that files may overlap, hold a reading twice, once rounded, or be given in any order: no reading of
    the newest part is in an old file, and none that is trained on is as new. Without times, the order decides.

    Parameters
    ----------
    record
        The old and the collected files together.
    old
        The old files alone.
    absent
        Whether the rows without a gas level are compared on.

    Raises
    ------
    TrainingError
        Nothing is newer than the old files, or it cannot be known what is.
    """
    seen = record.without_gas if absent else record
    ages = _ages(seen)
    newer = ages[newer_rows(seen, old)]
    if not len(newer):
        raise TrainingError(nothing_newer(seen, old))
    count = min(MOST, max(1, round(NEWEST * len(newer))))
    border = float(np.sort(newer)[len(newer) - count])
    tested = np.flatnonzero(ages >= border)
    first = max(0, int(tested[0]) - CONTEXT)
    earlier = record.take(np.flatnonzero(_ages(record) < border))
    if record.absent is not None:
        others = record.absent
        earlier = replace(earlier, absent=others.take(np.flatnonzero(_ages(others) < border)))
    since, until = _span(seen.take(tested))
    return NewestPart(
        earlier=earlier,
        recent=seen.take(np.arange(first, len(ages))),
        tested=tested - first,
        since=since,
        until=until,
    )


def nothing_newer(record: Record, old: Record) -> str:
    """Say that the collected files have nothing that the old ones have not."""
    _, end = _span(old.without_gas)
    until = "" if end is None else f", which end at {rfc3339(end)}"
    return (
        f"{', '.join(record.files)}: got no collected reading that is newer than the old files{until}; "
        "fix: collect what came after them, or give with --collected what the bundle has not seen"
    )


def _ages(record: Record) -> Floats:
    """Return what puts the rows [N] in order: their times, and where one has none, that of the row before."""
    if record.time is None:
        return record.places.astype(np.float64)
    last = np.maximum.accumulate(np.where(np.isfinite(record.time), np.arange(len(record.time)), -1))
    return np.where(last < 0, -np.inf, record.time[last])


def _end(record: Record, old: Record) -> float:
    """Return the age of the newest row of the old files."""
    _, end = _span(old.without_gas)
    if record.time is not None:
        return -np.inf if end is None else end
    if record.files[: len(old.files)] != old.files:
        raise TrainingError(
            f"{', '.join(record.files)}: the collected files begin within the old ones or before them, and the station "
            "file names no column of times, so that it is not known which rows are newest; fix: name it under time:"
        )
    return old.sent - 1.0


def _span(record: Record) -> tuple[float | None, float | None]:
    """Return the times of the first and of the last row; ``None`` where they are unknown."""
    known = np.zeros(0) if record.time is None else record.time[np.isfinite(record.time)]
    return (float(known.min()), float(known.max())) if len(known) else (None, None)
