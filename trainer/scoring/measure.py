"""Measures rows of a record with a scoring model, as a gateway would if they were all that its station sent."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import zip_longest

import numpy as np

from edge.arrays import Floats, Indices
from edge.models.features import Features, FeatureState, Runs, compute_features
from edge.models.scores import Scores, ScoreState, score_rows
from edge.models.scoring_model import ScoringModel
from edge.models.windows import Windows
from trainer.data.phase import move_bar
from trainer.data.record import Record
from trainer.data.splits import pieces

BLOCK = 16_384
"""Most rows that are measured together."""

Memories = Sequence[Sequence[Indices]]
"""Rows that one memory sees each, in pieces between which it forgets the latest readings."""


def measure(model: ScoringModel, record: Record, rows: Indices, *, calibrated: bool = True) -> Scores:
    """Measure rows of a record on the gateway's path.

    Held cells pass through the memory like any other. Rows that have some are measured as well, but on a gateway they
    exceed by rule: leave them out of every table and every count (:attr:`trainer.data.record.Record.intact`).

    Parameters
    ----------
    model
        A model of all columns, or one without the gas column.
    record
        The record; for a model without the gas column its :attr:`trainer.data.record.Record.without_gas`.
    rows
        Row numbers. Where some are left out between them, or a segment begins, the memory is empty; at the record's
        restarts it forgets the latest readings.
    calibrated
        ``False`` while the tables are being fitted, see :func:`edge.models.scores.score_rows`.

    Returns
    -------
    Scores
        Of the rows in ascending order.
    """
    return Scores(*_in_order(len(rows), walk(model, record, rows, calibrated=calibrated)))


def walk(
    model: ScoringModel, record: Record, rows: Indices, *, calibrated: bool = True
) -> Iterator[tuple[Indices, Scores]]:
    """Measure rows as :func:`measure` does; yield the numbers of rows that are measured together, and their scores."""
    memories = pieces(record, rows)
    states = [ScoreState(model) for _ in memories]
    for together, ended in _waves(memories):
        order = np.concatenate([piece for _, piece in together])
        runs = [(states[number], len(piece)) for number, piece in together]
        yield order, score_rows(model, record.values[order][:, model.columns], runs, calibrated=calibrated)
        for number in ended:
            states[number].restart()
        move_bar(len(order))


def compute_past(scaled: Floats, residual: Floats, memories: Memories, windows: Windows) -> Features:
    """Compute the features of all rows, those of a record or some of them.

    Parameters
    ----------
    scaled, residual
        Scaled readings and conditional residuals, [N, F].
    memories
        Places among the N rows, as :func:`trainer.data.splits.pieces` cuts them; together they are all, in order.
    windows
        How far back the memories reach.
    """
    states = [FeatureState(scaled.shape[1], windows) for _ in memories]
    return Features(*_in_order(len(scaled), _past(scaled, residual, memories, states)))


def _past(
    scaled: Floats, residual: Floats, memories: Memories, states: Sequence[FeatureState]
) -> Iterator[tuple[Indices, Features]]:
    for together, ended in _waves(memories):
        order = np.concatenate([piece for _, piece in together])
        runs = Runs([states[number] for number, _ in together], [len(piece) for _, piece in together])
        yield order, compute_features(scaled[order], residual[order], runs)
        for number in ended:
            states[number].restart()
        move_bar(len(order))


def _in_order(rows: int, parts: Iterable[tuple[Indices, Sequence[Floats]]]) -> list[Floats]:
    """Join arrays of rows that were computed together: the fields of all rows, in ascending order of their numbers."""
    orders, fields = [], None
    done = 0
    for order, found in parts:
        if len(order) == rows:
            return list(found)
        if fields is None:
            fields = [np.empty((rows, *field.shape[1:]), dtype=field.dtype) for field in found]
        for field, values in zip(fields, found, strict=True):
            field[done : done + len(order)] = values
        orders.append(order)
        done += len(order)
    assert fields is not None
    assert done == rows
    numbers = np.concatenate(orders)
    if (np.diff(numbers) > 0).all():
        return fields
    back = np.argsort(numbers, kind="stable")
    return [field[back] for field in fields]


def _waves(memories: Memories) -> Iterator[tuple[list[tuple[int, Indices]], list[int]]]:
    """Yield pieces that can be measured together, and the memories whose piece ends with them.

    First come the first pieces of every memory, then the second ones, and so on. The windows of many rows take a
    hundred times the memory of the rows, so long pieces are cut: a memory goes on where it was.
    """
    for several in zip_longest(*memories):
        together: list[tuple[int, Indices]] = []
        ended: list[int] = []
        count = 0
        for number, piece in enumerate(several):
            for start in range(0, 0 if piece is None else len(piece), BLOCK):
                part = piece[start : start + BLOCK]
                if count and count + len(part) > BLOCK:
                    yield together, ended
                    together, ended, count = [], [], 0
                together.append((number, part))
                count += len(part)
                if start + BLOCK >= len(piece):
                    ended.append(number)
        if together:
            yield together, ended
