"""Splits: which rows train, which validate, which test; contiguous blocks unless asked otherwise."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from edge.arrays import Indices
from trainer.data.record import Record
from trainer.errors import TrainingError

BLOCKS = 30
CYCLE = ("train", "train", "validation", "train", "train", "test")
"""The roles of six blocks in a row: test and validation blocks lie as far apart as they can, each between trainers."""


@dataclass(frozen=True)
class Split:
    """Rows of a record by role, as indices into its values.

    Parameters
    ----------
    train, validation, test
        Row numbers; together they may leave rows out (the embargo).
    """

    train: Indices
    validation: Indices
    test: Indices


def blocked(record: Record, *, embargo: int = 12) -> Split:
    """Split by time: contiguous blocks of about a thirtieth of the rows, of each six 4 train, 1 validation, 1 test.

    Neighbouring rows are nearly equal, so a random split tests on what was trained on. Here a test row has no training
    neighbour: at every join of different roles the training side loses ``embargo`` rows (never more than a quarter of
    a block, so that a short record keeps most of its rows).

    Two to five files of similar length start the cycle afresh each, with a multiple of six blocks: boards that stood
    in one chamber, given as one file each, are then tested on the same hours, and none trains on what another is
    tested on. Otherwise the blocks are laid over the whole record; where a segment ends inside a block, the block is
    two contiguous pieces of one role.

    Parameters
    ----------
    record
        At least 30 rows.
    embargo
        Rows left out at a join.

    Raises
    ------
    TrainingError
        Too few rows.
    """
    _enough(record)
    roles = []
    for start, end in _parts(record):
        rows = end - start
        cycles = min(max(1, round(BLOCKS / len(CYCLE) * rows / len(record.values))), rows // len(CYCLE))
        blocks = cycles * len(CYCLE)
        role = np.array(CYCLE)[np.arange(rows) * blocks // rows % len(CYCLE)]
        width = min(embargo, rows // blocks // 4)
        near = np.convolve(role != "train", np.ones(2 * width + 1))[width : width + rows] > 0.5
        roles.append(np.where((role == "train") & near, "embargo", role))
    role = np.concatenate(roles)
    return Split(*(np.flatnonzero(role == name) for name in ("train", "validation", "test")))


def random_split(record: Record, *, seed: int = 42) -> Split:
    """Split at random, 80 % to 20 %: the published split, for comparison only, as it leaks.

    The same rows in the same order as scikit-learn's ``train_test_split(test_size=0.2, random_state=seed)``; the
    validation rows are the test rows, as published.

    Raises
    ------
    TrainingError
        Too few rows.
    """
    _enough(record)
    from sklearn.model_selection import train_test_split  # slow to import, and wanted only here

    train, test = train_test_split(np.arange(len(record.values)), test_size=0.2, random_state=seed)
    return Split(train=train, validation=test, test=test)


def chunks(record: Record, k: int, rows: Indices | None = None) -> list[Indices]:
    """Cut rows into ``k`` contiguous chunks of equal size, for calibration out of fold.

    Of two to five files of similar length, each is cut in ``k`` and the first pieces make the first chunk, and so on:
    boards that stood in one chamber share their hours (see :func:`blocked`).

    Parameters
    ----------
    record
        The record.
    k
        How many chunks.
    rows
        Which of its rows, for instance ``split.train``; ``None`` = all.

    Returns
    -------
    list
        ``k`` arrays of row numbers, in order; together they are ``rows``.

    Raises
    ------
    TrainingError
        Fewer rows than chunks.
    """
    chosen = np.arange(len(record.values)) if rows is None else np.sort(rows)
    if not 1 <= k <= len(chosen):
        raise TrainingError(f"got {len(chosen)} rows for {k} chunks, expected at least one row a chunk; give more rows")
    parts = [chosen[(chosen >= start) & (chosen < end)] for start, end in _parts(record)]
    cut = [np.array_split(part, k) for part in parts]
    return [np.concatenate([pieces[i] for pieces in cut]) for i in range(k)]


def spans(record: Record, rows: Indices) -> list[Indices]:
    """Cut rows where one does not follow the other, because it is left out or because a segment begins.

    Parameters
    ----------
    record
        Its segments.
    rows
        Row numbers, in any order.

    Returns
    -------
    list
        Arrays of consecutive row numbers, in order; together they are ``rows``. Nothing that has a memory may cross
        from one to the next.
    """
    ordered = np.sort(rows)
    begins = np.isin(ordered[1:], [start for start, _ in record.segments])
    return np.split(ordered, np.flatnonzero((np.diff(ordered) != 1) | begins) + 1)


def _parts(record: Record) -> tuple[tuple[int, int], ...]:
    """Give the rows of each file where the files are few and of similar length, else all rows as one part."""
    rows = len(record.values)
    shortest = min(end - start for start, end in record.parts)
    return record.parts if shortest * BLOCKS >= rows * len(CYCLE) else ((0, rows),)


def _enough(record: Record) -> None:
    if len(record.values) < BLOCKS:
        raise TrainingError(
            f"got {len(record.values)} rows, expected at least {BLOCKS} to split them; give a longer record"
        )
