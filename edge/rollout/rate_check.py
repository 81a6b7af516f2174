"""How surely a number of exceedances is more, or less, than a requested rate allows."""

from __future__ import annotations

import math

_SURE = 0.001  # probability, at the limit, of as many exceedances or more: 1 of 1,000 sound bundles is taken back
_MANY = 500.0  # expected exceedances from which a normal distribution stands for Poisson's


def too_many(count: int, readings: int, rate: float) -> bool:
    """Return whether exceedances are surely more than a rate gives.

    Parameters
    ----------
    count
        Exceedances.
    readings
        Readings.
    rate
        Largest share of readings that may exceed.

    Examples
    --------
    >>> too_many(5, 500, 0.005), too_many(10, 500, 0.005)
    (False, True)
    """
    mean = readings * min(rate, 1.0)
    return count > mean and _at_least(count, mean) < _SURE


def too_few(count: int, readings: int, rate: float) -> bool:
    """Return whether exceedances are surely fewer than a rate gives.

    Examples
    --------
    >>> too_few(0, 500, 0.001), too_few(0, 10_000, 0.001)
    (False, True)
    """
    mean = readings * min(rate, 1.0)
    return count < mean and 1.0 - _at_least(count + 1, mean) < _SURE


def _at_least(count: int, mean: float) -> float:
    """Return the probability of ``count`` events or more where ``mean`` are expected (Poisson)."""
    if mean <= 0:
        return 1.0 if count <= 0 else 0.0
    if mean > _MANY:
        return 0.5 * math.erfc((count - 0.5 - mean) / math.sqrt(2 * mean))
    term = below = math.exp(-mean)
    if count <= 0:
        return 1.0
    for number in range(1, count):
        term *= mean / number
        below += term
    return max(0.0, 1.0 - below)
