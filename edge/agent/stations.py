"""Stations: who sends under which topic, how it is read, and with which bundle it is scored."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from config.errors import ConfigError
from config.settings.gateway import Gateway, StationEntry
from edge.bundles.bundle import Bundle
from edge.errors import ReadingError
from edge.journal.transaction import StationRow
from edge.models.rolling_median import RollingMedian
from edge.mqtt.topics import Pattern, station_problem
from edge.readings.decoder import Decoder
from edge.readings.duplicates import Duplicates
from edge.readings.recent import Recent
from edge.scoring.scorer import Scorer
from edge.scoring.state import StationState
from edge.synthesis.sampler import Sampler

MOST_STATIONS = 1000
"""So many names one gateway listens to; whoever may publish could invent them without end."""

_STALE_CADENCES = 5.0
_STALE_LEAST = 60.0  # [s]
_INTERVALS = 50  # arrivals whose median interval is the cadence where time stamps teach none
_INTERVALS_LEAST = 5


@dataclass(eq=False)
class StationGroup:
    """One entry of gateway.yaml with its bundle.

    ``scorer`` may be replaced at any time: the stations' pasts are not in it.
    """

    entry: StationEntry
    pattern: Pattern
    bundle: Bundle
    scorer: Scorer
    sampler: Sampler


@dataclass(eq=False)
class LiveStation:
    """A station that has been heard, in this run or in one that the journal remembers.

    Attributes
    ----------
    id, topic
        Its number in the journal, and where it publishes.
    row
        What the journal knows of it, until its past has been rebuilt from there.
    alarms
        What the panel remembers of it.
    pruned
        Its count when the journal last let go of its oldest readings.
    awaited
        It was there before the restart, and has neither been heard since nor been called silent.
    """

    name: str
    group: StationGroup
    decoder: Decoder
    state: StationState
    recent: Recent
    id: int = 0
    topic: str = ""
    row: StationRow | None = None
    alarms: bytes | None = None
    pruned: int = 0
    online: bool = False
    awaited: bool = False
    duplicates: Duplicates = field(default_factory=Duplicates)
    _heard: float = 0.0
    _intervals: RollingMedian = field(default_factory=lambda: RollingMedian(1, _INTERVALS, _INTERVALS_LEAST))

    @property
    def columns(self) -> str:
        """Keys of its readings' values: what the journal has of others is of no use."""
        return ",".join(self.group.bundle.station.keys)

    def hear(self, now: float) -> None:
        """Note that a reading came, at the monotonic time ``now`` [s]."""
        if self.online and now > self._heard:
            self._intervals.push((now - self._heard,))
        self._heard = now

    def expect(self, now: float) -> None:
        """Note that it was there before the restart: it is silent when nothing comes from ``now`` [s] on."""
        self._heard = now
        self.awaited = True

    def is_silent(self, now: float) -> bool:
        """Tell whether it has been silent for longer than it ever is."""
        after = self.group.entry.stale_after
        if after is None:
            cadence = self.state.cadence
            if cadence is None and (medians := self._intervals.values()) is not None:
                cadence = medians[0]
            if cadence is None:
                return False
            after = max(_STALE_LEAST, _STALE_CADENCES * cadence)
        return now - self._heard > after


