"""Scores readings without a gas level as those of a station without an analyser, as long as the analyser is missing.

The model without the gas column needs a past of its own. A station that always sends its gas level pays nothing for it:
when the level is missing for the first time, this past is made from what the model of all columns remembers, and it is
given up once the level has been there for 240 readings.
"""

from __future__ import annotations

from collections.abc import Sequence
from copy import deepcopy

import numpy as np

from edge.arrays import Flags, Floats
from edge.bundles.bundle import Bundle
from edge.models.rolling_median import RollingMedian
from edge.models.scores import ScoreState, advance, score_rows
from edge.models.scoring_model import ScoringModel
from edge.readings.quality import GOOD, MISSING
from edge.scoring.row_scores import RowScores, RowScoresBuilder

LATELY = 240
"""Readings for which a missing gas level is remembered."""


class GasOutage:
    """Scores readings without a gas level.

    Parameters
    ----------
    bundle
        A bundle with a gas column.
    model
        Its model of all columns.

    Attributes
    ----------
    column
        Index of the gas column.
    model
        The model without it.
    """

    def __init__(self, bundle: Bundle, model: ScoringModel) -> None:
        column = bundle.station.gas_index
        assert column is not None
        self.column = column
        self.model = bundle.scoring(absent=True)
        self._whole = model
        self._kept = list(self.model.columns)
        self._builder = RowScoresBuilder(self.model, bundle.station)
        whole, kept = (one.consistency.slow_channels(one.keys) for one in (model, self.model))
        self._slow = [whole.index(key) for key in kept] if set(kept) <= set(whole) else None

    def begin(self, state: ScoreState) -> ScoreState:
        """Make the past of a station for the model without the gas column, from that for the model of all columns.

        The rolling medians keep the conditional residuals of the readings in their window, and these give the readings
        back. What was held for a missing gas level leaves no trace in the other columns.
        """
        past = ScoreState(self.model)
        features, medians = state.features, state.features.medians
        recent = features.recent[np.isfinite(features.recent).all(axis=1)]
        if medians is None:
            self._see(past, recent)
        elif medians.thinned:
            # The rows in the window do not follow one another, and those that do have no place in it.
            self._take_medians(past, medians)
            self._see(past, recent)
            self._take_medians(past, medians)
        else:
            self._see(past, medians.rows() @ self._whole.consistency.inverse)
        if not np.isfinite(features.recent).all():
            past.restart()  # there has been a gap among the last readings
        if self._slow is not None:
            past.features.hold(features, self._slow)
        if past.virtual is not None and state.virtual is not None:
            past.virtual = deepcopy(state.virtual)  # the levels, which are inferred from the same columns
        return past

    def _see(self, past: ScoreState, scaled: Floats) -> None:
        """Let readings [N, F], scaled for the model of all columns, pass through a past of this model."""
        if len(scaled):
            advance(self.model, self._whole.scaler.inverse(scaled)[:, self._kept], [(past, len(scaled))])

    def _take_medians(self, past: ScoreState, medians: RollingMedian) -> None:
        """Fill the rolling median with what this model has of the readings in that of all columns."""
        if past.features.medians is None:
            return
        step, skip, _ = medians.snapshot()
        readings = self._whole.scaler.inverse(medians.rows() @ self._whole.consistency.inverse)[:, self._kept]
        residuals = self.model.scaler.forward(readings) @ self.model.consistency.conditional
        past.features.medians.restore(step, skip, residuals.astype(np.float32).tobytes())

    def excuse(self, flags: Flags) -> Flags:
        """Return the flags [N, F] by which a reading breaks a rule: a missing gas level breaks none."""
        excused = flags.copy()
        excused[excused[:, self.column] == MISSING, self.column] = GOOD
        return excused

    def advance(self, values: Floats, states: Sequence[tuple[ScoreState, int]]) -> None:
        """Let readings [N, F] pass through the states of this model."""
        advance(self.model, values[:, self._kept], states)

    def measure(
        self,
        rows: Sequence[int],
        values: Floats,
        actual: Floats,
        flags: Flags,
        states: Sequence[tuple[ScoreState, int]],
    ) -> dict[int, RowScores]:
        """Measure the readings without a gas level, and let the others pass through the states.

        Parameters
        ----------
        rows
            Row number of each reading, [N].
        values, actual, flags
            All columns of the readings, [N, F]: filled in, as they were sent, and their flags.
        states
            Memory and number of rows of each station.

        Returns
        -------
        dict
            Row number -> scores, with places among all columns, of the readings without a gas level.
        """
        missing = flags[:, self.column] == MISSING
        if not missing.any():
            self.advance(values, states)
            return {}
        own, flags = values[:, self._kept], flags[:, self._kept]
        broken = (flags != GOOD).any(axis=1)
        scores = score_rows(self.model, own, states, actual=actual[:, self._kept], broken=broken)
        built = self._builder.build(scores, own, flags)
        return {row: self._place(one) for row, one, gone in zip(rows, built, missing.tolist(), strict=True) if gone}

    def _place(self, scores: RowScores) -> RowScores:
        """Return scores with places among all columns; the gas has contributed nothing."""
        gas, shares, strangeness = self.column, scores.contributions, scores.strangeness
        return scores._replace(
            culprit=self._kept[scores.culprit],
            contributions=[*shares[:gas], 0.0, *shares[gas:]],
            strangeness=[*strangeness[:gas], 0.0, *strangeness[gas:]],
        )
