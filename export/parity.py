"""Parity: ONNX Runtime, in the sessions of the gateway, gives what torch gives."""

from __future__ import annotations

from edge.bundle import Bundle
from edge.golden import TOLERANCE, differences
from export.errors import ParityError
from export.golden import random_rows
from trainer.run import Run


def check(run: Run, bundle: Bundle) -> dict[str, dict[str, float]]:
    """Compare the bundle's graphs with the run's networks.

    Parameters
    ----------
    run
        The torch networks.
    bundle
        Made from them.

    Returns
    -------
    dict
        Member -> ``golden`` and ``random`` -> the largest difference in scaled space; see
        :func:`edge.golden.difference`.

    Raises
    ------
    ParityError
        One of them exceeds 1e-5.
    """
    found: dict[str, dict[str, float]] = {}
    for kind, rows in {"golden": bundle.golden, "random": random_rows(run)}.items():
        worst = differences(
            rows,
            encoder=bundle.encoder,
            decoder=bundle.decoder,
            scorer=bundle.scorer,
            scaler=run.scaler,
            p_values=bundle.p_values,
        )
        for member, value in worst.items():
            found.setdefault(member, {})[kind] = value
    for member, by_kind in found.items():
        for kind, value in by_kind.items():
            if not value <= TOLERANCE:
                raise ParityError(
                    f"{member}: got {kind} rows that differ by {value:.1e} between torch and ONNX Runtime, "
                    f"expected at most {TOLERANCE:.0e}; fix: another version of onnxruntime, or train again"
                )
    return found
