"""Rollouts: lets bundles that were pushed wait, run and go back at their stations."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from msgspec.structs import replace

from config.settings.gateway import Gateway
from edge.agent.model_book import ModelBook
from edge.agent.model_groups import ModelGroups
from edge.agent.model_preparation import ModelPreparation
from edge.agent.prepared_model import PreparedModel
from edge.agent.station import LiveStation, StationGroup
from edge.agent.stations import Stations
from edge.alarms.panel import AlarmPanel
from edge.clock import Clock, rfc3339
from edge.errors import BundleError, JournalError
from edge.journal.journal import Journal
from edge.journal.transaction import Transaction
from edge.log import ONCE_A_MINUTE, Log
from edge.rollout.model_folder import ModelFolder
from edge.rollout.model_index import KeptModel, StationModels, sha256_of
from edge.rollout.model_message import Outcome
from edge.rollout.trial import Probation, Shadow
from edge.rollout.worker import Worker
from edge.scoring.scorer import SCORED

_LOOK_EVERY = 20  # readings of a bundle that is watched between two looks at its rates
_RETRY = 10.0  # [s] until a journal or an index that has failed is tried again
_PUBLISHED = 20  # times that the progress of a shadow is published


class _Return(NamedTuple):
    to: KeptModel | None
    outcome: Outcome
    reason: str | None


class Rollouts:
    """The bundles of all stations.

    A bundle that waits is verified, and its state rebuilt, in the background; it scores in shadow; then it becomes
    active: the index names it, by one rename, and from the next reading on the station has its group and its state.

    Parameters
    ----------
    gateway, stations
        Settings, and all stations.
    journal, folder
        States are rebuilt from the journal's readings; bundles lie in the folder.
    announce
        Publishes which bundle scores a station, and which waits.
    worker, clock
        Does what takes long; dates what happens.

    Attributes
    ----------
    book
        What is written of the stations' bundles.
    """

    def __init__(
        self,
        gateway: Gateway,
        stations: Stations,
        journal: Journal,
        folder: ModelFolder,
        announce: Callable[[LiveStation], None],
        *,
        worker: Worker,
        clock: Clock,
    ) -> None:
        self._gateway = gateway
        self._settings = gateway.rollout
        self._stations = stations
        self._announce = announce
        self._clock = clock
        self._log = Log("models", clock)
        self.book = ModelBook(folder, announce, self._log, clock)
        self._groups = ModelGroups(gateway, stations, folder)
        self._preparation = ModelPreparation(stations, journal, self._groups, worker)
        self._prepared: dict[str, PreparedModel] = {}
        self._returns: dict[str, _Return] = {}
        self._trials: dict[str, LiveStation] = {}
        self._looked: dict[str, int] = {}
        self._not_before = 0.0
        stations.choose_group = self._groups.begin

    @property
    def busy(self) -> bool:
        """Whether something is done in the background that a turn should look at soon."""
        return self._preparation.busy

    def base_of(self, station: LiveStation) -> StationGroup:
        """Return the group of a station's entry, with gateway.yaml's bundle."""
        return self._preparation.base_of(station)

    def replace_waiting(self, station: LiveStation, models: StationModels) -> None:
        """Let the bundle wait that ``models`` names, in place of another one (OSError if that cannot be written)."""
        self._end_trial(station)
        station.waiting = None
        self.book.write(station, models)
        station.health.clear("model")

    def hurry(self, station: LiveStation) -> None:
        """Let the bundle that waits become active without more of a shadow (OSError if that cannot be written)."""
        models = self.book.of(station)
        assert models.waiting is not None
        models.waiting = replace(models.waiting, shadow=0)
        self.book.write(station, models)
        if isinstance(station.trial, Shadow):
            station.trial.of = 0

    def go_back(self, station: LiveStation, to: KeptModel | None, outcome: Outcome, reason: str | None = None) -> None:
        """Let a station go back to a bundle that is kept, as soon as its state has been rebuilt."""
        if station.name not in self._returns:
            self._end_trial(station)
            self._returns[station.name] = _Return(to, outcome, reason)

    def rescue(self, station: LiveStation, error: Exception, transaction: Transaction) -> bool:
        """Let a station whose bundle fails while it is watched go back at once; returns whether it has."""
        if not isinstance(station.trial, Probation):
            return False
        to = next(iter(self.book.of(station).previous), None)
        back = _Return(to, "went back", f"it failed: {type(error).__name__}: {error}")
        try:
            prepared = self._preparation.prepare_now(station, sha256_of(to), transaction)
            self._return(station, prepared, back)
        except (BundleError, JournalError, OSError) as refused:
            self._log.error("a bundle fails, and the one before cannot be used", detail=str(refused))
            return False
        return True

    def shift_clock(self, seconds: float) -> None:
        """Shift the last arrival in the states of bundles in shadow by as much as the wall clock has jumped [s]."""
        for station in self._trials.values():
            if isinstance(station.trial, Shadow):
                station.trial.state.shift_clock(seconds)

    def turn(self, transaction: Transaction) -> list[LiveStation]:
        """Go on with what waits; returns the stations that have another bundle from their next reading on.

        Call it between the readings of a turn and its commit.
        """
        for station, result in self._preparation.take():
            self._take(station, result)
        switched: list[LiveStation] = []
        if self._clock.monotonic() >= self._not_before:
            try:
                names = dict.fromkeys([*self._returns, *self.book.unsettled()])
                known = [self._stations[name] for name in names if name in self._stations]
                switched += [station for station in known if self._go_on(station, transaction)]
                switched += [station for station in list(self._trials.values()) if self._look(station)]
            except (JournalError, OSError) as error:
                self._not_before = self._clock.monotonic() + _RETRY
                self._log.error("bundles wait", every=ONCE_A_MINUTE, detail=str(error))
        return switched

    def close(self) -> None:
        """End what is done in the background."""
        self._preparation.close()

    def _go_on(self, station: LiveStation, transaction: Transaction) -> bool:
        """Prepare what a station waits for, or begin with it; returns whether another bundle runs."""
        name, models, back = station.name, self.book.of(station), self._returns.get(station.name)
        if station.row is not None or name in self._preparation or isinstance(station.trial, Shadow):
            return False
        if models.watched and station.trial is None and back is None:  # after a restart
            self._watch(station, models.watched, {})
        prepared = self._prepared.get(name)
        if prepared is not None:
            self._preparation.catch_up(prepared, station, transaction)
            if back is not None:
                self._return(station, prepared, back)
                return True
            self._begin_shadow(station, prepared, models)
        elif back is not None:
            self._preparation.start(station, sha256_of(back.to), transaction, new=False)
        elif (waiting := models.waiting) is not None and self.book.folder.has(waiting):
            self._preparation.start(station, waiting.sha256, transaction, new=True, force=waiting.force)
        return False

    def _take(self, station: LiveStation, result: PreparedModel | str) -> None:
        """Take what was prepared, or why it could not be."""
        if isinstance(result, PreparedModel):
            self._prepared[station.name] = result
        elif self._returns.pop(station.name, None) is not None:
            sentence = f"the bundle before cannot be used, so the present one stays: {result}"
            station.health.report(self._log, station.name, "model", sentence)
        elif (waiting := self.book.of(station).waiting) is not None:
            self.book.refuse(station, waiting.sha256[:12], result)

    def _begin_shadow(self, station: LiveStation, prepared: PreparedModel, models: StationModels) -> None:
        assert models.waiting is not None
        scorer, panel = prepared.group.scorer, AlarmPanel(self._gateway.alarms, self._clock)
        rate, of = station.group.scorer.rate, models.waiting.shadow
        station.trial = Shadow(scorer, prepared.state, panel, station.name, of=of, running_rate=rate)
        station.waiting = prepared.group.bundle.id
        self._trials[station.name] = station
        self._keep_groups()
        self._log.info("bundle in shadow", station=station.name, bundle=station.waiting, readings=of)
        self._announce(station)

    def _look(self, station: LiveStation) -> bool:
        """Look at a bundle on trial; returns whether another bundle runs. Raises OSError."""
        trial, name = station.trial, station.name
        if trial is None or name not in self._stations:
            self._end_trial(station)
            return False
        since = trial.readings - self._looked.get(name, 0)
        if isinstance(trial, Shadow):
            return self._look_at_shadow(station, trial, since)
        if isinstance(trial, Probation) and (trial.over or since >= _LOOK_EVERY):
            self._looked[name] = trial.readings
            models = self.book.of(station)
            if (fault := trial.fault(self._settings.rate_factor)) is not None:
                self.go_back(station, next(iter(models.previous), None), "went back", fault)
            elif trial.over:
                models.watched = 0
                self.book.write(station, models)
                self._end_trial(station)
        return False

    def _look_at_shadow(self, station: LiveStation, shadow: Shadow, since: int) -> bool:
        prepared = self._prepared[station.name]
        if shadow.scorer is not prepared.group.scorer:  # another rate was requested, so it begins again
            self._end_trial(station)
            return False
        if fault := shadow.error or (shadow.fault(self._settings.rate_factor) if shadow.over and shadow.of else None):
            self._end_trial(station)
            self.book.refuse(station, prepared.group.bundle.id, fault, shadow.comparison)
            return False
        if shadow.over:
            self._activate(station, prepared, shadow)
            return True
        if since >= max(1, shadow.of // _PUBLISHED):
            self._looked[station.name] = shadow.readings
            self._announce(station)
        return False

    def _activate(self, station: LiveStation, prepared: PreparedModel, shadow: Shadow) -> None:
        """Let the bundle in shadow run; raises OSError, and then the one before runs on."""
        models, bundle = self.book.of(station), prepared.group.bundle
        waiting = models.waiting
        assert waiting is not None
        models.configured = self.base_of(station).bundle.id
        models.watched = self._settings.watched_readings
        models.activate(waiting.kept(bundle.id, bundle.manifest.created, rfc3339(self._clock.now())))
        comparison = shadow.comparison if shadow.readings else None
        self.book.note(station, models, "activated", bundle.id, comparison=comparison)
        self._switch(station, prepared, models)
        if models.watched:
            before: dict[str, float] = {kind: shadow.running.table_rate(kind) for kind in SCORED}
            self._watch(station, models.watched, before)

    def _return(self, station: LiveStation, prepared: PreparedModel, back: _Return) -> None:
        """Let the bundle before run again; raises OSError, and then the present one runs on."""
        models = self.book.of(station)
        left = station.group.bundle.id
        models.go_back(back.to)
        models.configured, models.watched = self.base_of(station).bundle.id, 0
        self.book.note(station, models, back.outcome, left, reason=back.reason)
        self._switch(station, prepared, models)
        if back.outcome == "went back":
            sentence = f"the bundle {left} went back to {station.group.bundle.id} by itself: {back.reason}"
            station.health.report(self._log, station.name, "model", sentence)

    def _switch(self, station: LiveStation, prepared: PreparedModel, models: StationModels) -> None:
        """Write what runs from now on, then let it run."""
        before, waited = (station.group, station.state, station.guard), station.waiting
        prepared.take_over(station, self._log)
        if models.waiting is None:
            station.waiting = None
        try:
            self.book.write(station, models)
        except OSError:
            station.group, station.state, station.guard = before
            station.waiting = waited
            raise
        self._returns.pop(station.name, None)
        self._end_trial(station)
        self._keep_groups()

    def _watch(self, station: LiveStation, of: int, before: dict[str, float]) -> None:
        follows = [kind for kind in SCORED if station.state.adaptation.follows(kind)]
        station.trial = Probation(station.group.scorer.rate, follows, before, of=of)
        self._trials[station.name], self._looked[station.name] = station, 0

    def _end_trial(self, station: LiveStation) -> None:
        """Forget what was prepared for a station, and what it tries."""
        self._preparation.drop(station)
        for each in (self._prepared, self._trials, self._looked):
            each.pop(station.name, None)
        station.trial = None

    def _keep_groups(self) -> None:
        prepared = [each.group for each in self._prepared.values()]
        self._groups.keep([*(station.group for station in self._stations), *prepared])
