"""The stations of a gateway: which topic is whose, and with which bundle a station is scored."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Sequence

from config.settings.gateway import Gateway
from edge.agent.giving_way import MOST_STATIONS, least_wanted
from edge.agent.station import LiveStation, StationGroup
from edge.agent.station_groups import make_groups, make_scorer
from edge.agent.station_input import StationInput
from edge.agent.station_names import StationNames
from edge.bundles.bundle import Bundle
from edge.errors import ReadingError
from edge.journal.transaction import RateRow, StationRow
from edge.mqtt.topics import safe_station
from edge.readings.recent import Recent
from edge.scoring.units_guard import UnitsGuard


class Stations:
    """All stations of a gateway.

    Parameters
    ----------
    gateway
        Settings.
    bundles
        One for each entry of ``gateway.stations``, in order.

    Attributes
    ----------
    rate
        Requested exceedances per 1000 readings.
    rate_request
        The row for the journal when a request has set the rate; ``None`` while that of gateway.yaml holds.
    groups
        The entries with their bundles.
    pushed
        Entries with bundles that were pushed for some of their stations.
    choose_group
        Returns with which bundle a station is scored, by its name and its entry: with that of the entry, as a rule.
    unrecovered
        Number of journalled stations whose state has not been rebuilt.
    gone
        Stations that gave way to new ones since somebody cleared the list.

    Raises
    ------
    config.errors.ConfigError
        ``keys`` or ``absent`` of an entry name a key that its bundle's station does not have, or a gas level is not in
        the unit of a gas column.
    BundleError
        A bundle has no scorer without the ``absent`` keys of its entry.
    """

    def __init__(self, gateway: Gateway, bundles: Sequence[Bundle]) -> None:
        self._gateway = gateway
        self.rate = gateway.scoring.exceedances_per_1000
        self.rate_request: RateRow | None = None
        self.groups = make_groups(gateway, bundles)
        self.pushed: list[StationGroup] = []
        self.choose_group: Callable[[str, StationGroup], StationGroup] = lambda _, group: group
        self._names = StationNames()
        self._pending: dict[str, LiveStation] = {}
        self._stations: dict[str, LiveStation] = {}
        self._by_topic: dict[str, LiveStation] = {}
        self._journalled: dict[str, StationRow] = {}
        self._next_id = 1
        self._begins_at: Callable[[str], int] = lambda _: 0
        self.unrecovered = 0
        self.gone: list[LiveStation] = []

    def __len__(self) -> int:
        return len(self._stations)

    def __iter__(self) -> Iterator[LiveStation]:
        return iter(self._stations.values())

    def __getitem__(self, name: str) -> LiveStation:
        return self._stations[name]

    def __contains__(self, name: object) -> bool:
        return name in self._stations

    def remember(self, rows: Sequence[StationRow], now: float, begins_at: Callable[[str], int] | None = None) -> None:
        """Add the stations that the journal contains, at the monotonic time ``now`` [s].

        A station that no entry matches any more keeps its number and its count for when it comes back. ``begins_at``
        returns the number behind which the readings of another one begin, by its name.
        """
        self._begins_at = begins_at or self._begins_at
        self._journalled = {row.name: row for row in rows}
        self._next_id = max((row.id for row in rows), default=0) + 1
        self.unrecovered = len(rows)
        for row in rows:
            with contextlib.suppress(ReadingError):  # its name is reserved now, or there are too many
                group = self.group_at(row.topic)
                if group is None:
                    continue
                named = group.entry.station_from is None
                station = self.named(group.source.name_in(row.topic) if named else row.name, group)
                if station.name == row.name:
                    self.keep(station, row.topic, None if named else "")
                    station.expect(now)

    @property
    def unmatched(self) -> list[StationRow]:
        """Journalled stations that no entry matches any more."""
        return [row for name, row in self._journalled.items() if name not in self._stations]

    def next_unrecovered(self) -> LiveStation | None:
        """Return a station whose state has not been rebuilt, if there is one."""
        return next((station for station in self if station.row is not None), None) if self.unrecovered else None

    def mark_recovered(self, station: LiveStation) -> None:
        """Note that the journal has no more to give to a station's state."""
        station.row = None
        self.unrecovered -= 1

    def at(self, topic: str) -> LiveStation | None:
        """Find the station that publishes whole readings on a topic.

        Returns ``None`` if no entry matches the topic, or if the station's name, or the rest of its readings, has to
        be found otherwise: see :meth:`group_at`.

        Raises
        ------
        ReadingError
            Another station has the name already.
        """
        station = self._by_topic.get(topic)
        if station is not None:
            return station
        group = self.group_at(topic)
        return self.named(group.source.name_in(topic), group) if group is not None and group.source.plain else None

    def group_at(self, topic: str) -> StationGroup | None:
        """Return the first entry with a topic; ``None`` if there is none."""
        return next((each for each in self.groups if each.source.pattern_of(topic) is not None), None)

    def named(self, name: str, group: StationGroup) -> LiveStation:
        """Find the station of an entry by the name that its topic or its document gives.

        Raises
        ------
        ReadingError
            There is no name, or another station has it, or the one that becomes of it, already.
        """
        safe = self._names.safe(name)
        station = self._stations.get(safe) or self._pending.get(safe)
        if station is None:
            return self._new(safe, group)
        if station.group.source is not group.source:
            raise ReadingError(f"station {safe!r} already belongs to the entry {station.group.entry.topics[0]}")
        return station

    def keep(self, station: LiveStation, topic: str, name: str | None = None) -> None:
        """Keep a station from its first good reading on: garbage must not fill the memory.

        Parameters
        ----------
        station
            The station.
        topic
            Where the reading came.
        name
            What its document calls it; ``None``: what the topic does; empty: not known.

        Raises
        ------
        ReadingError
            There are too many stations.
        """
        source = station.group.source
        if topic in self._by_topic:
            return
        if source.plain or not station.topic:
            if station.name not in self._stations:
                self._make_room(station.name)
                self._stations[station.name] = station
                self._pending.pop(station.name, None)
            station.topic = topic
        if source.plain:
            if len(self._by_topic) >= MOST_STATIONS:
                self._by_topic.clear()  # found again by their patterns
            self._by_topic[topic] = station
        if name := source.name_in(topic) if name is None else name:
            self._names.claim(name)
        if not station.id:
            station.id = self._next_id
            self._next_id += 1

    def known(self, name: str) -> LiveStation | None:
        """Return the station with a name that a topic gives, if anything that it sends could be read."""
        safe = safe_station(name)
        return self._stations.get(safe) or self._pending.get(safe)

    def await_parts(self, station: LiveStation) -> None:
        """Keep a station of which no reading is complete yet, for as long as there is room for it.

        Raises
        ------
        ReadingError
            There are too many stations.
        """
        if station.topic or station.name in self._pending:
            return
        if len(self._pending) >= MOST_STATIONS:
            self._pending = {name: each for name, each in self._pending.items() if each.input.is_open}
        if len(self._pending) >= MOST_STATIONS:
            raise ReadingError(f"station {station.name!r} is one more than {MOST_STATIONS} whose parts are waited for")
        self._pending[station.name] = station

    def request_rate(self, exceedances_per_1000: float | None) -> RateRow:
        """Request another rate of exceedances; the thresholds of all stations start again from it.

        Parameters
        ----------
        exceedances_per_1000
            The rate; ``None``: that of gateway.yaml.

        Returns
        -------
        RateRow
            What has to be journalled, so that the rate outlives a restart.

        Raises
        ------
        ValueError
            The rate is not in (0, 1000].
        """
        configured = self._gateway.scoring.exceedances_per_1000
        rate = configured if exceedances_per_1000 is None else exceedances_per_1000
        groups = [*self.groups, *self.pushed]
        scorers = [make_scorer(self._gateway, group.entry, group.bundle, group.gas, rate) for group in groups]
        for group, scorer in zip(groups, scorers, strict=True):
            group.scorer = scorer
        for station in self:
            station.state.adaptation.request(station.group.scorer.rate)
        self.rate = rate
        row = RateRow(rate, configured)
        self.rate_request = row if rate != configured else None
        return row

    def resume_rate(self, row: RateRow | None) -> RateRow | None:
        """Apply the rate that a request had set before a restart; call it before :meth:`remember`.

        Returns
        -------
        RateRow or None
            What has to be journalled in its place: gateway.yaml requests another rate now, and that one holds.
        """
        if row is None:
            return None
        if row.configured != self._gateway.scoring.exceedances_per_1000:
            return RateRow(self.rate, self.rate)
        self.request_rate(row.requested)
        return None

    def mark_silent(self, now: float) -> list[LiveStation]:
        """Take the stations offline that have fallen silent by the monotonic time ``now`` [s]; returns them."""
        silent = [station for station in self if (station.online or station.expected) and station.is_silent(now)]
        for station in silent:
            station.mark_silent()
        return silent

    def _make_room(self, name: str) -> None:
        """Let another station give way to a new one; raises ReadingError if none does."""
        if len(self._stations) < MOST_STATIONS:
            return
        station = least_wanted(self, name)
        del self._stations[station.name]
        self._by_topic = {topic: each for topic, each in self._by_topic.items() if each is not station}
        self._names.release(station.name)
        if self._journalled.pop(station.name, None) is not None and station.row is not None:
            self.mark_recovered(station)
        self.gone.append(station)

    def _new(self, name: str, group: StationGroup) -> LiveStation:
        group = self.choose_group(name, group)
        state = group.scorer.new_state(group.entry.cadence)
        row = self._journalled.get(name)
        station = LiveStation(
            name,
            group,
            StationInput(name, group.source),
            state,
            Recent(group.bundle.station.size),
            UnitsGuard(group.ranges),
            row=row,
        )
        state.n = self._begins_at(name)
        if row is not None:
            station.id, state.n, station.alarms = row.id, row.n, row.alarms
            with contextlib.suppress(ValueError):  # rates that cannot be read start from the requested one
                state.adaptation.restore(row.rates)
        return station
