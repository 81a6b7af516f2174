"""ModelSwitch: lets another bundle score a station, by one atomic step."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from msgspec.structs import replace

from config.settings.rollout import RolloutSettings
from edge.agent.model_book import ModelBook
from edge.agent.prepared_model import PreparedModel
from edge.agent.station import LiveStation, StationGroup
from edge.clock import Clock, rfc3339
from edge.log import Log
from edge.rollout.model_index import KeptModel, StationModels
from edge.rollout.model_message import Outcome
from edge.rollout.shadow_counts import ShadowCounts
from edge.scoring.scorer import SCORED


class ModelReturn(NamedTuple):
    """A return to a bundle that is kept.

    Parameters
    ----------
    to
        The bundle; ``None``: gateway.yaml's.
    outcome
        By a request, or by itself.
    reason
        Why; ``None``: it was requested.
    """

    to: KeptModel | None
    outcome: Outcome
    reason: str | None


class ModelSwitch:
    """Lets a bundle run that was prepared: the index names it, by one rename, and then the station has it.

    Parameters
    ----------
    book
        Writes the index.
    base_of
        Returns the group of a station's entry, with gateway.yaml's bundle.
    settings
        For how long an activated bundle is watched.
    log, clock
        Report and date what happens.
    """

    def __init__(
        self,
        book: ModelBook,
        base_of: Callable[[LiveStation], StationGroup],
        settings: RolloutSettings,
        *,
        log: Log,
        clock: Clock,
    ) -> None:
        self._book = book
        self._base_of = base_of
        self._watched = settings.watched_readings
        self._log = log
        self._clock = clock

    def activate(self, station: LiveStation, prepared: PreparedModel, counts: ShadowCounts) -> None:
        """Let the bundle in shadow run; raises OSError, and then the one before runs on."""
        models, bundle = self._book.of(station), prepared.group.bundle
        waiting = models.waiting
        assert waiting is not None
        models.activate(waiting.kept(bundle.id, bundle.manifest.created, rfc3339(self._clock.now())))
        models.watched = self._watched
        models.before = {kind: counts.running.table_rate(kind) for kind in SCORED}
        comparison = counts.comparison if counts.readings else None
        self._book.note(models, "activated", bundle.id, comparison=comparison)
        self._switch(station, prepared, models)

    def go_back(self, station: LiveStation, prepared: PreparedModel, back: ModelReturn) -> None:
        """Let the bundle before run again; raises OSError, and then the present one runs on."""
        models = self._book.of(station)
        left = station.group.bundle.id
        models.go_back(back.to)
        self._book.note(models, back.outcome, left, reason=back.reason)
        self._switch(station, prepared, models)
        if back.outcome == "went back":
            sentence = f"the bundle {left} went back to {station.group.bundle.id} by itself: {back.reason}"
            station.health.report(self._log, station.name, "model", sentence)

    def _switch(self, station: LiveStation, prepared: PreparedModel, models: StationModels) -> None:
        """Write what runs from now on, then let it run."""
        before, waited = (station.group, station.state, station.guard), station.waiting
        models.configured = self._base_of(station).bundle.id
        prepared.take_over(station, self._log)
        if models.waiting is None:
            station.waiting = None
        else:  # its shadow begins again, beside another one
            models.waiting = replace(models.waiting, counts=None)
        try:
            self._book.write(station, models)
        except OSError:
            station.group, station.state, station.guard = before
            station.waiting = waited
            raise
