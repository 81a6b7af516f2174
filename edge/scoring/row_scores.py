"""Splits the score arrays of a batch into plain numbers for each reading."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import starmap
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from config.settings.station import Station
from edge.arrays import Flags, Floats
from edge.models.pvalue import SCORE_CAP
from edge.models.scores import Scores
from edge.models.scoring_model import ScoringModel
from edge.readings.quality import FAIL, GOOD


class RowScores(NamedTuple):
    """The scores of one reading; nan for a score that it does not have.

    Parameters
    ----------
    consistency, reconstruction, onset
        -log10 of calibrated p-values.
    culprit
        Index of the strangest channel.
    error
        Raw reconstruction error.
    contributions
        Its parts by channel, [F].
    virtual, background
        Natural logarithms of the virtual gas level and of its background.
    outside
        Keys whose value lies outside the range of the training.
    degree
        How far the climate lies outside it, as a share of that range; that of the worst column.
    strangeness
        Distance of each channel from its usual value, [F].
    """

    consistency: float = math.nan
    reconstruction: float = math.nan
    onset: float = math.nan
    culprit: int = 0
    error: float = math.nan
    contributions: Sequence[float] = ()
    virtual: float = math.nan
    background: float = math.nan
    outside: tuple[str, ...] = ()
    degree: float = 0.0
    strangeness: Sequence[float] = ()


class RowScoresBuilder:
    """Builds the row scores of one scoring model, a whole batch at a time.

    Parameters
    ----------
    model
        The scoring model.
    station
        What its columns are.
    """

    def __init__(self, model: ScoringModel, station: Station) -> None:
        self._keys = model.keys
        edges = [model.domain.get(key, (-math.inf, math.inf)) for key in model.keys]
        self._low, self._high = np.array(edges, dtype=np.float64).T
        # A gas level above the range is what an alarm is for; the climate says whether the station is somewhere else.
        roles = {feature.key: feature.role for feature in station.features}
        span = self._high - self._low
        climate = np.array([roles[key] == "environment" for key in model.keys]) & (span > 0)
        self._per_span = np.where(climate & np.isfinite(span), 1 / np.where(climate, span, 1.0), 0.0)

    def build(self, scores: Scores, values: Floats, flags: Flags | None = None) -> list[RowScores]:
        """Build the row scores of N readings.

        Parameters
        ----------
        scores
            Scores of the readings.
        values
            The readings as they were scored, [N, F].
        flags
            Flags of the readings as received, [N, F]; ``None``: all are good.
        """
        most = np.fmax.reduce(scores.components, axis=1)  # nan without any component
        culprits = np.fmax(scores.strangeness, -1.0).argmax(axis=1)
        if flags is not None:
            # A channel that broke a rule is the culprit, before any that merely looks strange.
            severity = _severity(flags)
            broken = severity.any(axis=1)
            most[broken] = SCORE_CAP
            culprits = np.where(broken, severity.argmax(axis=1), culprits)
        consistency = zip(scores.consistency.tolist(), most.tolist(), strict=True)
        columns = (
            [math.nan if math.isnan(component) else score for score, component in consistency],
            scores.reconstruction.tolist(),
            scores.onset.tolist(),
            culprits.tolist(),
            scores.error.tolist(),
            scores.contributions.tolist(),
            scores.virtual.tolist(),
            scores.background.tolist(),
            *self._outside(values),
            scores.strangeness.tolist(),
        )
        return list(starmap(RowScores, zip(*columns, strict=True)))

    def build_unscored(self, flags: Flags) -> RowScores:
        """Build the scores of a reading that cannot be filled, by its flags [F]: it broke a rule, and has no others."""
        return RowScores(consistency=SCORE_CAP, culprit=int(_severity(flags).argmax()))

    def degrees(self, values: Floats) -> Floats:
        """Return how far the climate of N readings [N, F] lies outside the range of the training, [N].

        As a share of that range; 0 inside.
        """
        below, above = self._low - values, values - self._high
        distance = np.where(np.isnan(values), 0.0, np.maximum(0.0, np.maximum(below, above)))
        return np.asarray((distance * self._per_span).max(axis=1))

    def _outside(self, values: Floats) -> tuple[list[tuple[str, ...]], list[float]]:
        """Return the keys of N readings [N, F] that lie outside the range of the training, and how far they do."""
        found: list[tuple[str, ...]] = [()] * len(values)
        outside = (values < self._low) | (values > self._high)
        if not outside.any():
            return found, [0.0] * len(values)
        for row in np.flatnonzero(outside.any(axis=1)).tolist():
            found[row] = tuple(key for key, out in zip(self._keys, outside[row].tolist(), strict=True) if out)
        return found, self.degrees(values).tolist()


def _severity(flags: Flags) -> NDArray[np.int8]:
    """2 for a channel out of range, 1 for a missing one."""
    return np.asarray((flags != GOOD).astype(np.int8) + (flags == FAIL))
