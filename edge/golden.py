"""Golden rows: readings with every output they must give, wherever a bundle runs."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import ArrayLike, NDArray

from edge.pvalue import PValueTable
from edge.runtime import Runtime
from edge.scaler import Scaler

TOLERANCE = 1e-5
"""Largest difference, relative to the expected value where that exceeds 1, in scaled space."""
ROWS = 32
"""Rows with expected outputs, at the end of the golden rows."""
RUN_IN = 300
"""Rows before them, which fill whatever remembers the past."""


def difference(got: ArrayLike, expected: ArrayLike) -> float:
    """Return the largest ``|got - expected| / max(1, |expected|)``; infinite where one is nan or the shapes differ."""
    got, expected = np.asarray(got, dtype=np.float64), np.asarray(expected, dtype=np.float64)
    if got.shape != expected.shape:
        return np.inf
    relative = np.abs(got - expected) / np.maximum(1.0, np.abs(expected))
    return float(np.max(np.where(np.isnan(relative), np.inf, relative), initial=0.0))


def differences(
    rows: Mapping[str, NDArray[np.floating]],
    *,
    encoder: Runtime,
    decoder: Runtime,
    scorer: Runtime,
    scaler: Scaler,
    p_values: PValueTable,
) -> dict[str, float]:
    """Run rows through the graphs and the p-value table and compare.

    Parameters
    ----------
    rows
        ``readings`` [N, F], ``latent`` [M, L], ``noise`` [M, F], and what the last M readings, or the M latents, must
        give: ``mean``, ``log_variance`` (of a VAE), ``decoded``, ``residuals``, ``contributions``, ``error``,
        ``score``.
    encoder, decoder, scorer
        The graphs.
    scaler
        Takes decoded readings to the space in which differences are measured.
    p_values
        Is given the expected errors: a steep table would magnify differences that have been judged already.

    Returns
    -------
    dict
        Member -> largest difference.
    """
    readings = rows["readings"][-len(rows["error"]) :]
    decoded = decoder.run(latent=rows["latent"], noise=rows["noise"])["readings"]
    return {
        "encoder.onnx": _largest(encoder.run(readings=readings), rows),
        "decoder.onnx": difference(scaler.forward(decoded), scaler.forward(rows["decoded"])),
        "scorer.onnx": _largest(scorer.run(readings=readings), rows),
        "tables.npz": difference(p_values.score(rows["error"]), rows["score"]),
    }


def _largest(outputs: Mapping[str, NDArray[np.floating]], rows: Mapping[str, NDArray[np.floating]]) -> float:
    return max(difference(value, rows[name]) for name, value in outputs.items())
