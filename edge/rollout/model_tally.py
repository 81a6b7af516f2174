"""ModelTally: how often one bundle exceeds and alarms."""

from __future__ import annotations

import math

import msgspec

from edge.rollout.model_message import ModelRates
from edge.scoring.decider import QUIET
from edge.scoring.decision import Decision
from edge.scoring.scorer import SCORED


def _none_yet() -> dict[str, int]:
    return dict.fromkeys(SCORED, 0)


class ModelTally(msgspec.Struct):
    """Counts of the readings that one bundle has scored.

    What reaches the threshold of the training is counted without plumes that an analyser measures: they are real, and
    no fault of the bundle.

    Parameters
    ----------
    rate
        Requested share of readings that exceed by chance, in (0, 1].

    Attributes
    ----------
    scored
        Kind -> readings with a score, without a measured plume.
    by_table
        Kind -> those of them whose score reaches the threshold of the training.
    exceeds
        Kind -> readings that exceed.
    alarms
        Alarms that have opened.
    """

    rate: float
    scored: dict[str, int] = msgspec.field(default_factory=_none_yet)
    by_table: dict[str, int] = msgspec.field(default_factory=_none_yet)
    exceeds: dict[str, int] = msgspec.field(default_factory=_none_yet)
    alarms: int = 0

    def count(self, decision: Decision) -> None:
        """Count a reading in order, of a station that has warmed up."""
        for kind in decision.exceeds:
            self.exceeds[kind] += 1
        level, background = decision.context.level, decision.context.background
        if level is not None and background is not None and level >= QUIET * background:
            return
        scores, threshold = decision.scores, -math.log10(self.rate)
        for kind, score in (
            ("methane", scores.onset),
            ("consistency", scores.consistency),
            ("reconstruction", scores.reconstruction),
        ):
            if score == score:  # noqa: PLR0124  # the fast test for nan
                self.scored[kind] += 1
                if score >= threshold:
                    self.by_table[kind] += 1

    def table_rate(self, kind: str) -> float:
        """Return the share of readings whose score reaches the threshold of the training."""
        return self.by_table[kind] / max(1, self.scored[kind])

    def rates(self, readings: int) -> ModelRates:
        """Return how often the bundle exceeds, of so many readings."""
        return ModelRates(
            by_table_per_1000={kind: _per_1000(count, self.scored[kind]) for kind, count in self.by_table.items()},
            exceedances_per_1000={kind: _per_1000(count, readings) for kind, count in self.exceeds.items()},
            alarms=self.alarms,
        )


def _per_1000(count: int, of: int) -> float:
    return round(1000 * count / max(1, of), 2)
