"""Golden rows: readings with every output they must give, wherever a bundle runs."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import ArrayLike

from edge.arrays import AnyFloats, Arrays
from edge.models.runtime import Runtime
from edge.models.scaler import Scaler
from edge.models.scores import ScoreState, score_rows
from edge.models.scoring_model import ScoringModel

TOLERANCE = 1e-5
"""Largest difference, relative to the expected value where that exceeds 1, in scaled space."""
GOLDEN_ROWS = 32
"""Rows with expected outputs, at the end of the golden rows."""
RUN_IN = 300
"""Rows before them, which fill whatever remembers the past."""

_JUDGED = ("components", "consistency", "onset")  # what a scoring model says with its tables, without its network


def difference(got: ArrayLike, expected: ArrayLike) -> float:
    """Return the largest ``|got - expected| / max(1, |expected|)``; infinite where one is nan or the shapes differ."""
    got, expected = np.asarray(got, dtype=np.float64), np.asarray(expected, dtype=np.float64)
    if got.shape != expected.shape:
        return np.inf
    relative = np.abs(got - expected) / np.maximum(1.0, np.abs(expected))
    return float(np.max(np.where(np.isnan(relative), np.inf, relative), initial=0.0))


def root_difference(got: ArrayLike, expected: ArrayLike, gain: float) -> float:
    """Return the difference of whitened squares in scaled space: of their roots, over the whitening's largest gain."""
    return difference(np.sqrt(got), np.sqrt(expected)) / gain


def golden_scores(model: ScoringModel, readings: AnyFloats) -> Arrays:
    """Let a station begin with readings, and say what the last of them give.

    Parameters
    ----------
    model
        Its network may be of ONNX Runtime or of torch.
    readings
        All columns of the station, [RUN_IN + ROWS, station.size].

    Returns
    -------
    dict
        Of the last 32: ``error``, ``consistency``, ``reconstruction`` and, with virtual gas, ``onset`` [32],
        ``contributions`` [32, F], ``components`` [32, 5].
    """
    values = readings[:, model.columns].astype(np.float64)
    measures = score_rows(model, values, [(ScoreState(model), len(values))])
    names = ["error", "contributions", "reconstruction", *_JUDGED]
    if model.virtual is None:
        names.remove("onset")
    return {name: getattr(measures, name)[-GOLDEN_ROWS:] for name in names}


def golden_differences(
    rows: Arrays, *, encoder: Runtime, decoder: Runtime, scaler: Scaler, scorers: Mapping[str, ScoringModel]
) -> dict[str, float]:
    """Run rows through the graphs and through everything that scores readings, and compare.

    Parameters
    ----------
    rows
        ``readings`` [N, F], ``latent`` [M, L], ``noise`` [M, F], what the last M readings, or the M latents, must give:
        ``mean``, ``log_variance`` (of a VAE), ``decoded``; and for each scoring model, behind its name and a slash,
        what :func:`golden_scores` gives and the ``gain`` of its whitening.
    encoder, decoder
        The graphs.
    scaler
        Takes decoded readings to the space in which differences are measured.
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
        "encoder.onnx": max(difference(value, rows[name]) for name, value in encoder.run(readings=readings).items()),
        "decoder.onnx": difference(scaler.forward(decoded), scaler.forward(rows["decoded"])),
    }
    judged = []
    for name, model in scorers.items():
        got = golden_scores(model, rows["readings"])
        expected = {key: rows[f"{name}/{key}"] for key in got}
        gain = float(rows[f"{name}/gain"])
        found[f"{name}.onnx"] = max(
            root_difference(got[key], expected[key], gain) for key in ("error", "contributions")
        )
        # From the expected error: a steep table would magnify differences that have been judged already.
        got["reconstruction"] = model.tables["reconstruction"].score(expected["error"])
        judged += [difference(got[key], expected[key]) for key in ("reconstruction", *_JUDGED) if key in got]
    return found | {"tables.npz": max(judged)}
