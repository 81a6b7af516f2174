"""Scores readings with a scoring model, before any threshold is applied."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import islice
from typing import NamedTuple

import numpy as np

from edge.arrays import Floats, Mask
from edge.models.background import Background
from edge.models.consistency import COMPONENTS, RULE, combine_components, measure_consistency
from edge.models.features import FeatureState, Runs, compute_features
from edge.models.pvalue import SCORE_CAP
from edge.models.scoring_model import ScoringModel
from edge.models.virtual_gas import VirtualGas
from edge.models.windows import Windows

ONSET_LEAST = 60
"""Least number of readings for a background of the virtual gas; fewer if its window is shorter than two of these."""

_BLOCK = 16  # rows; the widest vector that ONNX Runtime's kernels work in, in float32
_DEPTH = 4.0  # of the virtual background's grid below the least trained level, in its logarithm


Thinned = tuple[int, int, bytes]
"""Snapshot of a rolling median or of a background."""
LongMemory = tuple[Thinned | None, list[float], Thinned | None]
"""Snapshot of a score state: rolling median, sums of its moving averages, background."""


def virtual_background(virtual: VirtualGas, windows: Windows) -> Background:
    """Make the empty background of a virtual gas."""
    least = virtual.low * math.exp(-_DEPTH)
    return Background(windows.background, stride=windows.background_stride, least=least)


def least_levels(windows: Windows) -> int:
    """Return the least number of levels for a background of the virtual gas."""
    return max(1, min(ONSET_LEAST, windows.background // 2))


class ScoreState:
    """One station's past for one scoring model."""

    __slots__ = ("features", "virtual")

    def __init__(self, model: ScoringModel) -> None:
        self.features = FeatureState(model.size, model.windows)
        self.virtual = None if model.virtual is None else virtual_background(model.virtual, model.windows)

    def snapshot(self) -> LongMemory:
        """Return what the last 2000 readings may not give back: the windows that may reach further."""
        medians, virtual = self.features.medians, self.virtual
        return (
            None if medians is None else medians.snapshot(),
            self.features.sums,
            None if virtual is None else virtual.snapshot(),
        )

    def restore(self, medians: Thinned | None, sums: list[float], virtual: Thinned | None) -> None:
        """Take over the long windows from a :meth:`snapshot` (ValueError if it is of another model)."""
        if len(sums) != self.features.columns:
            raise ValueError(f"score state: got a snapshot of {len(sums)} columns, expected {self.features.columns}")
        if medians is not None and self.features.medians is not None:
            self.features.medians.restore(*medians)
        self.features.sums = sums
        if virtual is not None and self.virtual is not None:
            self.virtual.restore(*virtual)

    def restart(self) -> None:
        """Forget the latest readings, after a short gap."""
        self.features.restart()

    def clear(self) -> None:
        """Forget everything, after a long silence or at a new segment."""
        self.features.clear()
        if self.virtual is not None:
            self.virtual.clear()


class Scores(NamedTuple):
    """Scores of N readings; nan if there is none, or none yet.

    Parameters
    ----------
    components
        Raw components of the consistency, [N, 5].
    strangeness
        Distance of each channel from its usual value, [N, F].
    consistency, reconstruction, onset
        -log10 of calibrated p-values, [N].
    error
        Raw reconstruction error, [N].
    contributions
        Its parts by channel, [N, F], which sum to it.
    virtual, background
        Natural logarithms of the virtual gas level and of its background, [N].
    """

    components: Floats
    strangeness: Floats
    consistency: Floats
    reconstruction: Floats
    onset: Floats
    error: Floats
    contributions: Floats
    virtual: Floats
    background: Floats


