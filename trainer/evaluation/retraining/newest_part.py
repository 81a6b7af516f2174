"""Cuts a record in time: what a new bundle is fitted on, and the newest part, which it is compared on."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from edge.arrays import Indices
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
_HELD = 12


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
    collected
        Collected rows without a held cell.
    since, until
        Time of the first and the last row tested, Unix time [s]; ``None`` where it is unknown.
    """

    earlier: Record
    recent: Record
    tested: Indices
    collected: int
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


def cut_newest(record: Record, collected: Record, *, absent: bool) -> NewestPart:
    """Cut off the newest part of the collected rows.

    Parameters
    ----------
    record
        The old and the collected rows together.
    collected
        The collected rows alone.
    absent
        Whether the rows without a gas level are compared on.

    Raises
    ------
    TrainingError
        The files are not given from the oldest to the newest.
    """
    seen = record.without_gas if absent else record
    first = _first_collected(seen, collected.without_gas if absent else collected)
    mine = np.arange(first, len(seen.values))
    count = min(MOST, round(NEWEST * len(mine)))
    tested = mine[len(mine) - count :]
    begin = int(tested[0])
    recent = seen.take(np.arange(max(0, begin - CONTEXT), len(seen.values)))
    place = int(seen.places[begin])
    earlier = record.take(np.flatnonzero(record.places < place))
    if record.absent is not None:
        others = record.absent
        earlier = replace(earlier, absent=others.take(np.flatnonzero(others.places < place)))
    time = None if seen.time is None else seen.time[tested]
    known = np.zeros(0) if time is None else time[np.isfinite(time)]
    return NewestPart(
        earlier=earlier,
        recent=recent,
        tested=tested - max(0, begin - CONTEXT),
        collected=int(seen.intact[mine].sum()),
        since=float(known.min()) if len(known) else None,
        until=float(known.max()) if len(known) else None,
    )


def _first_collected(seen: Record, collected: Record) -> int:
    """Return the first collected row; every row behind it is one."""
    if seen.time is None or collected.time is None:
        return len(seen.values) - len(collected.values)
    start = np.nanmin(collected.time)
    mine = seen.time >= start
    first = int(np.argmax(mine))
    few = _HELD + len(collected.values) // 50  # rows that are filled beside others, and are not alone
    if not mine[first:].all() or len(mine) - first > len(collected.values) + few:
        raise TrainingError(
            "the files are not in the order of their times: some of the old ones are newer than the first collected "
            "reading; fix: give the old ones first, and what was collected since then with --collected"
        )
    return first
