"""Batch: everything that one transaction of the journal keeps."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple

from edge.alarms.alarm_label import AlarmLabel

Score = tuple[str, bytes]
"""A station, and the score message that was or will be published for it."""


class ReadingRow(NamedTuple):
    """A reading as the journal keeps it.

    Parameters
    ----------
    station
        Number of the station.
    n
        The agent's count of the station's readings.
    ts
        When the station says that it was measured, Unix time [s].
    received
        When it came, Unix time [s].
    seq
        The station's own counter.
    late
        1: older than the newest one, and passed over by the scorer.
    key
        What a redelivery is known by, see :mod:`edge.readings.duplicates`.
    values
        The columns' values [F], 64-bit floats in the machine's order.
    """

    station: int
    n: int
    ts: float | None
    received: float
    seq: int | None
    late: int
    key: int
    values: bytes


class StationRow(NamedTuple):
    """A station as the journal keeps it.

    Parameters
    ----------
    id, name, topic
        Its number in the journal, its name, and where it publishes.
    columns
        Keys of its readings' values, joined by commas: rows of other columns are not looked at.
    n
        Readings so far.
    rates
        :meth:`edge.scoring.adaptation.Adaptation.snapshot`.
    alarms
        :meth:`edge.alarms.panel.AlarmPanel.snapshot`; ``None``: there is nothing to know.
    """

    id: int
    name: str
    topic: str
    columns: str
    n: int
    rates: bytes
    alarms: bytes | None


class OutboxRow(NamedTuple):
    """A message that has to get there.

    Parameters
    ----------
    id
        Its number; they go in this order.
    kind
        ``event`` (an alarm opens or goes on), ``close`` or ``deadletter``: decides what gives way first.
    alarm
        Id of the alarm that it is about.
    topic, payload
        What is published.
    """

    id: int
    kind: str
    alarm: str | None
    topic: str
    payload: bytes


@dataclass
class Transaction:
    """What changed since the last transaction; grows until it has been committed.

    Attributes
    ----------
    readings, stations, outbox, labels
        Rows to add, or for stations (by number) to put in the place of the ones before.
    scores
        Score messages to keep until they are confirmed, and
    number
        under which number.
    confirmed
        Up to which number the scores' PUBACK has come: they are deleted.
    delivered
        Numbers of outbox rows that are delivered or were dropped.
    pruned
        Station number -> n up to which its readings are deleted.
    asserted, cleared
        Retained topics that are on the broker from now on, or no more.
    filters
        What is subscribed to now; ``None``: as before.
    """

    number: int = 0
    readings: list[ReadingRow] = field(default_factory=list)
    stations: dict[int, StationRow] = field(default_factory=dict)
    scores: list[Score] = field(default_factory=list)
    confirmed: int = 0
    outbox: list[OutboxRow] = field(default_factory=list)
    delivered: list[int] = field(default_factory=list)
    labels: list[AlarmLabel] = field(default_factory=list)
    pruned: dict[int, int] = field(default_factory=dict)
    asserted: list[str] = field(default_factory=list)
    cleared: list[str] = field(default_factory=list)
    filters: list[str] | None = None

    @property
    def urgent(self) -> bool:
        """Whether something is in it that must not be lost."""
        return bool(
            self.readings
            or self.stations
            or self.scores
            or self.outbox
            or self.labels
            or self.asserted
            or self.filters is not None
        )

    @property
    def untidy(self) -> bool:
        """Whether something that has been delivered would be sent again; confirmed scores wait for a new batch."""
        return bool(self.delivered or self.cleared)

    @property
    def empty(self) -> bool:
        """Whether there is nothing at all to keep."""
        return not (self.urgent or self.untidy or self.confirmed or self.pruned)
