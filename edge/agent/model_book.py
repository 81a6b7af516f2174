"""ModelBook: writes down what happens to the stations' bundles, and publishes it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from msgspec.structs import replace

from edge.agent.station import LiveStation, StationGroup
from edge.agent.stations import Stations
from edge.clock import Clock, rfc3339
from edge.errors import BundleError
from edge.log import Log
from edge.rollout.model_folder import ModelFolder
from edge.rollout.model_index import KeptModel, StationModels
from edge.rollout.model_message import ModelChange, ModelComparison, Outcome

_ATTEMPTS = 3  # that may end with the agent


class ModelBook:
    """The index of the folder of bundles, with everything that has to follow when it changes.

    Parameters
    ----------
    folder
        The folder of bundles.
    announce
        Publishes which bundle scores a station, and which waits.
    log
        Where it is reported.
    clock
        Dates it.

    Attributes
    ----------
    folder
        As given.
    """

    def __init__(self, folder: ModelFolder, announce: Callable[[LiveStation], None], log: Log, clock: Clock) -> None:
        self.folder = folder
        self._unusable: dict[str, str] = {}  # station -> why its bundle of before the start is not used
        self._damaged = folder.damaged
        self._announce = announce
        self._log = log
        self._clock = clock
        self._attempted: set[tuple[str, str]] = set()  # station and SHA-256
        self._unsettled = self._find_unsettled()

    def begin(self, name: str, base: StationGroup, make: Callable[[KeptModel | None], StationGroup]) -> StationGroup:
        """Return with which bundle a station begins: the one that ran before the start, if it can still be used.

        Parameters
        ----------
        name
            Name of the station.
        base
            The group of its entry, with gateway.yaml's bundle.
        make
            Makes its group with a bundle that is kept; ``None``: ``base``.
        """
        models = self.folder.index.stations.get(name)
        if models is None:
            return base
        if models.configured not in ("", base.bundle.id):
            self._log.warning("gateway.yaml has another bundle now, which is the newer decision", station=name)
            self._put(name, StationModels(issued=models.issued, offered=models.offered, last=models.last))
            return base
        group, faults = base, []
        for each in dict.fromkeys((models.active, *models.previous, None)):
            try:
                group = make(each)
            except BundleError as error:
                faults.append(str(error))
                continue
            if faults:
                assert models.active is not None
                reason = f"it cannot be used any more: {'; '.join(faults)}"
                self._unusable[name] = f"the bundle {models.active.bundle} went back to {group.bundle.id}: {reason}"
                changed = replace(models)
                self.note(changed, "went back", models.active.bundle, reason=reason)
                changed.go_back(each)
                self._put(name, changed)
            break
        return group

    def report_unusable(self, stations: Stations) -> None:
        """Report, once, which stations have not begun with the bundle that ran before the start."""
        if self._damaged is not None:
            self._unusable |= {station.name: self._damaged for station in stations}
            self._damaged = None
        for name in [each for each in self._unusable if each in stations]:
            stations[name].health.report(self._log, name, "model", self._unusable.pop(name))

    def of(self, station: LiveStation) -> StationModels:
        """Return a copy of the bundles of a station."""
        return replace(self.at(station))

    def at(self, station: LiveStation) -> StationModels:
        """Return the bundles of a station to look at: for what is done in every turn."""
        return self.folder.index.stations.get(station.name) or StationModels()

    def unsettled(self) -> list[str]:
        """Return the stations at which a bundle waits, or is watched."""
        return self._unsettled

    def write(self, station: LiveStation, models: StationModels) -> None:
        """Write the bundles of a station, then report and publish them.

        Raises
        ------
        OSError
            They cannot be written; nothing has changed.
        """
        stations = self.folder.index.stations
        before = stations.get(station.name)
        stations[station.name] = models
        try:
            self.folder.save()
        except OSError:
            if before is None:
                del stations[station.name]
            else:
                stations[station.name] = before
            raise
        self._unsettled = self._find_unsettled()
        if before is None or models.last is not before.last:
            self._report(station.name, models.last)
        self._announce(station)

    def keep(self) -> None:
        """Write what the shadows have found so far, if that can be written."""
        try:
            self.folder.save()
        except OSError as error:
            self._log.error("models cannot be written", detail=str(error))

    def note(
        self,
        models: StationModels,
        outcome: Outcome,
        bundle: str,
        *,
        reason: str | None = None,
        comparison: ModelComparison | None = None,
    ) -> None:
        """Note, in ``models``, what has happened to a bundle; :meth:`write` writes it."""
        at = rfc3339(self._clock.now())
        models.last = ModelChange(outcome=outcome, bundle=bundle, reason=reason, at=at, comparison=comparison)

    def refuse(self, station: LiveStation, bundle: str, reason: str, comparison: ModelComparison | None = None) -> None:
        """Write that the bundle that waited must not be used, and why."""
        models = self.of(station)
        models.waiting = station.waiting = None
        self.note(models, "refused", bundle, reason=reason, comparison=comparison)
        self._put(station.name, models)
        self._report(station.name, models.last)
        self._announce(station)
        station.health.report(self._log, station.name, "model", f"the bundle that was pushed is not used: {reason}")

    def attempt(self, station: LiveStation) -> bool:
        """Note that the bundle that waits is about to be verified; returns whether it may be, and has come.

        Its file has a right hash, but nobody knows yet whether it ends the agent: for want of memory, say. One that
        was about to be verified at three starts, and was not in shadow before the next, is refused.
        """
        models = self.of(station)
        waiting = models.waiting
        if waiting is None or not self.folder.has(waiting):
            return False
        if (station.name, waiting.sha256) in self._attempted:
            return True
        if waiting.attempts >= _ATTEMPTS:
            fault = f"the agent has ended {_ATTEMPTS} times soon after it began to verify it; fix: see its log"
            self.refuse(station, waiting.sha256[:12], fault)
            return False
        self._attempted.add((station.name, waiting.sha256))
        models.waiting = replace(waiting, attempts=waiting.attempts + 1)
        self._put(station.name, models)
        return True

    def _put(self, name: str, models: StationModels) -> None:
        """Write the bundles of a station; what cannot be written holds now, and is decided again after a restart."""
        self.folder.index.stations[name] = models
        self._unsettled = self._find_unsettled()
        self.keep()

    def _report(self, station: str, last: ModelChange | None) -> None:
        if last is not None:
            log = self._log.info if last.outcome in ("activated", "rolled back") else self._log.warning
            reason: dict[str, Any] = {} if last.reason is None else {"reason": last.reason}
            log(f"bundle {last.outcome}", station=station, bundle=last.bundle, **reason)

    def _find_unsettled(self) -> list[str]:
        stations = self.folder.index.stations
        return [name for name, models in stations.items() if models.waiting is not None or models.watched]
