"""What one transaction of the journal contains, and the rows that it is made of."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple

from edge.alarms.alarm_label import AlarmLabel

Score = tuple[str, bytes]
"""A station, and the score message that was or will be published for it."""


class ReadingRow(NamedTuple):
    """A reading in the journal.

    Parameters
    ----------
    station
        Number of the station.
    n
        The agent's count of the station's readings.
    ts
        When it was measured according to the station, Unix time [s].
    received
        When it arrived, Unix time [s].
    seq
        The station's own counter.
    place
        How it was placed among the others, see :mod:`edge.readings.station_clock.placement`; without ``PLACED`` in a
        row of version 0.2, which knew only whether a reading was older than the newest.
    key
        By which a redelivery is recognised, see :mod:`edge.readings.message_key`; the keys of its parts, packed, if it
        came in several messages.
    values
        The columns' values [F], 64-bit floats in the machine's byte order.
    """

    station: int
    n: int
    ts: float | None
    received: float
    seq: int | None
    place: int
    key: int | bytes
    values: bytes


class StationRow(NamedTuple):
    """A station in the journal.

    Parameters
    ----------
    id
        Its number in the journal.
    name
        Its name.
    topic
        Where it publishes.
    columns
        Keys of its readings' values, joined by commas; readings with other columns are not used.
    n
        Readings so far.
    rates
        :meth:`edge.scoring.adaptation.Adaptation.snapshot`.
    alarms
        :meth:`edge.alarms.panel.AlarmPanel.snapshot`; ``None`` if there is nothing to remember.
    """

    id: int
    name: str
    topic: str
    columns: str
    n: int
    rates: bytes
    alarms: bytes | None


class ClockRow(NamedTuple):
    """A station's clock in the journal, now and then: later readings are placed again from there on.

    Parameters
    ----------
    station
        Number of the station.
    n
        The station's readings that it has placed.
    snapshot
        :meth:`edge.readings.station_clock.station_clock.StationClock.snapshot`.
    """

    station: int
    n: int
    snapshot: bytes


class MemoryRow(NamedTuple):
    """What a station remembers that its readings in the journal do not give, now and then, like its clock.

    Parameters
    ----------
    station
        Number of the station.
    n
        The station's readings that it has seen.
    bundle
        Id of the bundle that scored them: to another one, they mean something else.
    snapshot
        :meth:`edge.scoring.state.StationState.snapshot`, or :meth:`edge.drift.drift_state.DriftState.snapshot`.
    """

    station: int
    n: int
    bundle: str
    snapshot: bytes


class OutboxRow(NamedTuple):
    """A message that has to be delivered.

    Parameters
    ----------
    id
        Its number; messages of a topic are delivered in this order.
    kind
        ``event`` (an alarm opens or continues), ``close`` or ``deadletter``: decides what is dropped first.
    alarm
        Id of the alarm that it reports.
    topic
        Where it is published.
    payload
        What is published.
    """

    id: int
    kind: str
    alarm: str | None
    topic: str
    payload: bytes


class RateRow(NamedTuple):
    """The rate that was set by a request; it holds as long as gateway.yaml requests what it requested then.

    Parameters
    ----------
    requested
        Exceedances per 1000 readings that the request set.
    configured
        Those of gateway.yaml at that time.
    """

    requested: float
    configured: float


class PartsRow(NamedTuple):
    """The parts that have come of a station's next reading.

    Parameters
    ----------
    station
        Name of the station.
    topic
        Where one of them came.
    parts
        :meth:`edge.readings.joining.joiner.Joiner.snapshot`.
    """

    station: str
    topic: str
    parts: bytes


@dataclass
class Transaction:
    """What changed since the last commit; grows until it has been committed.

    Attributes
    ----------
    readings
        Rows to add.
    stations
        Station number -> row that replaces the one before.
    clocks
        Station number -> row that replaces the one before.
    memories
        Station number -> row that replaces the one before; only of stations that remember more than the readings give.
    drifts
        Station number -> row that replaces the one before: its course beside the training of its bundle.
    scores
        Score messages to keep until the broker has confirmed them.
    number
        Number of that batch of scores.
    confirmed
        Number up to which batches of scores are confirmed: they are deleted.
    outbox
        Rows to add.
    delivered
        Numbers of outbox rows that were delivered or dropped: they are deleted.
    labels
        Rows to add.
    pruned
        Station number -> n up to which its readings are deleted.
    asserted
        Topics that are retained at the broker from now on.
    cleared
        Topics that are no longer retained at the broker.
    filters
        Current subscriptions; ``None`` if they have not changed.
    rate
        The rate that a request has set; ``None`` if none has.
    parts
        Name of a station -> row that replaces the one before; ``None``: its reading is complete.
    forgotten
        Numbers and names of stations that are deleted, with all that is known of them.
    """

    number: int = 0
    readings: list[ReadingRow] = field(default_factory=list)
    stations: dict[int, StationRow] = field(default_factory=dict)
    clocks: dict[int, ClockRow] = field(default_factory=dict)
    memories: dict[int, MemoryRow] = field(default_factory=dict)
    drifts: dict[int, MemoryRow] = field(default_factory=dict)
    scores: list[Score] = field(default_factory=list)
    confirmed: int = 0
    outbox: list[OutboxRow] = field(default_factory=list)
    delivered: list[int] = field(default_factory=list)
    labels: list[AlarmLabel] = field(default_factory=list)
    pruned: dict[int, int] = field(default_factory=dict)
    asserted: list[str] = field(default_factory=list)
    cleared: list[str] = field(default_factory=list)
    filters: list[str] | None = None
    rate: RateRow | None = None
    parts: dict[str, PartsRow | None] = field(default_factory=dict)
    forgotten: list[tuple[int, str]] = field(default_factory=list)

    @property
    def urgent(self) -> bool:
        """Whether it contains something that must not be lost."""
        return bool(
            self.readings
            or self.stations
            or self.scores
            or self.outbox
            or self.labels
            or self.asserted
            or self.filters is not None
            or self.rate is not None
            or self.parts
            or self.forgotten
        )

    @property
    def untidy(self) -> bool:
        """Whether something delivered would be sent again after a restart; confirmed scores do not count."""
        return bool(self.delivered or self.cleared)

    @property
    def empty(self) -> bool:
        """Whether there is nothing to commit."""
        return not (self.urgent or self.untidy or self.confirmed or self.pruned)
