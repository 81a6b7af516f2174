"""Pipeline: messages become readings, verdicts and alarms; what comes twice, or cannot be read, is set aside."""

from __future__ import annotations

import struct
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import NamedTuple

from msgspec.structs import replace

from edge.agent.health import Health
from edge.agent.stations import LiveStation, StationGroup, Stations
from edge.alarms.event import Event
from edge.alarms.panel import AlarmPanel
from edge.clock import rfc3339
from edge.delivery.delivery import Delivery
from edge.errors import ReadingError
from edge.journal.journal import Journal
from edge.journal.transaction import ReadingRow, StationRow, Transaction
from edge.log import ONCE_A_MINUTE, Log
from edge.mqtt.message import Message
from edge.readings.duplicates import key
from edge.readings.reading import Reading
from edge.scoring.scorer import SCORED
from edge.scoring.state import trusted
from edge.scoring.verdict import Verdict

_PRUNE_EVERY = 200  # readings of a station: one deletion in so many, not one each


class Entry(NamedTuple):
    """A reading on its way; ``told`` is its own time where that is not trusted, ``key`` that of its message."""

    station: LiveStation
    reading: Reading
    message: Message
    key: int
    told: float | None


@dataclass
class Results:
    """What the readings of a batch came to.

    Attributes
    ----------
    readings
        How many there were.
    verdicts
        Those to be published.
    events
        Of the alarms.
    heard
        The stations of the readings.
    """

    readings: int = 0
    verdicts: list[Verdict] = field(default_factory=list)
    events: list[Event] = field(default_factory=list)
    heard: list[LiveStation] = field(default_factory=list)


