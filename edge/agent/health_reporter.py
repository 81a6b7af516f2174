"""Publishes the agent's health and the counts of its stations, every now and then."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from edge.agent.health import Health
from edge.agent.health_message import HealthMessage
from edge.agent.station import LiveStation
from edge.agent.station_health import StationReport
from edge.agent.stations import Stations
from edge.alarms.event import Event
from edge.alarms.panel import AlarmPanel
from edge.clock import rfc3339
from edge.delivery.delivery import Delivery
from edge.drift.drift_report import DriftReport
from edge.journal.committer import Committer
from edge.mqtt.link import Link
from edge.mqtt.topics import Topics
from edge.scoring.verdict import Shift

MOST_BYTES = 250_000
"""Size of a health message [B]: room for 500 stations, and no burden for a small broker."""


class HealthReporter:
    """Reports on the agent and on its stations.

    ``health`` is one message, and as large as there are stations: those that do not fit are left out of it. Nothing is
    lost by that, since every station has a topic of its own, which is also what clients need that take one station's
    counts from one topic, such as an exporter for Prometheus.

    Parameters
    ----------
    health
        What is counted of the agent; its clock paces the reports.
    stations
        The stations.
    panel
        Their alarms.
    link
        Limits the size of a message.
    delivery
        Publishes.
    committer
        Its journal is reported on.
    topics
        Where to publish.
    every
        Between two reports [s].
    """

    def __init__(
        self,
        health: Health,
        stations: Stations,
        panel: AlarmPanel,
        *,
        link: Link,
        delivery: Delivery,
        committer: Committer,
        topics: Topics,
        every: float,
    ) -> None:
        self._health = health
        self._stations = stations
        self._panel = panel
        self._link = link
        self._delivery = delivery
        self._committer = committer
        self._topics = topics
        self._every = every
        self._next = health.clock.monotonic() + every

    @property
    def due_in(self) -> float:
        """Time until the next report [s]."""
        return max(0.0, self._next - self._health.clock.monotonic())

    def count_alarms(self, events: Iterable[Event]) -> None:
        """Count the alarms that open, each for its station."""
        for event in events:
            station = self._stations.known(event.station) if event.event_type == "open" else None
            if station is not None:
                station.health.alarms += 1

    def publish(self, requests: int) -> None:
        """Publish what is counted, with the number of requests that were answered."""
        self._next = self._health.clock.monotonic() + self._every
        reports = {station.name: self._report(station) for station in self._stations}
        message = self._health.message(self._link, self._delivery, self._committer, reports=reports, requests=requests)
        self._delivery.publish_now(self._topics.health, self._fitting(message))
        for name, report in reports.items():
            self._delivery.publish_now(self._topics.counts(name), report)

    def _report(self, station: LiveStation) -> StationReport:
        health, clock = station.health, self._health.clock
        silent = clock.monotonic() - station.last_seen if health.readings else None
        alarms = self._panel.message(station.name) if self._panel.tracks(station.name) else None
        return StationReport(
            readings=health.readings,
            late=health.late,
            historical=health.historical,
            distrusted=health.distrusted,
            duplicates=health.duplicates,
            refused=health.refused,
            exceedances=health.exceedances,
            alarms=health.alarms,
            alarm=alarms is not None and alarms.alarm == "ON",
            fault=alarms is not None and alarms.fault == "ON",
            online=station.online,
            last_seen=None if silent is None else rfc3339(clock.now() - silent),
            silent_s=None if silent is None else round(silent, 1),
            problems=dict(health.problems),
            shift=Shift.from_shifts(station.state.adaptation.shifts()),
            bundle=station.group.bundle.id,
            waiting=station.waiting,
            drift=DriftReport.from_state(station.state.drift),
        )

    def _fitting(self, message: HealthMessage) -> HealthMessage:
        """Leave out the stations that do not fit, those without a problem before those with one."""
        limit = self._link.payload_limit(self._topics.health)
        room = MOST_BYTES if limit is None else min(MOST_BYTES, limit)
        encode = msgspec.json.encode
        if len(encode(message)) <= room:
            return message
        reports = message.by_station
        room -= len(encode(msgspec.structs.replace(message, by_station={}, stations_left_out=len(reports))))
        kept = dict[str, StationReport]()
        for name in sorted(reports, key=lambda each: not reports[each].problems):
            room -= len(encode({name: reports[name]})) - 1  # a comma, and no braces
            if room < 0:
                break
            kept[name] = reports[name]
        return msgspec.structs.replace(message, by_station=kept, stations_left_out=len(reports) - len(kept))
