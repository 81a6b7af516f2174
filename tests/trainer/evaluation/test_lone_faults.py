"""Lone faults are found at their beginning as well as by the rule of version 0.2, a replica of which is kept."""

from __future__ import annotations

import copy

import numpy as np
import pytest
from field_study.floored_rule import FlooredRule

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
    """The rule of version 0.2."""

    def __init__(self, rate: float) -> None:
        self.rule = FlooredRule(rate)

    def opens(self, score: float) -> bool:
        stood = self.rule.stands
        self.rule.decide(score)
        return self.rule.stands and not stood


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
