"""ModelBook: writes down what happens to the stations' bundles, and publishes it."""

from __future__ import annotations

from collections.abc import Callable

from msgspec.structs import replace

from edge.agent.station import LiveStation
from edge.clock import Clock, rfc3339
from edge.log import Log
from edge.rollout.model_folder import ModelFolder
from edge.rollout.model_index import StationModels
from edge.rollout.model_message import ModelChange, ModelComparison, Outcome


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
    """

    def __init__(self, folder: ModelFolder, announce: Callable[[LiveStation], None], log: Log, clock: Clock) -> None:
        self.folder = folder
        self._announce = announce
        self._log = log
        self._clock = clock
        self._unsettled = self._find_unsettled()

    def of(self, station: LiveStation) -> StationModels:
        """Return a copy of the bundles of a station."""
        models = self.folder.index.stations.get(station.name) or StationModels()
        return replace(models, previous=list(models.previous))

    def unsettled(self) -> list[str]:
        """Return the stations at which a bundle waits, or is watched."""
        return self._unsettled

    def write(self, station: LiveStation, models: StationModels) -> None:
        """Write the bundles of a station.

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
        self._announce(station)

    def note(
        self,
        station: LiveStation,
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
        log = self._log.info if outcome in ("activated", "rolled back") else self._log.warning
        if reason is None:
            log(f"bundle {outcome}", station=station.name, bundle=bundle)
        else:
            log(f"bundle {outcome}", station=station.name, bundle=bundle, reason=reason)

    def refuse(self, station: LiveStation, bundle: str, reason: str, comparison: ModelComparison | None = None) -> None:
        """Write that the bundle that waited must not be used, and why."""
        models = self.of(station)
        models.waiting = station.waiting = None
        self.note(station, models, "refused", bundle, reason=reason, comparison=comparison)
        try:
            self.write(station, models)
        except OSError as error:  # it waits again after a restart, and is refused again
            self._log.error("models cannot be written", detail=str(error))
        station.health.report(self._log, station.name, "model", f"the bundle that was pushed is not used: {reason}")

    def _find_unsettled(self) -> list[str]:
        stations = self.folder.index.stations
        return [name for name, models in stations.items() if models.waiting is not None or models.watched]
