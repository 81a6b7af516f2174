"""Reports which stations have drifted from the training of their bundle: health, log and the alarm ``retrain``."""

from __future__ import annotations

from edge.agent.station import LiveStation
from edge.alarms.event import Event
from edge.alarms.panel import AlarmPanel
from edge.log import Log


class StationDrifts:
    """Raises and clears the alarm of kind ``retrain``.

    Parameters
    ----------
    panel
        Where the alarm is raised.
    log
        Where it is reported.
    """

    def __init__(self, panel: AlarmPanel, log: Log) -> None:
        self._panel = panel
        self._log = log

    def check(self, station: LiveStation) -> list[Event]:
        """Raise or clear a station's alarm after its readings of a turn, if something has changed; returns the events.

        A bundle that does not know how its training was distributed raises none; its report says so.
        """
        drift, name = station.state.drift, station.name
        if drift is None:
            station.health.clear("drift")
            return self._panel.clear_unscored("retrain", name)
        if not drift.changed:
            return []
        drift.changed = False
        drifted = drift.drifted
        if not drifted:
            if "drift" in station.health.problems:
                station.health.clear("drift")
                self._log.info("station is as its bundle was trained again", station=name)
            return self._panel.clear_unscored("retrain", name)
        channels = ", ".join(drifted)
        station.health.report(
            self._log, name, "drift",
            f"{channels}: no longer as in the training of its bundle; fix: see whether a sensor has aged or the season "
            f"has turned, then davylamp collect --station {name}, davylamp retrain, davylamp push --station {name}",
        )  # fmt: skip
        bundle = station.group.bundle.id
        return self._panel.raise_unscored("retrain", name, n=station.state.n, bundle=bundle, contributions=drifted)
