"""Measures how far a record wanders by itself, so that only more than that is called a drift."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from edge.arrays import Floats, Indices
from edge.drift.drift_course import DriftCourse
from edge.drift.drift_reference import BLOCK, EVERY, WINDOW, DriftReference, quantities
from edge.models.scores import Scores
from edge.models.scoring_model import ScoringModel
from trainer.data.record import Record

_LEAST = 0.4  # least limit of a distance [spreads]: a record may hardly wander at all
_LEAST_SUM = 4.0  # least limit of a sum [limits of the distance]
_FREE = 0.75  # share of the blocks that deviate by less than the slack
_LEAST_SLACK = 0.05  # [spreads]
_UNBOUNDED = 1e9


def fit_drift(chunks: Sequence[Floats]) -> DriftReference | None:
    """Fit the reference that drifts are measured against.

    Each chunk passes as the readings of a station would, beside the quantiles of the others. The limits are the most
    that this gave: a chunk is about one regime of the climate, so they cover what another regime does by itself.

    Parameters
    ----------
    chunks
        Quantities [N, C] of each chunk (:func:`edge.drift.drift_reference.quantities`), measured by models that have
        not seen it.

    Returns
    -------
    DriftReference or None
        ``None`` if no chunk fills the window.
    """
    if len(chunks) < 2 or max(map(len, chunks)) < EVERY * WINDOW:
        return None
    beside = [
        (chunk[::EVERY], _unlimited(np.concatenate([other for j, other in enumerate(chunks) if j != i])))
        for i, chunk in enumerate(chunks)
        if len(chunk) >= EVERY * BLOCK
    ]
    distance = np.max([_farthest(own, others)[0] for own, others in beside], axis=0).clip(_LEAST)
    deviations = np.concatenate([np.abs(_medians(own) - others.centre) for own, others in beside])
    slack = np.quantile(np.nan_to_num(deviations), _FREE, axis=0).clip(_LEAST_SLACK)
    sums = [_farthest(own, replace(others, distance=distance, slack=slack))[1] for own, others in beside]
    return DriftReference(
        quantiles=_quantiles(np.concatenate(chunks)),
        distance=distance,
        slack=slack,
        sum=np.maximum(np.max(sums, axis=0), _LEAST_SUM * distance),
    )


def wandering(model: ScoringModel, rows: Indices, record: Record, scores: Scores) -> Floats:
    """Return the quantities [N, C] of rows that a model has measured, without those that have a held cell.

    Parameters
    ----------
    model
        The model.
    rows
        Their numbers.
    record
        The record.
    scores
        Their scores, in ascending order of their numbers, also without those that have a held cell.
    """
    values = record.values[record.intact_rows(np.sort(rows))][:, model.columns]
    return quantities(model.residuals(values), scores.error)


def _unlimited(rows: Floats) -> DriftReference:
    """Return a reference whose distances are in spreads, and whose sums have no limit."""
    one = np.ones(rows.shape[1])
    return DriftReference(_quantiles(rows), one, one, _UNBOUNDED * one)


def _quantiles(rows: Floats) -> Floats:
    return np.asarray(np.nanquantile(rows, (np.arange(WINDOW) + 0.5) / WINDOW, axis=0))


def _blocks(looked_at: Floats) -> Sequence[Floats]:
    return [looked_at[start : start + BLOCK] for start in range(0, len(looked_at) - BLOCK + 1, BLOCK)]


def _medians(looked_at: Floats) -> Floats:
    return np.median(np.array(_blocks(looked_at)), axis=1)


def _farthest(looked_at: Floats, reference: DriftReference) -> tuple[Floats, Floats]:
    """Return the largest distance and the largest sum [C] of a course, unscaled."""
    course = DriftCourse(reference)
    distance, total = np.zeros(reference.size), np.zeros(reference.size)
    for block in _blocks(looked_at):
        course.push(block)
        distance = np.maximum(distance, course.distance * reference.distance)
        total = np.maximum(total, course.sum * reference.sum)
    return distance, total
