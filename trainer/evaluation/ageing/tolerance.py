"""How many exceedances a budget allows in a stretch, chance included."""

from __future__ import annotations

from scipy.stats import poisson

ALLOWED = 1.5
"""Most realised rate, in requested ones."""
CHANCE = 0.001
"""Share of stretches that break the budget by chance alone, at the largest rate that is allowed."""
TOGETHER = 2
"""Exceedances that come together: what makes one reading unusual is still in the memory at the next."""


def most_allowed(readings: int, requested: float) -> int:
    """Return the most exceedances among so many readings that still keep a requested rate.

    A station that exceeds at 1.5 times the requested rate, in pairs, has more in one stretch of a thousand. Without
    that room a short stretch would break the budget by a single reading: at 0.1 %, 700 readings are expected to have
    .7.

    Parameters
    ----------
    readings
        Undisturbed readings with a score.
    requested
        Requested share of readings that exceed.
    """
    return TOGETHER * int(poisson.ppf(1 - CHANCE, ALLOWED * requested * readings / TOGETHER))
