"""Rollouts: lets bundles that were pushed wait, run and go back at their stations."""

from __future__ import annotations

from collections.abc import Callable

from msgspec.structs import replace

from config.settings.gateway import Gateway
from edge.agent.model_book import ModelBook
from edge.agent.model_groups import ModelGroups
from edge.agent.model_preparation import ModelPreparation
from edge.agent.model_switch import ModelReturn, ModelSwitch
from edge.agent.prepared_model import PreparedModel
from edge.agent.station import LiveStation, StationGroup
from edge.agent.stations import Stations
from edge.alarms.panel import AlarmPanel
from edge.clock import Clock
from edge.errors import JournalError
from edge.journal.journal import Journal
from edge.journal.transaction import Transaction
from edge.log import ONCE_A_MINUTE, Log
from edge.models.runtime import release_memory
from edge.rollout.model_folder import ModelFolder
from edge.rollout.model_index import KeptModel, StationModels, sha256_of
from edge.rollout.model_message import Outcome
from edge.rollout.model_tally import ModelTally
from edge.rollout.shadow_counts import ShadowCounts
from edge.rollout.trial import Probation, Shadow
from edge.rollout.worker import Worker
from edge.scoring.scorer import SCORED

_LOOK_EVERY = 20  # readings of a bundle that is watched between two looks at its rates
_RETRY = 10.0  # [s] until a journal or an index that has failed is tried again
_PUBLISHED = 20  # times that the progress of a shadow is published
_KEEP_EVERY = 600.0  # [s] between two writes of what shadows have found: a power cut costs no more of it


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
        self._alarms, self._factor = gateway.alarms, gateway.rollout.rate_factor
        self._stations = stations
        self._announce = announce
        self._clock = clock
        self._log = Log("models", clock)
        self.book = ModelBook(folder, announce, self._log, clock)
        self._groups = ModelGroups(gateway, stations, folder)
        self._preparation = ModelPreparation(stations, journal, self._groups, worker)
        self._switch = ModelSwitch(self.book, self.base_of, gateway.rollout, log=self._log, clock=clock)
        self._prepared: dict[str, PreparedModel] = {}
        self._returns: dict[str, ModelReturn] = {}
        self._trials: dict[str, LiveStation] = {}
        self._looked: dict[str, int] = {}
        self._not_before = 0.0
        self._kept_at = clock.monotonic()
        stations.choose_group = self._begin

    @property
    def busy(self) -> bool:
        """Whether something is done in the background that a turn should look at soon."""
        return self._preparation.busy

    def base_of(self, station: LiveStation) -> StationGroup:
        """Return the group of a station's entry, with gateway.yaml's bundle."""
        return self._groups.base_of(station.group)

    def replace_waiting(self, station: LiveStation, models: StationModels) -> None:
        """Let the bundle wait that ``models`` names, in place of another one (OSError if that cannot be written)."""
        self._end_trial(station)
        station.waiting = None
        models.configured = self.base_of(station).bundle.id
        self.book.write(station, models)
        station.health.clear("model")

    def hurry(self, station: LiveStation) -> None:
        """Let the bundle that waits become active without more of a shadow (OSError if that cannot be written)."""
        models = self.book.of(station)
        if models.waiting is not None and models.waiting.shadow:
            models.waiting = replace(models.waiting, shadow=0)
            self.book.write(station, models)
        if isinstance(station.trial, Shadow):
            station.trial.of = 0

    def go_back(self, station: LiveStation, to: KeptModel | None, outcome: Outcome, reason: str | None = None) -> None:
        """Let a station go back to a bundle that is kept, as soon as its state has been rebuilt.

        What a request asks for takes the place of an earlier return; what a bundle's fault asks for does not.
        """
        earlier = self._returns.get(station.name)
        if earlier is None or (outcome == "rolled back" and earlier.to != to):
            self._end_trial(station)
            self._returns[station.name] = ModelReturn(to, outcome, reason)

    def rescue(self, station: LiveStation, error: Exception, transaction: Transaction) -> bool:
        """Let a station whose bundle fails while it is watched go back at once; returns whether it has."""
        models = self.book.at(station)
        if not models.watched:
            return False
        reason = f"it failed: {type(error).__name__}: {error}"
        for to in dict.fromkeys((*models.previous, None)):
            try:
                prepared = self._preparation.prepare_now(station, sha256_of(to), transaction)
                self._go_back(station, prepared, ModelReturn(to, "went back", reason))
            except Exception as refused:  # whatever it is, the reading that failed must not stop the agent
                self._log.error("a bundle fails, and one before cannot be used", detail=str(refused))
            else:
                return True
        return False

    def shift_clock(self, seconds: float) -> None:
        """Shift the last arrival in the states that were prepared by as much as the wall clock has jumped [s]."""
        for prepared in self._prepared.values():
            prepared.state.shift_clock(seconds)

    def turn(self, transaction: Transaction) -> list[LiveStation]:
        """Go on with what waits; returns the stations that have another bundle from their next reading on.

        Call it between the readings of a turn and its commit.
        """
        self.book.report_unusable(self._stations)
        for station, result in self._preparation.take():
            self._take(station, result)
        switched: list[LiveStation] = []
        now = self._clock.monotonic()
        if now >= self._not_before:
            try:
                names = dict.fromkeys([*self._returns, *self.book.unsettled()])
                known = [self._stations[name] for name in names if name in self._stations]
                switched += [station for station in known if self._go_on(station, transaction)]
                switched += [station for station in list(self._trials.values()) if self._look(station)]
            except (JournalError, OSError) as error:
                self._not_before = now + _RETRY
                self._log.error("bundles wait", every=ONCE_A_MINUTE, detail=str(error))
        if now - self._kept_at >= _KEEP_EVERY:
            self._keep()
        return switched

    def close(self) -> None:
        """End what is done in the background, and keep what shadows have found: they go on after a restart."""
        self._preparation.close()
        self._keep()

    def _begin(self, name: str, base: StationGroup) -> StationGroup:
        return self.book.begin(name, base, lambda kept: self._groups.use(base, sha256_of(kept)))

    def _keep(self) -> None:
        self._kept_at = self._clock.monotonic()
        if any(isinstance(station.trial, Shadow) for station in self._trials.values()):
            self.book.keep()

    def _go_on(self, station: LiveStation, transaction: Transaction) -> bool:
        """Prepare what a station waits for, or begin with it; returns whether another bundle runs."""
        name, back = station.name, self._returns.get(station.name)
        if station.row is not None or name in self._preparation or isinstance(station.trial, Shadow):
            return False
        models = self.book.at(station)
        if models.watched and station.trial is None and back is None:  # after a restart
            self._watch(station)
        if (prepared := self._prepared.get(name)) is not None:
            self._preparation.catch_up(prepared, station, transaction)
            if back is not None:
                self._go_back(station, prepared, back)
                return True
            self._begin_shadow(station, prepared, models)
        elif back is not None:
            self._preparation.start(station, sha256_of(back.to), transaction, new=False)
        elif (waiting := models.waiting) is not None and not self.busy and self.book.attempt(station):
            self._preparation.start(station, waiting.sha256, transaction, new=True, force=waiting.force)
        return False

    def _take(self, station: LiveStation, result: PreparedModel | str) -> None:
        """Take what was prepared, or why it could not be."""
        if isinstance(result, PreparedModel):
            self._prepared[station.name] = result
        elif (back := self._returns.pop(station.name, None)) is not None:
            if back.outcome == "went back" and back.to is not None:  # the next one is as good
                kept = [*self.book.at(station).previous, None, None]
                following = kept[kept.index(back.to) + 1] if back.to in kept else None
                self._returns[station.name] = back._replace(to=following)
                return
            sentence = f"the bundle before cannot be used, so the present one stays: {result}"
            station.health.report(self._log, station.name, "model", sentence)
        elif (waiting := self.book.at(station).waiting) is not None:
            self.book.refuse(station, waiting.sha256[:12], result)

    def _begin_shadow(self, station: LiveStation, prepared: PreparedModel, models: StationModels) -> None:
        assert models.waiting is not None
        running, scorer, panel = station.group, prepared.group.scorer, AlarmPanel(self._alarms, self._clock)
        rate, counts = running.scorer.rate, models.waiting.counts
        if counts is None or not counts.goes_on(running.bundle.id, rate, scorer.rate):
            counts = ShadowCounts(beside=running.bundle.id, running=ModelTally(rate), waiting=ModelTally(scorer.rate))
        models.waiting = replace(models.waiting, counts=counts, attempts=0)  # written now and then
        of = models.waiting.shadow
        station.trial = Shadow(scorer, prepared.state, panel, station.name, of=of, counts=counts)
        station.waiting = prepared.group.bundle.id
        self._trials[station.name], self._looked[station.name] = station, counts.readings
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
        if isinstance(trial, Probation) and trial.rate != station.group.scorer.rate:  # another one was requested
            self._watch(station)
        elif isinstance(trial, Probation) and (trial.over or since >= _LOOK_EVERY):
            self._looked[name] = trial.readings
            models = self.book.of(station)
            if (fault := trial.fault(self._factor)) is not None:
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
        if fault := shadow.error or (shadow.fault(self._factor) if shadow.over and shadow.of else None):
            self._end_trial(station)
            self.book.refuse(station, prepared.group.bundle.id, fault, shadow.counts.comparison)
            return False
        if shadow.over:
            self._switch.activate(station, prepared, shadow.counts)
            self._settle(station)
            return True
        if since >= max(1, shadow.of // _PUBLISHED):
            self._looked[station.name] = shadow.readings
            self._announce(station)
        return False

    def _go_back(self, station: LiveStation, prepared: PreparedModel, back: ModelReturn) -> None:
        """Let the bundle before run again; raises OSError, and then the present one runs on."""
        self._switch.go_back(station, prepared, back)
        self._settle(station)

    def _settle(self, station: LiveStation) -> None:
        """Forget what a station has waited for: it has it."""
        self._returns.pop(station.name, None)
        self._end_trial(station)
        self._keep_groups()

    def _watch(self, station: LiveStation) -> None:
        models, rate = self.book.at(station), station.group.scorer.rate
        follows = [kind for kind in SCORED if station.state.adaptation.follows(kind)]
        station.trial = Probation(rate, follows, models.before, of=models.watched)
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
        release_memory()
