"""Divides a record into the rows that a detector is fitted on and the held-out rows that it is tested on."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

import numpy as np

from edge.arrays import Indices, Mask
from trainer.data.record import Record, Span
from trainer.data.regimes import regimes
from trainer.data.splits import spans
from trainer.errors import TrainingError

BLOCKS = 30
"""Blocks of a record, or of its training rows: a block of 473 rows of the reference record is a third of a plateau."""
SIX = 6
"""Blocks in a cycle: the first four train and the last two test."""

LEAST_HALF = 600
"""Least rows in each half of a record of one regime, for it to be split from past to future."""

SplitName = Literal["seen", "fwd", "bwd", "ahead", "back"]


@dataclass(frozen=True)
class Fold:
    """One way to split a record into training and held-out rows.

    Parameters
    ----------
    train
        Rows to fit and to calibrate on, in order.
    validation
        The training rows that decide when a detector stops training: one block in four, or in six.
    test
        Held-out rows, in order.
    spans
        ``(start, end)`` of the held-out rows that follow one another: no memory crosses them.
    restarts
        Rows at which a memory forgets the latest readings, see :class:`trainer.data.record.Record`.
    disturbed
        Held-out rows with a held cell, in order: on a gateway they exceed by rule, and no score is judged by them.
    """

    train: Indices
    validation: Indices
    test: Indices
    spans: tuple[Span, ...]
    restarts: tuple[int, ...] = ()
    disturbed: Indices = field(default_factory=lambda: np.zeros(0, dtype=np.int64))

    @property
    def judged(self) -> Mask:
        """Which of the held-out rows [N] scores are judged by: those without a held cell."""
        return ~np.isin(self.test, self.disturbed)


def folds(record: Record) -> dict[SplitName, Fold]:
    """Split the record of one station in up to three ways, always into contiguous blocks.

    ``seen`` tests the training regimes at another time: of every six blocks the first four train and the last two
    test. ``fwd`` tests other regimes: those of the first half train, those of the second half test. ``bwd`` is the
    reverse. A record of one regime has no other climate to be tested on, but another time: ``ahead`` tests the second
    half after a training on the first, ``back`` is the reverse. A short one has ``seen`` alone.

    Raises
    ------
    TrainingError
        Fewer than 30 rows.
    """
    count = len(record.values)
    if count < BLOCKS:
        raise TrainingError(f"got {count} rows, expected at least {BLOCKS} to split them; give a longer record")
    rows = np.arange(count)
    place = _block(rows) % SIX
    found: dict[SplitName, Fold] = {"seen": _fold(record, place < 4, place == 3)}
    plateaus = regimes(record)
    sides: dict[SplitName, Mask] = {}
    if len(plateaus) > 1:
        before = rows < plateaus[(len(plateaus) + 1) // 2][0]
        sides = {"fwd": before, "bwd": ~before}
    elif count >= 2 * LEAST_HALF:
        before = rows < count // 2
        sides = {"ahead": before, "back": ~before}
    for name, train in sides.items():
        validation = np.zeros(count, dtype=np.bool_)
        validation[stopping_rows(np.flatnonzero(train))] = True
        found[name] = _fold(record, train, validation)
    return found


def stopping_rows(train: Indices) -> Indices:
    """Return every sixth block of the training rows, which decides when a detector stops training."""
    return np.asarray(train[_block(train) % SIX == SIX - 1])


def _block(rows: Indices) -> Indices:
    """Return the number of the block [N] of each row, which depends on its position in ``rows`` alone."""
    return np.arange(len(rows)) // -(-len(rows) // BLOCKS)


def _fold(record: Record, train: Mask, validation: Mask) -> Fold:
    test = np.flatnonzero(~train)
    return Fold(
        train=np.flatnonzero(train),
        validation=np.flatnonzero(validation),
        test=test,
        spans=tuple((int(piece[0]), int(piece[-1]) + 1) for piece in spans(record, test)),
        restarts=record.restarts,
        disturbed=test[~record.intact[test]],
    )
