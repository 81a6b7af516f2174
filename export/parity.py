"""Checks that ONNX Runtime, as the gateway runs it, reproduces torch."""

from __future__ import annotations

import numpy as np

from edge.bundles.bundle import Bundle
from edge.bundles.golden import TOLERANCE, decoded_differences, difference, golden_differences, root_difference
from edge.bundles.manifest import SCORER_ABSENT
from edge.models.scoring_model import ScoringModel
from export.errors import ParityError
from export.golden import random_rows
from trainer.run import Run


def check_parity(run: Run, bundle: Bundle) -> dict[str, dict[str, float]]:
    """Compare the bundle's graphs with the run's networks.

    Parameters
    ----------
    run
        The run, with its torch networks.
    bundle
        The bundle made from it.

    Returns
    -------
    dict
        Member -> ``golden`` and, of a graph, ``random`` -> the largest difference in scaled space; see
        :func:`edge.bundles.golden.difference`.

    Raises
    ------
    ParityError
        A difference exceeds 1e-5, times what single precision makes of a row of that size.
    """
    scorers = {name: bundle.scoring(name == SCORER_ABSENT) for name in bundle.manifest.scorers}
    golden = golden_differences(
        bundle.golden, encoder=bundle.encoder, decoder=bundle.decoder, scaler=run.scaler, scorers=scorers
    )
    found = {member: {"golden": worst} for member, worst in golden.items()}
    for member, worst in _random(run, bundle, scorers).items():
        found[member]["random"] = worst
    for member, by_kind in found.items():
        for kind, value in by_kind.items():
            if not value <= TOLERANCE:
                raise ParityError(
                    f"{member}: got {kind} rows that differ by {value:.1e} between torch and ONNX Runtime, "
                    f"expected at most {TOLERANCE:.0e}; fix: {_fix(run, bundle, member)}"
                )
    return found


def _fix(run: Run, bundle: Bundle, member: str) -> str:
    """Say what can be done; where readings differ, which column's."""
    runtime = "another version of onnxruntime"
    if member != "decoder.onnx":
        return f"{runtime}, or train again with another --seed"
    rows = random_rows(run)
    decoded = bundle.decoder.run(latent=rows["latent"], noise=rows["noise"])["readings"]
    worst = int(np.argmax(decoded_differences(decoded, rows, run.scaler)))
    name, kind = run.station.names[worst], run.scaler.scale[worst]
    return (
        f"the column {name!r} differs most: write its values with less of an offset beside their spread, or with "
        f"another scale than {kind} in the station file; or {runtime}"
    )


def _random(run: Run, bundle: Bundle, scorers: dict[str, ScoringModel]) -> dict[str, float]:
    """Compare graph by graph, on rows that do not follow one another."""
    rows = random_rows(run)
    decoded = bundle.decoder.run(latent=rows["latent"], noise=rows["noise"])["readings"]
    codes = bundle.encoder.run(readings=rows["readings"])
    found = {
        "encoder.onnx": max(difference(value, rows[name], rows[f"{name}_coarseness"]) for name, value in codes.items()),
        "decoder.onnx": float(decoded_differences(decoded, rows, run.scaler).max()),
    }
    for name, model in scorers.items():
        outputs = model.network.run(features=rows[f"{name}/features"])
        gain = float(rows[f"{name}/gain"])
        found[f"{name}.onnx"] = max(
            difference(outputs["residuals"], rows[f"{name}/residuals"], rows[f"{name}/residuals_coarseness"]),
            *(
                root_difference(outputs[key], rows[f"{name}/{key}"], gain, rows[f"{name}/{key}_coarseness"])
                for key in ("contributions", "error")
            ),
        )
    return found
