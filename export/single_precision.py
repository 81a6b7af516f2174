"""Estimates what single precision makes of a network's outputs, so that no more than that is asked of a processor."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from numpy.typing import ArrayLike
from torch import nn

from edge.arrays import AnyFloats, Floats
from edge.bundles.golden import TOLERANCE
from export.errors import ExportError

UNIT = 2.0**-24
"""Largest relative error of one rounding in single precision."""
MARGIN = 8.0
"""How many times the estimated error a difference may be: the estimate is a standard deviation, not a bound."""
_STEEPEST = 1.1  # slope of a SiLU, at most; a ReLU's is 1


def rounding_error(modules: Iterable[nn.Module], rows: AnyFloats, error: ArrayLike) -> tuple[Floats, Floats]:
    """Run linear layers and activations in double precision, and estimate the errors of single precision beside them.

    Every partial sum of a product is rounded, each by at most its size times 2**-24, and the errors of the inputs pass
    through the weights; independent errors add by their squares (Higham and Mary, SIAM Journal on Scientific Computing
    41, 2019, A2815-A2835, with a standard deviation in place of their bound).

    Parameters
    ----------
    modules
        Linear, ReLU and SiLU layers.
    rows
        Their inputs [N, I].
    error
        Errors of the inputs, which broadcast to [N, I].

    Returns
    -------
    tuple
        Outputs [N, O] and their errors [N, O].
    """
    values = np.asarray(rows, dtype=np.float64)
    errors = np.broadcast_to(np.asarray(error, dtype=np.float64), values.shape)
    for module in modules:
        if isinstance(module, nn.Linear):
            weight, bias = (part.detach().double().numpy() for part in (module.weight, module.bias))
            size = np.abs(values) @ np.abs(weight.T) + np.abs(bias)
            errors = np.sqrt(np.square(errors) @ np.square(weight.T) + np.square(UNIT * size) * weight.shape[1])
            values = values @ weight.T + bias
        elif isinstance(module, nn.ReLU | nn.SiLU):
            values = np.maximum(values, 0.0) if isinstance(module, nn.ReLU) else values * _logistic(values)
            errors = _STEEPEST * errors + UNIT * np.abs(values)
        else:
            raise ExportError(f"got a layer {type(module).__name__}, expected Linear, ReLU or SiLU")
    return values, np.asarray(errors)


def coarseness(error: AnyFloats) -> Floats:
    """Return by how much differences are divided before they are compared with the tolerance, of any shape.

    It is 1 where the estimated error is small beside the tolerance, and otherwise grows with it: by powers of two, so
    that every processor finds the same number.
    """
    needed = np.maximum(MARGIN * np.asarray(error, dtype=np.float64) / TOLERANCE, 1.0)
    return np.exp2(np.ceil(np.log2(needed)))


def _logistic(values: Floats) -> Floats:
    return np.asarray(1 / (1 + np.exp(-np.clip(values, -700, 700))))