def score_rows(
    model: ScoringModel,
    values: Floats,
    runs: Sequence[tuple[ScoreState, int]],
    *,
    actual: Floats | None = None,
    broken: Mask | None = None,
    calibrated: bool = True,
) -> Scores:
    """Score readings, and advance the states of their stations.

    Parameters
    ----------
    model
        The scoring model.
    values
        Complete readings [N, F] of the model's columns, in their units, grouped by run.
    runs
        The state of each run and its number of rows; no state may occur twice.
    actual
        Readings [N, F] for the network alone, in which a failed channel has the value that it sent. They do not enter
        the states.
    broken
        Readings [N] that broke a rule; their consistency is the highest score there is.
    calibrated
        ``False`` while the tables are being fitted: consistency and reconstruction are then nan, the onset raw.

    Returns
    -------
    Scores
        In the order of the rows; the same whether they are scored together or one by one.
    """
    scaled = model.scaler.forward(values)
    feature_runs = Runs([state.features for state, _ in runs], [length for _, length in runs])
    features = compute_features(scaled, scaled @ model.consistency.conditional, feature_runs)
    measured = measure_consistency(model.consistency, features, feature_runs)
    if model.raw is not None:
        network_input = model.raw.forward(values if actual is None else actual)
    else:
        sent = scaled if actual is None else model.scaler.forward(actual)
        network_input = (sent - features.baseline @ model.consistency.inverse) / model.spread
    contributions = _reconstruct(model, network_input)
    error = np.add.reduce(contributions, axis=1)
    virtual, background = _virtual(model, scaled, runs)
    onset = virtual - background
    if not calibrated:
        consistency = reconstruction = np.full(len(values), np.nan)
    else:
        tables = model.tables
        total = combine_components(measured.components, [tables[name] for name in COMPONENTS])
        consistency = tables["consistency"].score(total if broken is None else np.where(broken, RULE, total))
        if broken is not None:
            consistency[broken] = SCORE_CAP
        reconstruction = tables["reconstruction"].score(error)
        if model.virtual is not None:
            # Without a table the onset has been refused; the level stays.
            onset = tables["onset"].score(onset) if "onset" in tables else np.full(len(values), np.nan)
    return Scores(
        components=measured.components,
        strangeness=measured.strangeness,
        consistency=consistency,
        reconstruction=reconstruction,
        onset=onset,
        error=error,
        contributions=contributions,
        virtual=virtual,
        background=background,
    )


def advance(model: ScoringModel, values: Floats, runs: Sequence[tuple[ScoreState, int]]) -> None:
    """Advance the states as :func:`score_rows` does, without the scores, which are most of its cost."""
    scaled = model.scaler.forward(values)
    feature_runs = Runs([state.features for state, _ in runs], [length for _, length in runs])
    features = compute_features(scaled, scaled @ model.consistency.conditional, feature_runs)
    measure_consistency(model.consistency, features, feature_runs)
    _virtual(model, scaled, runs)


def _reconstruct(model: ScoringModel, rows: Floats) -> Floats:
    """Return the contributions [N, F] to the reconstruction error."""
    # Whole blocks of rows: a reading's last bit must not depend on the rows beside it, and ONNX Runtime's kernels
    # compute the last rows of an odd batch differently, by their position.
    padded = np.zeros((-(-len(rows) // _BLOCK) * _BLOCK, rows.shape[1]), dtype=np.float32)
    padded[: len(rows)] = rows
    return np.asarray(model.network.run(features=padded)["contributions"][: len(rows)], dtype=np.float64)


def _virtual(model: ScoringModel, scaled: Floats, runs: Sequence[tuple[ScoreState, int]]) -> tuple[Floats, Floats]:
    """Return the logarithms [N] of the virtual gas level and of the background before each reading."""
    if model.virtual is None:
        nothing = np.full(len(scaled), np.nan)
        return nothing, nothing
    levels = model.virtual.log_level(scaled)
    values = iter(levels.tolist())
    least = least_levels(model.windows)
    backgrounds = []
    for state, length in runs:
        background = state.virtual
        assert background is not None
        for level in islice(values, length):
            backgrounds.append(background.log_value if len(background) >= least else math.nan)
            background.push_log(level)
    return levels, np.array(backgrounds)
