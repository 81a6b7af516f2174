"""Measures rows of a record with a scoring model, as a gateway would if they were all that its station sent."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import zip_longest

import numpy as np

from edge.arrays import Floats, Indices
from edge.models.features import Features, FeatureState, Runs, compute_features
from edge.models.scores import Scores, ScoreState, score_rows
from edge.models.scoring_model import ScoringModel
from edge.models.windows import Windows
from trainer.data.record import Record
from trainer.data.splits import pieces

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
    order = np.sort(rows)
    parts = [(measured, scores) for measured, scores in walk(model, record, rows, calibrated=calibrated)]
    if len(parts) == 1:
        return parts[0][1]
    back = np.argsort(np.concatenate([measured for measured, _ in parts]), kind="stable")
    assert len(back) == len(order)
    return Scores(*(np.concatenate(field)[back] for field in zip(*(scores for _, scores in parts), strict=True)))


def walk(
    model: ScoringModel, record: Record, rows: Indices, *, calibrated: bool = True
) -> Iterator[tuple[Indices, Scores]]:
    """Measure rows as :func:`measure` does; yield the numbers of rows that are measured together, and their scores."""
    memories = pieces(record, rows)
    states = [ScoreState(model) for _ in memories]
    for together in _waves(memories):
        order = np.concatenate([piece for _, piece in together])
        runs = [(states[number], len(piece)) for number, piece in together]
        yield order, score_rows(model, record.values[order][:, model.columns], runs, calibrated=calibrated)
        for number, _ in together:
            states[number].restart()


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
    parts, orders = [], []
    for together in _waves(memories):
        order = np.concatenate([piece for _, piece in together])
        runs = Runs([states[number] for number, _ in together], [len(piece) for _, piece in together])
        parts.append(compute_features(scaled[order], residual[order], runs))
        orders.append(order)
        for number, _ in together:
            states[number].restart()
    if len(parts) == 1:
        return parts[0]
    back = np.argsort(np.concatenate(orders), kind="stable")
    return Features(*(np.concatenate(field)[back] for field in zip(*parts, strict=True)))


def _waves(memories: Memories) -> Iterator[list[tuple[int, Indices]]]:
    """Yield pieces that can be measured together: the first of every memory, then the second, and so on."""
    for several in zip_longest(*memories):
        yield [(number, piece) for number, piece in enumerate(several) if piece is not None]
