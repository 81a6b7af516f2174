"""Lone faults are found at their beginning as well as by the rule of version 0.2, of which a replica is kept here."""

from __future__ import annotations

import copy
import math
from collections import deque

import numpy as np
import pytest

from edge.arrays import Floats
from edge.scoring.adaptation import Adaptation

KIND = "consistency"


class Following:
    """The rule of today."""

    def __init__(self, rate: float) -> None:
        self.adaptation = Adaptation(rate)

    def opens(self, score: float) -> bool:
        stood = self.adaptation.stands
        self.adaptation.decide(KIND, score)
        self.adaptation.settle()
        return self.adaptation.stands and not stood


class Floored:
    """Adaptive conformal inference with a floor, whose rate was kept for 30 readings after an alarm opened."""

    def __init__(self, rate: float) -> None:
        self.requested = self.rate = rate
        self.frozen = self.readings = self.clearing = 0
        self.stands = False
        self.last: deque[bool] = deque(maxlen=5)

    def opens(self, score: float) -> bool:
        threshold = -math.log10(self.rate)
        exceeds = score >= threshold
        if self.frozen:
            self.frozen -= 1
        else:
            self.rate = min(1.0, max(0.1 * self.requested, self.rate + 0.005 * (self.requested - exceeds)))
        self.last.append(exceeds)
        if self.stands:
            self.readings += 1
            self.clearing = self.clearing + 1 if score < max(threshold - 0.5, threshold / 2) else 0
            if self.readings >= 30 and self.clearing >= 10:
                self.stands = False
                self.last.clear()
        elif exceeds and sum(self.last) >= 3:
            self.stands, self.frozen, self.readings, self.clearing = True, 30, 0, 0
            return True
        return False


def share_found(rule: Following | Floored, scores: Floats, faults: dict[int, Floats]) -> float:
    found = 0
    for row, score in enumerate(scores.tolist()):
        if row in faults:
            fork = copy.deepcopy(rule)
            found += any(fork.opens(each) for each in faults[row].tolist())
        rule.opens(score)
    return found / len(faults)


@pytest.mark.parametrize(("rate", "less"), [(0.01, 0.08), (0.001, 0.0)])
@pytest.mark.parametrize("usual", [0.25, 0.434])
def test_lone_faults_are_found_as_by_the_floored_rule(usual: float, rate: float, less: float) -> None:
    random = np.random.default_rng(7)
    scores = random.exponential(usual, 9000)
    faults = {
        int(row): random.exponential(usual, 30) + random.uniform(0.5, 4.0) for row in random.integers(2000, 9000, 120)
    }
    now, before = (share_found(rule(rate), scores, faults) for rule in (Following, Floored))
    assert now >= before - less
    assert now > 0.1
