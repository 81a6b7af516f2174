"""Measures: what a scoring model says about readings, before anybody judges it."""

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

ONSET_LEAST = 60
"""Readings before virtual gas has a background to rise above."""

_BLOCK = 16  # rows; the widest vector that ONNX Runtime's kernels work in, in float32
_DEPTH = 4.0  # of the virtual background's grid below the least trained level, in its logarithm


class ScoreState:
    """One station's past for one scoring model."""

    __slots__ = ("features", "virtual")

    def __init__(self, model: ScoringModel) -> None:
        self.features = FeatureState(model.size, model.window)
        self.virtual = None if model.virtual is None else Background(least=model.virtual.low * math.exp(-_DEPTH))

    def restart(self) -> None:
        """Forget the readings just before: a short gap."""
        self.features.restart()

    def clear(self) -> None:
        """Forget everything: a long silence, or a new segment."""
        self.features.clear()
        if self.virtual is not None:
            self.virtual.clear()


class Scores(NamedTuple):
    """Of N readings; nan where there is none, or not yet.

    Parameters
    ----------
    components
        Raw components of the consistency, [N, 5].
    strangeness
        How far each channel is from what is usual, [N, F].
    consistency, reconstruction, onset
        -log10 of calibrated p-values, [N].
    error, contributions
        Raw reconstruction error [N] and its parts by channel [N, F], which sum to it.
    virtual, background
        Natural logarithm of the virtual gas level and of its background, [N].
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
    judge: bool = True,
) -> Scores:
    """Measure readings and let the memories go on.

    Parameters
    ----------
    model
        What they are measured with.
    values
        Complete readings [N, F] of the model's columns, in their units, grouped by run.
    runs
        Memories, and how many of the rows are theirs: the first so many continue the first memory, the next the
        second, and so on; none comes twice.
    actual
        [N, F]: what the network sees instead: a channel that failed with the value that it sent. It is not remembered.
    broken
        [N]: readings that broke a rule; their consistency is the least likely there is.
    judge
        ``False`` while the tables are being made: consistency and reconstruction are then nan, the onset raw.

    Returns
    -------
    Measures
        In the order of the rows; the same whether they come together or one by one.
    """
    scaled = model.scaler.forward(values)
    inner = Runs([memory.features for memory, _ in runs], [length for _, length in runs])
    past = compute_features(scaled, scaled @ model.consistency.conditional, inner)
    measured = measure_consistency(model.consistency, past, inner)
    if model.raw is not None:
        read = model.raw.forward(values if actual is None else actual)
    else:
        sent = scaled if actual is None else model.scaler.forward(actual)
        read = (sent - past.baseline @ model.consistency.inverse) / model.spread
    contributions = _reconstruct(model, read)
    error = np.add.reduce(contributions, axis=1)
    virtual, background = _virtual(model, scaled, runs)
    onset = virtual - background
    if not judge:
        consistency = reconstruction = np.full(len(values), np.nan)
    else:
        tables = model.tables
        total = combine_components(measured.components, [tables[name] for name in COMPONENTS])
        consistency = tables["consistency"].score(total if broken is None else np.where(broken, RULE, total))
        if broken is not None:
            consistency[broken] = SCORE_CAP
        reconstruction = tables["reconstruction"].score(error)
        if model.virtual is not None:
            onset = tables["onset"].score(onset)
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
    """Let the memories go on as :func:`score_rows` does, and say nothing: most of its cost is in what is said."""
    scaled = model.scaler.forward(values)
    inner = Runs([memory.features for memory, _ in runs], [length for _, length in runs])
    measure_consistency(
        model.consistency, compute_features(scaled, scaled @ model.consistency.conditional, inner), inner
    )
    _virtual(model, scaled, runs)


def _reconstruct(model: ScoringModel, rows: Floats) -> Floats:
    """Contributions [N, F] to the reconstruction error."""
    # Whole blocks of rows: a reading's last bit must not depend on what came with it, and ONNX Runtime's kernels treat
    # the last rows of an odd batch by their place.
    padded = np.zeros((-(-len(rows) // _BLOCK) * _BLOCK, rows.shape[1]), dtype=np.float32)
    padded[: len(rows)] = rows
    return np.asarray(model.network.run(features=padded)["contributions"][: len(rows)], dtype=np.float64)


def _virtual(model: ScoringModel, scaled: Floats, runs: Sequence[tuple[ScoreState, int]]) -> tuple[Floats, Floats]:
    """Logarithms [N] of the virtual gas level and of the background of the readings before."""
    if model.virtual is None:
        nothing = np.full(len(scaled), np.nan)
        return nothing, nothing
    levels = model.virtual.log_level(scaled)
    values = iter(levels.tolist())
    backgrounds = []
    for memory, length in runs:
        before = memory.virtual
        assert before is not None
        for level in islice(values, length):
            backgrounds.append(before.log_value if len(before) >= ONSET_LEAST else math.nan)
            before.push_log(level)
    return levels, np.array(backgrounds)
