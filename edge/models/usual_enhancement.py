"""Chooses the level above the background at which a gas exceeds, where nobody has chosen one."""

from __future__ import annotations

import math

SHARE = 0.5
"""Share of the background."""

_NORMAL = 1.2816, 3.0902  # quantiles .9 and .999 of the standard normal distribution
_STEPS = 3  # of the column
_SERIES = (1.0, 2.0, 5.0, 10.0)


def usual_enhancement(background: float, median: float | None = None, step: float = 0.0) -> float:
    """Return the usual enhancement: half the background, and at least what one clean reading in a thousand exceeds.

    The spread of clean readings is that of the lower half of all, which plumes do not reach: from the background, their
    10 % quantile, to the median as in a normal distribution, whose 99.9 % quantile then lies 3.41 times as far from the
    background. Three steps of the column are the least. The result is rounded to the nearest of 1, 2 and 5 times a
    power of ten: it is a default and no measurement.

    Parameters
    ----------
    background
        10 % quantile of the levels [unit of the gas].
    median
        Their median [the same unit]; ``None``: not known.
    step
        Least difference between two levels [the same unit].

    Examples
    --------
    >>> usual_enhancement(2007.0, 2465.0, 0.1), usual_enhancement(0.6, 1.8, 0.1), usual_enhancement(0.0, 0.0, 0.01)
    (1000.0, 5.0, 0.05)
    """
    clean = 0.0 if median is None else (median - background) * (1 + _NORMAL[1] / _NORMAL[0])
    least = max(SHARE * background, clean, _STEPS * step)
    if least <= 0:  # a constant column of zeros; anything exceeds
        return 1.0
    power = math.floor(math.log10(least))
    nearest = min(_SERIES, key=lambda each: abs(math.log(least) - math.log(each) - power * math.log(10.0)))
    return float(f"{nearest:g}e{power}")
