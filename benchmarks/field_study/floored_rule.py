"""The rule by which thresholds followed a station in version 0.2, against which that of today is measured."""

from __future__ import annotations

import math
from collections import deque

import numpy as np

from edge.arrays import Floats, Mask

FLOOR = 0.1
"""Least rate that the threshold may stand for, as a share of the requested one."""
_GAIN = 0.005
_FREEZE = 30  # readings for which the rate stays after an alarm opened
_HOLD, _CLEAR_AFTER = 30, 10  # least readings of an alarm, and readings clearly below after which it closes


class FlooredRule:
    """Adaptive conformal inference (Gibbs and Candes, 2021) with a floor, for one kind of alarm of one station.

    Parameters
    ----------
    rate
        Requested share of readings that exceed.

    Attributes
    ----------
    stands
        Whether an alarm stands.
    """

    def __init__(self, rate: float) -> None:
        self.stands = False
        self._requested = self._rate = rate
        self._frozen = self._readings = self._clearing = 0
        self._last: deque[bool] = deque(maxlen=5)

    def decide(self, score: float) -> bool:
        """Return whether a score, -log10 p, exceeds, and learn from it."""
        threshold = -math.log10(self._rate)
        exceeds = score >= threshold
        if self._frozen:
            self._frozen -= 1
        else:
            moved = self._rate + _GAIN * (self._requested - exceeds)
            self._rate = min(1.0, max(FLOOR * self._requested, moved))
        self._last.append(exceeds)
        if self.stands:
            self._readings += 1
            self._clearing = self._clearing + 1 if score < max(threshold - 0.5, threshold / 2) else 0
            if self._readings >= _HOLD and self._clearing >= _CLEAR_AFTER:
                self.stands = False
                self._last.clear()
        elif exceeds and sum(self._last) >= 3:
            self.stands, self._frozen, self._readings, self._clearing = True, _FREEZE, 0, 0
        return exceeds


def follow_floored(decades: Floats, rate: float) -> Mask:
    """Return which scores [N] exceed under this rule; a row without a score, nan, never does."""
    rule = FlooredRule(rate)
    exceeds = np.zeros(len(decades), dtype=bool)
    for row in np.flatnonzero(np.isfinite(decades)).tolist():
        exceeds[row] = rule.decide(float(decades[row]))
    return exceeds
