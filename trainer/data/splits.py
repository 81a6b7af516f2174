"""Divides the rows of a record into training, validation and test rows, and into contiguous chunks and spans."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from edge.arrays import Indices
from trainer.data.record import Record
from trainer.errors import TrainingError

BLOCKS = 30
CYCLE = ("train", "train", "validation", "train", "train", "test")
"""Roles of six consecutive blocks: test and validation blocks lie as far apart as possible, between training blocks."""


@dataclass(frozen=True)
class Split:
    """Row numbers of a record by role; some rows may have none (the embargo).

    Parameters
    ----------
    train, validation, test
        Row numbers of each role.
    """

    train: Indices
    validation: Indices
    test: Indices


def blocked(record: Record, *, embargo: int = 12) -> Split:
    """Split by time into about thirty contiguous blocks; of every six, 4 train, 1 validates and 1 tests.

    Neighbouring rows are nearly equal, so a random split tests on what was trained on. Here a test row has no training
    neighbour: at every border between roles the training side loses ``embargo`` rows (never more than a quarter of a
    block, so that a short record keeps most of its rows).

    If there are two to five files of similar length, each starts a cycle of its own, with a multiple of six blocks:
    boards that stood in one chamber, given as one file each, are then tested on the same hours, and none trains on
    hours that another is tested on. Otherwise the blocks are laid over the whole record; if a segment ends inside a
    block, the block consists of two contiguous pieces.

    Parameters
    ----------
    record
        A record of at least 30 rows.
    embargo
        Rows left out at a border between roles.

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
    """Split at random, 80 % to 20 %, as published; for comparison only, because this split leaks.

    The same rows in the same order as scikit-learn's ``train_test_split(test_size=0.2, random_state=seed)``; the
    validation rows are the test rows, as published.

    Raises
    ------
    TrainingError
        Too few rows.
    """
    _enough(record)
    from sklearn.model_selection import train_test_split  # slow to import, and needed only here

    train, test = train_test_split(np.arange(len(record.values)), test_size=0.2, random_state=seed)
    return Split(train=train, validation=test, test=test)


def chunks(record: Record, k: int, rows: Indices | None = None) -> list[Indices]:
    """Cut rows into ``k`` contiguous chunks of equal size, for calibration out of fold.

    If there are two to five files of similar length, each is cut in ``k``, and chunk i consists of the i-th piece of
    every file: boards that stood in one chamber share their hours (see :func:`blocked`).

    Parameters
    ----------
    record
        The record.
    k
        Number of chunks.
    rows
        Row numbers to cut, for instance ``split.train``; ``None`` means all.

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


def widen_chunks(record: Record, parts: Sequence[Indices], rows: Indices) -> list[Indices]:
    """Give every row to the chunk in which it lies in time, so that chunks of some rows become chunks of more.

    Parameters
    ----------
    record
        The record.
    parts
        Chunks as from :func:`chunks`, of some rows.
    rows
        Row numbers to cut, those of the chunks and others.

    Returns
    -------
    list
        As many arrays of row numbers, in order; together they are ``rows``. A row that was in no chunk goes to that of
        the nearest row before it, or else behind it, in its file.
    """
    known = np.concatenate(parts)
    number = np.repeat(np.arange(len(parts)), [len(part) for part in parts])[np.argsort(known)]
    known, chosen = np.sort(known), np.sort(rows)
    owner = np.empty(len(chosen), dtype=np.int64)
    for start, end in _parts(record):
        first, last = np.searchsorted(known, [start, end])
        if first == last:  # no row of this file was in a chunk
            first, last = 0, len(known)
        inside = (chosen >= start) & (chosen < end)
        place = np.searchsorted(known, chosen[inside], side="right") - 1
        owner[inside] = number[np.clip(place, first, last - 1)]
    return [chosen[owner == k] for k in range(len(parts))]


def spans(record: Record, rows: Indices) -> list[Indices]:
    """Cut rows into spans that one memory of a gateway sees: at rows left out, and where a segment begins.

    Parameters
    ----------
    record
        The record, for its segments.
    rows
        Row numbers, in any order.

    Returns
    -------
    list
        Arrays of consecutive row numbers, in order; together they are ``rows``. A memory must not be carried from one
        to the next; within one it restarts where :func:`pieces` cuts.
    """
    ordered = np.sort(rows)
    begins = np.isin(ordered[1:], [start for start, _ in record.segments])
    return np.split(ordered, np.flatnonzero((np.diff(ordered) != 1) | begins) + 1)


def pieces(record: Record, rows: Indices) -> list[list[Indices]]:
    """Cut each of the :func:`spans` of rows where the latest readings are forgotten, but not the baseline."""
    restarts = np.array(record.restarts, dtype=np.intp)
    found = []
    for span in spans(record, rows):
        first, last = span[[0, -1]] if len(span) else (0, 0)
        within = restarts[np.searchsorted(restarts, first, "right") : np.searchsorted(restarts, last, "right")]
        found.append(np.split(span, within - first))
    return found


def _parts(record: Record) -> tuple[tuple[int, int], ...]:
    """Return the rows of each file if the files are few and of similar length, else all rows as one part."""
    rows = len(record.values)
    shortest = min(end - start for start, end in record.parts)
    return record.parts if shortest * BLOCKS >= rows * len(CYCLE) else ((0, rows),)


def _enough(record: Record) -> None:
    if len(record.values) < BLOCKS:
        raise TrainingError(
            f"got {len(record.values)} rows, expected at least {BLOCKS} to split them; give a longer record"
        )
