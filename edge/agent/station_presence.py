"""Announces stations that come online, fall silent, or give way to new ones."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from edge.agent.announcer import Announcer
from edge.agent.giving_way import MOST_STATIONS
from edge.agent.joining import Joining
from edge.agent.station import LiveStation
from edge.agent.station_journal import StationJournal
from edge.agent.stations import Stations
from edge.alarms.event import Event
from edge.alarms.panel import AlarmPanel
from edge.delivery.delivery import Delivery
from edge.journal.transaction import Transaction
from edge.log import ONCE_A_MINUTE, Log


class StationPresence:
    """Announces which stations are there.

    Parameters
    ----------
    stations
        All stations.
    panel
        Their alarms.
    announcer
        Publishes whether they are online.
    delivery
        Publishes the events of those that are gone.
    log
        Where all that is reported.
    """

    def __init__(
        self, stations: Stations, panel: AlarmPanel, announcer: Announcer, delivery: Delivery, log: Log
    ) -> None:
        self._stations = stations
        self._panel = panel
        self._announcer = announcer
        self._delivery = delivery
        self._log = log

    def note_seen(self, stations: Iterable[LiveStation], now: float) -> tuple[list[LiveStation], list[Event]]:
        """Note stations that have sent a reading by the monotonic time ``now`` [s].

        Returns
        -------
        list of LiveStation
            Those that come online with it.
        list of Event
            The events of alarms about their silence, which is over.
        """
        came_online, events = list[LiveStation](), list[Event]()
        for station in stations:
            if station.mark_seen(now):
                came_online.append(station)
            events += self._panel.clear_unscored("stale", station.name)
        return came_online, events

    def announce_online(self, stations: Sequence[LiveStation], transaction: Transaction) -> None:
        """Announce stations that have come online."""
        for station in stations:
            self._log.info("station online", station=station.name, bundle=station.group.bundle.id)
            self._announcer.announce_station(transaction, station)
        if stations:
            self._announcer.announce_changed_info(transaction)

    def announce_silent(
        self, now: float, transaction: Transaction, publish_events: Callable[[Sequence[Event]], None]
    ) -> None:
        """Take stations offline that have fallen silent by the monotonic time ``now`` [s], and raise their alarms."""
        for station in self._stations.mark_silent(now):
            self._log.warning("station silent", station=station.name)
            n, bundle = station.state.n, station.group.bundle.id
            publish_events(self._panel.raise_unscored("stale", station.name, n=n, bundle=bundle))
            self._announcer.announce_station(transaction, station)

    def forget_gone(self, station_journal: StationJournal, joining: Joining, transaction: Transaction) -> None:
        """Forget the stations that gave way to new ones, with their alarms and retained topics."""
        gone, self._stations.gone = self._stations.gone, []
        for station in gone:
            self._delivery.queue_events(transaction, self._panel.forget(station.name))
            self._announcer.withdraw(station.name)
            joining.forget(station)
            detail = f"with {station.state.n} readings it gave way to a new station: there is room for {MOST_STATIONS}"
            self._log.warning("station forgotten", every=ONCE_A_MINUTE, station=station.name, detail=detail)
        station_journal.forget(gone, transaction)
        self._announcer.announce_changed_info(transaction)
