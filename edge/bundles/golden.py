"""Compares golden rows, readings with their expected outputs, with the outputs on this machine."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import ArrayLike

from edge.arrays import AnyFloats, Arrays, Floats
from edge.models.consistency import COMPONENTS, combine_components
from edge.models.runtime import Runtime
from edge.models.scaler import Scaler
from edge.models.scores import ScoreState, score_rows
from edge.models.scoring_model import ScoringModel

TOLERANCE = 1e-5
"""Largest difference allowed, relative to the expected value where that exceeds 1, in scaled space."""
GOLDEN_ROWS = 32
"""Rows with expected outputs, at the end of the golden rows."""
RUN_IN = 300
"""Rows before them, which fill the state of the scoring models."""

_EXACT = np.ones(1)
_FROM_TABLES = (
    "components",
    "consistency",
    "onset",
)  # outputs of a scoring model that come from its tables, not its network


def difference(got: ArrayLike, expected: ArrayLike, coarseness: ArrayLike = 1.0) -> float:
    """Return the largest ``|got - expected| / max(1, |expected|)``; infinite with a nan or different shapes.

    Parameters
    ----------
    got, expected
        Numbers of one shape.
    coarseness
        What that is divided by, broadcast to them: more than 1 where single precision cannot give what is expected.
    """
    got, expected = np.asarray(got, dtype=np.float64), np.asarray(expected, dtype=np.float64)
    if got.shape != expected.shape:
        return np.inf
    relative = np.abs(got - expected) / np.maximum(1.0, np.abs(expected)) / coarseness
    return float(np.max(np.where(np.isnan(relative), np.inf, relative), initial=0.0))


def root_difference(got: ArrayLike, expected: ArrayLike, gain: float, coarseness: ArrayLike = 1.0) -> float:
    """Return the difference of whitened squares in scaled space: that of their roots, over the whitening's gain."""
    return difference(np.sqrt(got), np.sqrt(expected), coarseness) / gain


def decoded_differences(readings: AnyFloats, rows: Mapping[str, AnyFloats], scaler: Scaler) -> Floats:
    """Return by how much decoded readings differ, column by column; as far as their scores allow it, at most 1e-5.

    A score is exact to some 1e-5, and the reading may be any between those of a score a little lower and one a little
    higher: for a quantised column these may be two neighbouring steps, and in a gap of the training record its ends.

    Parameters
    ----------
    readings
        Decoded readings [N, F] in the station's units.
    rows
        What was expected: ``decoded`` [N, F], or least and largest readings, ``decoded_low`` and ``decoded_high``.
    scaler
        Scaler of the space in which the differences are measured, relative to the expected value where that exceeds 1.

    Returns
    -------
    ndarray
        [F]; infinite with a nan or another shape.
    """
    # Bundles of davylamp 0.2 were made only if no expected reading had another step nearby.
    middle = scaler.forward(rows["decoded"])
    low, high = (scaler.forward(rows.get(name, rows["decoded"])) for name in ("decoded_low", "decoded_high"))
    got = scaler.forward(readings)
    if got.shape != middle.shape:
        return np.full(middle.shape[1], np.inf)
    outside, misplaced, whole = (
        np.abs(one - other) / np.maximum(1.0, np.abs(other))
        for one, other in ((got, np.clip(got, low, high)), (middle, np.clip(middle, low, high)), (got, middle))
    )
    found = np.maximum.reduce([outside, misplaced, np.minimum(whole, TOLERANCE)])
    return np.asarray(np.where(np.isnan(found), np.inf, found).max(axis=0, initial=0.0))


def golden_scores(model: ScoringModel, readings: AnyFloats) -> Arrays:
    """Score the first readings of a station, and return the scores of the last of them.

    Parameters
    ----------
    model
        The scoring model; its network may run in ONNX Runtime or in torch.
    readings
        All columns of the station, [RUN_IN + GOLDEN_ROWS, station.size].

    Returns
    -------
    dict
        For the last 32 readings ``error``, ``consistency``, ``reconstruction`` and, with virtual gas, ``onset`` [32],
        ``contributions`` [32, F], ``components`` [32, 5].
    """
    values = readings[:, model.columns].astype(np.float64)
    scores = score_rows(model, values, [(ScoreState(model), len(values))])
    names = ["error", "contributions", "reconstruction", *_FROM_TABLES]
    if "onset" not in model.tables:
        names.remove("onset")
    return {name: getattr(scores, name)[-GOLDEN_ROWS:] for name in names}


def table_scores(model: ScoringModel, error: Floats, components: Floats) -> Arrays:
    """Look up expected scores from expected raw ones; a steep table would magnify differences that are compared anyway.

    Parameters
    ----------
    model
        Its tables.
    error, components
        Raw reconstruction error [N] and raw components of the consistency [N, 5].

    Returns
    -------
    dict
        ``reconstruction`` and ``consistency`` [N].
    """
    total = combine_components(components, [model.tables[name] for name in COMPONENTS])
    return {
        "reconstruction": model.tables["reconstruction"].score(error),
        "consistency": model.tables["consistency"].score(total),
    }


def golden_differences(
    rows: Arrays, *, encoder: Runtime, decoder: Runtime, scaler: Scaler, scorers: Mapping[str, ScoringModel]
) -> dict[str, float]:
    """Run golden rows through the graphs and the scoring models, and compare the outputs.

    Parameters
    ----------
    rows
        Inputs: ``readings`` [N, F], ``latent`` [M, L] and ``noise`` [M, F]. Expected outputs: ``mean`` and, for a VAE,
        ``log_variance`` of the last M readings; ``decoded`` of the M latents, and what it may be, see
        :func:`decoded_differences`; and for each scoring model, under its name and a slash, what :func:`golden_scores`
        returns and the ``gain`` of its whitening. Behind the name of an output and ``_coarseness``, what its
        differences are divided by; bundles of davylamp 0.2 have none.
    encoder, decoder
        The graphs.
    scaler
        Scaler of the space in which differences between decoded readings are measured.
    scorers
        Scoring models by name.

    Returns
    -------
    dict
        Member -> largest difference.
    """
    readings = rows["readings"][-len(rows["latent"]) :]
    decoded = decoder.run(latent=rows["latent"], noise=rows["noise"])["readings"]
    found = {
        "encoder.onnx": max(
            difference(value, rows[name], rows.get(f"{name}_coarseness", _EXACT))
            for name, value in encoder.run(readings=readings).items()
        ),
        "decoder.onnx": float(decoded_differences(decoded, rows, scaler).max()),
    }
    table_differences = []
    for name, model in scorers.items():
        got = golden_scores(model, rows["readings"])
        expected = {key: rows[f"{name}/{key}"] for key in got}
        gain = float(rows[f"{name}/gain"])
        found[f"{name}.onnx"] = max(
            root_difference(got[key], expected[key], gain, rows.get(f"{name}/{key}_coarseness", _EXACT))
            for key in ("error", "contributions")
        )
        got |= table_scores(model, expected["error"], expected["components"])
        table_differences += [
            difference(got[key], expected[key]) for key in ("reconstruction", *_FROM_TABLES) if key in got
        ]
    return found | {"tables.npz": max(table_differences)}
