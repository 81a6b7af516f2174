"""The stations that wait for parts of a reading: which messages they hold back, and until when."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence

from edge.agent.station import LiveStation
from edge.agent.station_input import first_held
from edge.agent.stations import Stations
from edge.errors import ReadingError
from edge.journal.transaction import PartsRow, Transaction
from edge.log import Log
from edge.mqtt.message import Message


class Joining:
    """Keeps the parts that have come of readings which are not complete.

    A part is acknowledged when its reading is journalled, or, if too many messages wait for that, when it is itself.
    Brokers send a limited number of messages before an ack, some of them only 20, and the missing parts may be behind
    those.

    Parameters
    ----------
    stations
        All stations.
    log
        Where failures are reported.
    """

    def __init__(self, stations: Stations, log: Log) -> None:
        self._stations = stations
        self._log = log
        self._open: dict[str, LiveStation] = {}
        self._topics: dict[str, str] = {}  # station -> topic of its last part

    @property
    def due(self) -> float:
        """When the first open reading has waited long enough for its parts, Unix time [s]; inf if none is open."""
        return min((each.input.due for each in self._open.values()), default=math.inf)

    def due_by(self, now: float) -> list[LiveStation]:
        """Return the stations whose open reading has waited long enough by this Unix time [s]."""
        return [each for each in self._open.values() if each.input.due < now]

    def note(self, station: LiveStation, topic: str) -> None:
        """Note whether a station waits for parts, after a message on a topic."""
        if station.input.is_open:
            self._open[station.name] = station
            self._topics[station.name] = topic
        elif self._open.pop(station.name, None) is not None:
            del self._topics[station.name]

    def forget(self, station: LiveStation) -> None:
        """Forget a station that gave way to another, with the parts that have come of its reading."""
        if self._open.pop(station.name, None) is not None:
            del self._topics[station.name]

    def releasable(self, messages: Sequence[Message]) -> int:
        """Return how many of these messages, from the first on, nobody holds back, so that they may be acknowledged."""
        return first_held(messages, [each.input for each in self._open.values()]) if self._open else len(messages)

    def save(self, transaction: Transaction, *, everything: bool = False) -> None:
        """Journal the parts that hold messages back; ``everything``: also what the journal has already."""
        for name, station in self._open.items():
            joiner = station.input.joiner
            if joiner is not None and (everything or joiner.carriers):
                transaction.parts[name] = PartsRow(name, self._topics[name], joiner.snapshot())

    def restore(self, rows: Iterable[PartsRow], transaction: Transaction) -> None:
        """Open the readings again of which the journal has parts; they wait for the next message of their station."""
        for row in rows:
            try:
                restored = self._restore(row)
            except (ReadingError, ValueError) as error:
                restored = False
                self._log.warning("parts of a reading are of no use", station=row.station, detail=str(error))
            if not restored:
                transaction.parts[row.station] = None

    def _restore(self, row: PartsRow) -> bool:
        """Open a reading again; returns whether gateway.yaml still joins the parts of its station."""
        group = self._stations.group_at(row.topic)
        if group is None or not group.source.joins:
            return False
        station = self._stations.named(row.station, group)
        assert station.input.joiner is not None
        station.input.joiner.restore(row.parts, Message(row.topic, b""))
        self._stations.await_parts(station)
        self.note(station, row.topic)
        return True

    def shift_clock(self, seconds: float) -> None:
        """Shift the arrival of every part by as much as the gateway's clock has jumped [s]."""
        for station in {*self._stations, *self._open.values()}:
            station.input.shift_clock(seconds)
