"""Converts a scoring model to the arrays that a bundle stores, and back."""

from __future__ import annotations

import numpy as np

from config.settings.station import Station
from edge.arrays import Arrays
from edge.bundles.manifest import ScoringSpec
from edge.models.consistency import ConsistencyModel
from edge.models.pvalue import PValueTable
from edge.models.runtime import Runtime
from edge.models.scoring_model import CALIBRATED, ScoringModel
from edge.models.virtual_gas import VirtualGas


def to_arrays(model: ScoringModel) -> Arrays:
    """Return the arrays of a model, for an npz; the rest is in its :class:`edge.bundles.manifest.ScoringSpec`.

    Returns
    -------
    dict
        ``spread`` [F], ``consistency/...`` in double precision, ``table/NAME`` [2, K] (knots and -log10 p) in single,
        and with virtual gas ``virtual/...``.
    """
    arrays: Arrays = {"spread": model.spread}
    arrays |= {f"consistency/{name}": array for name, array in model.consistency.arrays().items()}
    arrays |= {f"table/{name}": table.knots.astype(np.float32) for name, table in model.tables.items()}
    if model.virtual is not None:
        arrays |= {f"virtual/{name}": array for name, array in model.virtual.arrays().items()}
    return arrays


def from_arrays(spec: ScoringSpec, station: Station, arrays: Arrays, network: Runtime) -> ScoringModel:
    """Restore a model.

    Parameters
    ----------
    spec
        Its description.
    station
        Its station.
    arrays
        The arrays from :func:`to_arrays`.
    network
        Its network.

    Raises
    ------
    KeyError, ValueError
        An array is missing, or does not fit the others.
    """
    size = len(spec.keys)
    spread = np.asarray(arrays["spread"], dtype=np.float64)
    if spread.shape != (size,) or not ((spread > 0) & np.isfinite(spread)).all():
        raise ValueError(f"spread: expected {size} positive numbers")
    consistency = ConsistencyModel.from_arrays(subtree(arrays, "consistency"))
    if len(consistency.spread) != size:
        raise ValueError(f"consistency: got {len(consistency.spread)} columns, expected {size}")
    virtual = VirtualGas.from_arrays(subtree(arrays, "virtual"), spec.responsive) if spec.responsive else None
    knots = subtree(arrays, "table")
    needed = CALIBRATED if virtual is None or spec.onset_refused is not None else (*CALIBRATED, "onset")
    return ScoringModel(
        keys=spec.keys,
        columns=tuple(station.keys.index(key) for key in spec.keys),
        scaler=spec.scaler,
        windows=spec.windows,
        consistency=consistency,
        network=network,
        raw=spec.raw,
        spread=spread,
        tables={name: PValueTable(*knots[name]) for name in needed},
        virtual=virtual,
        domain=spec.domain,
    )


def subtree(arrays: Arrays, name: str) -> Arrays:
    """Return the arrays whose names begin with ``name/``, by the rest of their names."""
    return {key.removeprefix(f"{name}/"): array for key, array in arrays.items() if key.startswith(f"{name}/")}
