"""Holds one number of an evaluation against the value that it has to reach."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Literal, NamedTuple


class Goal(NamedTuple):
    """One measured number and the value that it has to reach, by default from above."""

    name: str
    got: float
    wanted: float
    sense: Literal[">=", "<="] = ">="

    @property
    def met(self) -> bool:
        """Whether the number reaches the value."""
        return self.got >= self.wanted if self.sense == ">=" else self.got <= self.wanted


def goal_lines(goals: Sequence[Goal]) -> Iterator[str]:
    """Yield how many goals are met, then each goal with its outcome."""
    yield f"The least to reach on the reference record: {sum(goal.met for goal in goals)} of {len(goals)}"
    yield ""
    for goal in goals:
        outcome = "pass" if goal.met else "FALLS SHORT"
        yield f"{goal.name:<50}{goal.got:>9.4f}  {goal.sense} {goal.wanted:<6g} {outcome}"
