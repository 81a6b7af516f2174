"""Rounds numbers, so that the last bits, which depend on the processor, do not reach a file."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from edge.arrays import Floats
from edge.models.scaler import Scaler

COARSE = 2.0**-12
"""Step of inputs that are made up, such as codes: none of them has to have a certain value."""
FINE = 2.0**-20
"""Step of expected outputs: half of it is a twentieth of the parity gate's tolerance."""


def rounded(values: ArrayLike, step: float) -> Floats:
    """Round to multiples of a step that grows with the value, which is a fixed number of binary digits from 1 on.

    All steps are powers of two: nothing in here is inexact but ``rint``, and every processor gives the same.

    Parameters
    ----------
    values
        Any shape.
    step
        A power of two: the step below 2; from there on it doubles with the value. No value moves by more than half a
        step, relative to itself where it exceeds 1.

    Examples
    --------
    >>> rounded([0.3, 1.3, 5.3], 0.25)
    array([0.25, 1.25, 5.  ])
    """
    wide = np.asarray(values, dtype=np.float64)
    steps = np.ldexp(step, np.maximum(np.frexp(wide)[1] - 1, 0))
    return np.asarray(np.rint(wide / steps) * steps)


def rounded_squares(squares: ArrayLike, gain: float, step: float) -> Floats:
    """Round whitened squares by their roots, in parts of the whitening's largest gain.

    Parameters
    ----------
    squares
        Any shape.
    gain
        As :func:`edge.bundles.golden.root_difference` has it.
    step
        As of :func:`rounded`.
    """
    unit = _power_below(gain)
    return np.square(rounded(np.sqrt(squares) / unit, step) * unit)


def rounded_readings(readings: ArrayLike, scaler: Scaler, step: float) -> Floats:
    """Round readings [N, F] in their units, by steps that are no larger than the given one in scaled space.

    Parameters
    ----------
    readings
        In the station's units.
    scaler
        Leads to the space in which the step is meant. The readings themselves are not mapped there and back, since
        logarithms and exponential functions differ from processor to processor.
    step
        A power of two.
    """
    wide = np.asarray(readings, dtype=np.float64)
    steps = step * _power_below(np.array(scaler.std)) * np.where(scaler.is_log, _power_below(wide), 1.0)
    return np.asarray(np.rint(wide / steps) * steps)


def _power_below(values: ArrayLike) -> Floats:
    """Return the largest power of two that does not exceed each value's size; 1/2 of 0."""
    return np.asarray(np.ldexp(1.0, np.frexp(np.asarray(values, dtype=np.float64))[1] - 1))
