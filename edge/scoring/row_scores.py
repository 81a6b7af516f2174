"""Finding: what was measured on each reading, as plain numbers."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import starmap
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from edge.arrays import Flags, Floats
from edge.models.pvalue import SCORE_CAP
from edge.models.scores import Scores
from edge.models.scoring_model import ScoringModel
from edge.readings.quality import FAIL, GOOD


class RowScores(NamedTuple):
    """What is known of one reading, but for its gas level and what exceeds; nan where there is none.

    Parameters
    ----------
    consistency, reconstruction, onset
        -log10 of calibrated p-values.
    culprit
        Place of the strangest channel.
    error, contributions
        Raw reconstruction error, and its parts by channel [F].
    virtual, background
        Natural logarithm of the virtual gas level and of its background.
    outside
        Keys outside what was trained on.
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


class RowScoresBuilder:
    """Makes the findings of one scoring model, whole batches at a time.

    Parameters
    ----------
    model
        Whose measures they are.
    """

    def __init__(self, model: ScoringModel) -> None:
        self._keys = model.keys
        edges = [model.domain.get(key, (-math.inf, math.inf)) for key in model.keys]
        self._low, self._high = np.array(edges, dtype=np.float64).T

    def of(self, measures: Scores, values: Floats, flags: Flags | None = None) -> list[RowScores]:
        """Sort out measures of N readings.

        Parameters
        ----------
        measures
            As measured.
        values, flags
            The readings as they were scored [N, F], and the flags of what came [N, F]; ``None``: all are good.
        """
        most = np.fmax.reduce(measures.components, axis=1)  # nan where no component says anything
        culprits = np.fmax(measures.strangeness, -1.0).argmax(axis=1)
        if flags is not None:
            # Whoever broke a rule is the culprit, before all that merely look strange.
            severity = _severity(flags)
            broken = severity.any(axis=1)
            most[broken] = SCORE_CAP
            culprits = np.where(broken, severity.argmax(axis=1), culprits)
        scores = zip(measures.consistency.tolist(), most.tolist(), strict=True)
        columns = (
            [math.nan if math.isnan(component) else score for score, component in scores],
            measures.reconstruction.tolist(),
            measures.onset.tolist(),
            culprits.tolist(),
            measures.error.tolist(),
            measures.contributions.tolist(),
            measures.virtual.tolist(),
            measures.background.tolist(),
            self._outside(values),
        )
        return list(starmap(RowScores, zip(*columns, strict=True)))

    def unscored(self, flags: Flags) -> RowScores:
        """What is known of a reading that cannot be completed, by its flags [F]: a rule is broken, and that is all."""
        return RowScores(consistency=SCORE_CAP, culprit=int(_severity(flags).argmax()))

    def _outside(self, values: Floats) -> list[tuple[str, ...]]:
        found: list[tuple[str, ...]] = [()] * len(values)
        outside = (values < self._low) | (values > self._high)
        if outside.any():
            for row in np.flatnonzero(outside.any(axis=1)).tolist():
                found[row] = tuple(key for key, out in zip(self._keys, outside[row].tolist(), strict=True) if out)
        return found


def _severity(flags: Flags) -> NDArray[np.int8]:
    """2 for what is out of range, 1 for what is missing."""
    return np.asarray((flags != GOOD).astype(np.int8) + (flags == FAIL))