class Stations:
    """All stations of a gateway; ``asleep`` of those that the journal knows have not been rebuilt.

    Parameters
    ----------
    gateway
        Its settings.
    bundles
        One per entry of ``gateway.stations``, in order.

    Raises
    ------
    config.errors.ConfigError
        ``keys`` or ``absent`` of an entry name a key that its bundle's station has not.
    BundleError
        A bundle has no scorer without the ``absent`` keys of its entry.
    """

    def __init__(self, gateway: Gateway, bundles: Sequence[Bundle]) -> None:
        self._gateway = gateway
        self.rate = gateway.scoring.exceedances_per_1000
        for i, (entry, bundle) in enumerate(zip(gateway.stations, bundles, strict=True)):
            try:
                Decoder("station", bundle.station, entry.keys, entry.absent)
            except ConfigError as error:
                raise ConfigError([f"gateway.yaml: stations[{i}].{problem}" for problem in error.problems]) from error
        samplers = {bundle.id: Sampler(bundle.generator) for bundle in bundles}
        self.groups = [
            StationGroup(entry, Pattern(entry.topic), bundle, self._scorer(entry, bundle), samplers[bundle.id])
            for entry, bundle in zip(gateway.stations, bundles, strict=True)
        ]
        self._stations: dict[str, LiveStation] = {}
        self._by_topic: dict[str, LiveStation] = {}
        self._journalled: dict[str, StationRow] = {}
        self._next_id = 1
        self.asleep = 0

    def __len__(self) -> int:
        return len(self._stations)

    def __iter__(self) -> Iterator[LiveStation]:
        return iter(self._stations.values())

    def __getitem__(self, name: str) -> LiveStation:
        return self._stations[name]

    def __contains__(self, name: object) -> bool:
        return name in self._stations

    def remember(self, rows: Sequence[StationRow], now: float) -> None:
        """Take up the stations that the journal knows, at the monotonic time ``now`` [s].

        One that no entry listens to any more keeps its number and its count for when it comes back.
        """
        self._journalled = {row.name: row for row in rows}
        self._next_id = max((row.id for row in rows), default=0) + 1
        self.asleep = len(rows)
        for row in rows:
            with contextlib.suppress(ReadingError):  # its name is a reserved word now, or there are too many
                station = self.at(row.topic)
                if station is not None and station.name == row.name:
                    self.keep(station, row.topic)
                    station.expect(now)

    @property
    def away(self) -> list[StationRow]:
        """What the journal knows of stations that no entry listens to any more."""
        return [row for name, row in self._journalled.items() if name not in self._stations]

    def known(self, topic: str) -> LiveStation | None:
        """Find the station on ``topic`` as :meth:`at` does; ``None`` where that cannot be."""
        with contextlib.suppress(ReadingError):
            return self.at(topic)
        return None

    def at(self, topic: str) -> LiveStation | None:
        """Find the station that publishes on ``topic``; ``None`` when the topic is nobody's.

        Raises
        ------
        ReadingError
            The name in the topic cannot be a station's, or another topic has it already.
        """
        known = self._by_topic.get(topic)
        if known is not None:
            return known
        group = next((group for group in self.groups if group.pattern.matches(topic)), None)
        if group is None:
            return None
        name = group.entry.station or group.pattern.station(topic) or ""
        if group.entry.station is None and (problem := station_problem(name)):
            raise ReadingError(problem)
        if name in self._stations and self._stations[name].group is not group:
            raise ReadingError(f"station {name!r} is heard under {self._stations[name].group.entry.topic} already")
        return self._stations.get(name) or self._make(name, group)

    def keep(self, station: LiveStation, topic: str) -> None:
        """Remember a station from its first good reading on: garbage must not fill the memory.

        Raises
        ------
        ReadingError
            There are too many.
        """
        if topic in self._by_topic:
            return
        if len(self._by_topic) >= MOST_STATIONS:
            raise ReadingError(f"station {station.name!r} is one more than the {MOST_STATIONS} that are listened to")
        self._by_topic[topic] = self._stations[station.name] = station
        station.topic = topic
        if not station.id:
            station.id = self._next_id
            self._next_id += 1

    def request(self, exceedances_per_1000: float) -> None:
        """Score with another requested rate from now on; raises ValueError when it is not in (0, 1000].

        The thresholds of all stations begin there again.
        """
        scorers = [self._scorer(group.entry, group.bundle, exceedances_per_1000) for group in self.groups]
        for group, scorer in zip(self.groups, scorers, strict=True):
            group.scorer = scorer
        for station in self:
            station.state.adaptation.request(station.group.scorer.rate)
        self.rate = exceedances_per_1000

    def fallen_silent(self, now: float) -> list[LiveStation]:
        """Take offline, and return, the stations that are silent at the monotonic time ``now`` [s]."""
        gone = [station for station in self if (station.online or station.awaited) and station.is_silent(now)]
        for station in gone:
            station.online = station.awaited = False
        return gone

    def _scorer(self, entry: StationEntry, bundle: Bundle, exceedances_per_1000: float | None = None) -> Scorer:
        methane = self._gateway.alarms.methane
        return Scorer(
            bundle,
            absent=entry.absent,
            exceedances_per_1000=self.rate if exceedances_per_1000 is None else exceedances_per_1000,
            enhancement_ppb=methane.enhancement_ppb,
            limit_ppb=methane.limit_ppb,
            adapt=self._gateway.scoring.adapt,
        )

    def _make(self, name: str, group: StationGroup) -> LiveStation:
        entry = group.entry
        decoder = Decoder(name, group.bundle.station, entry.keys, entry.absent)
        state = group.scorer.new_state(entry.cadence)
        row = self._journalled.get(name)
        live = LiveStation(name, group, decoder, state, Recent(group.bundle.station.size), row=row)
        if row is not None:
            live.id, state.n, live.alarms = row.id, row.n, row.alarms
            with contextlib.suppress(ValueError):  # rates that cannot be read begin at the requested one
                state.adaptation.restore(row.rates)
        return live
