"""A scoring model as numbers and words: what a bundle holds of it, beside its network."""

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
    """Return the numbers of a model, for an npz; the words are its :class:`edge.bundles.manifest.ScoringSpec`.

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


def from_arrays(fitted: ScoringSpec, station: Station, arrays: Arrays, network: Runtime) -> ScoringModel:
    """Put a model together again.

    Parameters
    ----------
    fitted
        Its words.
    station
        Whose columns are meant.
    arrays
        What :func:`to_arrays` gave.
    network
        Its network.

    Raises
    ------
    KeyError, ValueError
        Something is missing, or does not fit together.
    """
    size = len(fitted.keys)
    spread = np.asarray(arrays["spread"], dtype=np.float64)
    if spread.shape != (size,) or not ((spread > 0) & np.isfinite(spread)).all():
        raise ValueError(f"spread: expected {size} positive numbers")
    consistency = ConsistencyModel.from_arrays(subtree(arrays, "consistency"))
    if len(consistency.spread) != size:
        raise ValueError(f"consistency: got {len(consistency.spread)} columns, expected {size}")
    virtual = VirtualGas.from_arrays(subtree(arrays, "virtual"), fitted.responsive) if fitted.responsive else None
    knots = subtree(arrays, "table")
    needed = CALIBRATED if virtual is None else (*CALIBRATED, "onset")
    return ScoringModel(
        keys=fitted.keys,
        columns=tuple(station.keys.index(key) for key in fitted.keys),
        scaler=fitted.scaler,
        window=fitted.recenter,
        consistency=consistency,
        network=network,
        raw=fitted.raw,
        spread=spread,
        tables={name: PValueTable(*knots[name]) for name in needed},
        virtual=virtual,
        domain=fitted.domain,
    )


def subtree(arrays: Arrays, name: str) -> Arrays:
    """Return the arrays whose names begin with ``name/``, without it."""
    return {key.removeprefix(f"{name}/"): array for key, array in arrays.items() if key.startswith(f"{name}/")}