class Pipeline:
    """Takes the readings of a batch from payload to verdict, and notes what the journal has to keep.

    Parameters
    ----------
    stations, panel
        Who is listened to, and their alarms.
    delivery
        Gets the dead letters.
    journal
        Says how many readings are kept.
    health
        Counts.
    log
        Says what cannot be scored.
    every
        One verdict of a station in so many is published, and those that exceed or are late.
    """

    def __init__(
        self,
        stations: Stations,
        panel: AlarmPanel,
        delivery: Delivery,
        journal: Journal,
        *,
        health: Health,
        log: Log,
        every: int = 1,
    ) -> None:
        self._stations = stations
        self._panel = panel
        self._delivery = delivery
        self._journal = journal
        self._health = health
        self._log = log
        self._every = every
        self._batches: dict[StationGroup, list[Entry]] = {}

    def take(self, message: Message, batch: Transaction) -> None:
        """Take in a message of a station."""
        try:
            station = self._stations.at(message.topic)
            if station is None:
                # A persistent session still holds filters that are no longer configured.
                self._health.stray += 1
                return
            found = station.decoder.decode(message.payload, message.received)
            readings = [each for each in found if type(each) is Reading]
            if readings:
                anonymous = all(each.seq is None and each.ts is None for each in readings)
                own = key(message.payload, mid=message.mid if anonymous else None)
                if (message.dup or not anonymous) and station.duplicates.contains(own, readings):
                    self._health.duplicates += 1
                    return
                self._stations.keep(station, message.topic)
                station.duplicates.add(own, readings)
                entries = self._batches.setdefault(station.group, [])
                entries += [self._enter(station, each, message, own) for each in readings]
            if len(readings) < len(found):
                for each in found:
                    if isinstance(each, ReadingError):
                        self._delivery.refuse(batch, message, each)
        except ReadingError as error:
            self._delivery.refuse(batch, message, error)

    def judge(self, batch: Transaction) -> Results:
        """Score what was taken in, all readings of a bundle at once."""
        results = Results()
        batches, self._batches = self._batches, {}
        for group, entries in batches.items():
            self._judge(group, entries, results, batch)
            results.heard.extend(dict.fromkeys(entry.station for entry in entries))
        self._health.readings += results.readings
        return results

    def note(self, stations: Iterable[LiveStation], batch: Transaction) -> None:
        """Note what the journal has to know of stations whose count, rates or alarms have changed."""
        for name in self._panel.changed():
            if name in self._stations:
                station = self._stations[name]
                station.alarms = self._panel.snapshot(name)
                batch.stations[station.id] = self.row(station)
        for station in stations:
            batch.stations[station.id] = self.row(station)
            if station.state.n - station.pruned >= _PRUNE_EVERY:
                self.prune(station, batch)
        batch.labels += self._panel.labels()

    def prune(self, station: LiveStation, batch: Transaction) -> None:
        """Let go of a station's readings that are more than are kept."""
        station.pruned = station.state.n
        keeps = self._journal.keeps(len(self._stations), station.group.bundle.station.size)
        batch.pruned[station.id] = station.state.n - keeps

    def prune_all(self, batch: Transaction) -> None:
        """Let go of what is more than is kept, of every station, and of what is kept of those that are gone.

        That the rest fits is worth more.
        """
        batch.pruned |= {row.id: row.n for row in self._stations.away}
        for station in self._stations:
            self.prune(station, batch)

    def rows(self) -> dict[int, StationRow]:
        """Write down what a fresh journal has to know of all stations, by their numbers."""
        rows = {row.id: row for row in self._stations.away}
        return rows | {station.id: self.row(station) for station in self._stations}

    def row(self, station: LiveStation) -> StationRow:
        """Write down what the journal has to know of a station."""
        state = station.state
        return StationRow(
            station.id,
            station.name,
            station.topic,
            station.columns,
            state.n,
            state.adaptation.snapshot(),
            station.alarms,
        )

    def _enter(self, station: LiveStation, reading: Reading, message: Message, own: int) -> Entry:
        if trusted(reading.ts, reading.received) != reading.ts:
            assert reading.ts is not None
            self._health.future += 1
            self._log.warning(
                "time stamp is not trusted", every=ONCE_A_MINUTE, station=station.name, ts=rfc3339(reading.ts),
                fix="set the station's clock, or the gateway's",
            )  # fmt: skip
            return Entry(station, replace(reading, ts=None), message, own, reading.ts)
        return Entry(station, reading, message, own, None)

    def _judge(self, group: StationGroup, entries: Sequence[Entry], results: Results, batch: Transaction) -> None:
        """Score readings, all at once, and let the alarms see each verdict before the next is decided.

        A mistake of ours must neither stop the agent nor come back with every redelivery: what is left of the readings
        is then scored one by one, and the one that cannot be is a dead letter.
        """
        judged = 0
        pack = _packer(group.bundle.station.size)
        scorer, panel = group.scorer, self._panel
        try:
            for judgement in scorer.judge([(entry.station.state, entry.reading) for entry in entries]):
                station, reading, _, own, told = entries[judged]
                past = judgement.past
                published = past.n % self._every == 0 or judgement.exceeds or past.late
                followed = judgement.exceeds or panel.tracks(station.name)
                raised_by = 0
                if published or followed:
                    verdict = scorer.tell(judgement)
                if followed:
                    adaptation = station.state.adaptation
                    raised = panel.observe(verdict, {kind: adaptation.threshold(kind) for kind in SCORED})
                    for event in raised:
                        if event.event_type == "open":
                            adaptation.freeze(event.kind)
                            raised_by = max(raised_by, event.count)
                    results.events += raised
                if past.late:
                    self._health.late += 1
                else:
                    station.recent.add(reading.values, raised_by=raised_by, stands=panel.stands(station.name))
                judged += 1
                if published:
                    results.verdicts.append(verdict if told is None else replace(verdict, ts=rfc3339(told)))
                batch.readings.append(
                    ReadingRow(
                        station.id,
                        past.n,
                        reading.ts if told is None else told,
                        reading.received,
                        reading.seq,
                        1 if past.late else 0,  # what is exactly an integer is written in half the time
                        own,
                        pack(*reading.values),
                    )
                )
        except Exception:
            left = entries[judged:]
            self._log.exception("readings could not be scored", readings=len(left))
            if len(entries) == 1:
                self._delivery.refuse(batch, entries[0].message, ReadingError("internal error: see the agent's log"))
                return
            self._health.failed_batches += 1
            for entry in left:
                self._judge(group, [entry], results, batch)
        finally:
            results.readings += judged


@lru_cache
def _packer(size: int):  # type: ignore[no-untyped-def]
    return struct.Struct(f"={size}d").pack
