"""Fixes how fast a threshold moves for a requested rate, and which alarm it waits for."""

from __future__ import annotations

import math
from functools import lru_cache

from config.settings.alarms import AlarmRule

NORMAL_AFTER = 3000
"""Readings after which an alarm that still stands is taken as normal."""

_STEP, _STEP_AT = 0.25, 1.0  # [decades] an exceedance moves the threshold at a requested rate of .1; doubled per decade
_MOST_STEP = 4.0  # [decades]; nobody can wait for the exceedances of a smaller rate
_LOWEST = -13.0  # [decades] of steps; far beyond those at which every score exceeds
HIGHEST = 50.0
"""Most steps that a threshold rises by [decades]; far beyond those at which no score exceeds."""
_REFILL = 0.05  # share of the requested rate that is set aside for the way back after an alarm


class Pace:
    """What a requested rate and an alarm rule fix for one kind; stations share it.

    Parameters
    ----------
    rate
        Requested share of readings that exceed, in (0, 1].
    rule
        When the kind's alarm opens and closes.
    highest
        Most steps that the threshold rises by [decades].

    Attributes
    ----------
    rate
        The requested rate.
    base
        Threshold before anything is learnt: -log10 of the rate.
    step
        By how much the threshold rises with an exceedance [decades]: ``.25 * 2 ** (base - 1)``, at most 4.
    least, most
        Range of the debt.
    refill
        What every reading adds to the steps that may be taken back after an alarm.
    rule
        The alarm rule.
    recent
        Mask of the last n readings.
    delay
        Number of readings, n - 1, before the threshold learns from one, so that m of n can open an alarm first.
    waiting
        Mask of the readings that wait to be learnt.
    clearing
        Mask of the last readings, twice ``clear_after``, by which an alarm fades.
    """

    __slots__ = ("base", "clearing", "delay", "least", "most", "rate", "recent", "refill", "rule", "step", "waiting")

    def __init__(self, rate: float, rule: AlarmRule, highest: float = HIGHEST) -> None:
        self.rate = rate
        self.base = -math.log10(rate) + 0.0
        self.step = min(_MOST_STEP, _STEP * 2 ** (self.base - _STEP_AT))
        self.least, self.most = _LOWEST / self.step, highest / self.step
        self.refill = _REFILL * rate
        self.rule = rule
        self.recent = (1 << rule.n) - 1
        self.delay = rule.n - 1
        self.waiting = (1 << self.delay) - 1
        self.clearing = (1 << 2 * rule.clear_after) - 1


@lru_cache(maxsize=64)
def pace_of(rate: float, rule: AlarmRule, highest: float = HIGHEST) -> Pace:
    """Return the pace of a requested rate, an alarm rule and a limit; the same object for the same ones."""
    return Pace(rate, rule, highest)
