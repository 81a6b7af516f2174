"""ShadowCounts: what the running bundle and the waiting one have found on the same readings, kept over a restart."""

from __future__ import annotations

import msgspec

from edge.rollout.model_message import ModelComparison
from edge.rollout.model_tally import ModelTally
from edge.scoring.decision import Decision


class ShadowCounts(msgspec.Struct, kw_only=True):
    """Counts of the readings that both have scored.

    Parameters
    ----------
    beside
        Id of the running bundle.
    running, waiting
        What each of them has done.

    Attributes
    ----------
    readings
        Readings that both have scored.
    agreed
        Those of them on which both exceed alike.
    only_running, only_waiting
        Those on which only one of them exceeds.
    """

    beside: str
    running: ModelTally
    waiting: ModelTally
    readings: int = 0
    agreed: int = 0
    only_running: int = 0
    only_waiting: int = 0

    def goes_on(self, beside: str, running_rate: float, waiting_rate: float) -> bool:
        """Return whether they still count beside this running bundle, with these requested rates."""
        return (self.beside, self.running.rate, self.waiting.rate) == (beside, running_rate, waiting_rate)

    def add(self, running: Decision, waiting: Decision, *, opened: bool) -> None:
        """Count both decisions about one reading, and whether an alarm of the running bundle has opened."""
        self.readings += 1
        self.running.count(running)
        self.running.alarms += opened
        self.waiting.count(waiting)
        if running.exceeds == waiting.exceeds:
            self.agreed += 1
        elif not waiting.exceeds:
            self.only_running += 1
        elif not running.exceeds:
            self.only_waiting += 1

    @property
    def comparison(self) -> ModelComparison:
        """What both have found so far, as it is published."""
        return ModelComparison(
            readings=self.readings,
            agreement=round(self.agreed / self.readings, 4) if self.readings else None,
            only_running=self.only_running,
            only_waiting=self.only_waiting,
            running=self.running.rates(self.readings),
            waiting=self.waiting.rates(self.readings),
        )
