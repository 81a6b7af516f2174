"""Chooses the level above the background at which a gas exceeds, where nobody has chosen one."""

from __future__ import annotations

import math

SHARE = 0.5
"""Share of the background."""

_NORMAL = -1.2816, -0.6745, 3.0902  # quantiles .1, .25 and .999 of the standard normal distribution
_STEPS = 5  # of the column
_SERIES = (1.0, 2.0, 5.0, 10.0)


def usual_enhancement(background: float, quartile: float | None = None, step: float = 0.0) -> float:
    """Return the usual enhancement: half the background, and at least what one clean reading in a thousand exceeds.

    The spread of clean readings is that of the lower quarter of all, which plumes do not reach: from the background,
    their 10 % quantile, to the lower quartile as in a normal distribution, whose 99.9 % quantile then lies 7.2 times as
    far from the background. Five steps of the column are the least. The result is rounded to the nearest of 1, 2 and
    5 times a power of ten: it is a default and no measurement.

    Parameters
    ----------
    background
        10 % quantile of the levels [unit of the gas].
    quartile
        Their lower quartile [the same unit]; ``None``: not known.
    step
        Least difference between two levels [the same unit].

    Examples
    --------
    >>> usual_enhancement(2007.0, 2147.0, 0.1), usual_enhancement(0.6, 1.1, 0.1), usual_enhancement(0.0, 0.0, 0.01)
    (1000.0, 5.0, 0.05)
    """
    low, lower, high = _NORMAL
    clean = 0.0 if quartile is None else (quartile - background) * (high - low) / (lower - low)
    least = max(SHARE * background, clean, _STEPS * step)
    if least <= 0:  # a constant column of zeros; anything exceeds
        return 1.0
    power = math.floor(math.log10(least))
    nearest = min(_SERIES, key=lambda each: abs(math.log(least) - math.log(each) - power * math.log(10.0)))
    return float(f"{nearest:g}e{power}")
