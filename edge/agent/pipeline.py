"""Turns messages into readings, verdicts and alarms; sets aside what comes twice or cannot be read."""

from __future__ import annotations

import struct
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import lru_cache, partial
from typing import NamedTuple

from msgspec.structs import replace

from edge.agent.health import Health
from edge.agent.recovery import Recovery
from edge.agent.station import LiveStation, StationGroup
from edge.agent.stations import Stations
from edge.alarms.event import Event
from edge.alarms.panel import AlarmPanel
from edge.clock import rfc3339
from edge.delivery.delivery import Delivery
from edge.errors import ReadingError
from edge.journal.transaction import ReadingRow, Transaction
from edge.log import ONCE_A_MINUTE, Log
from edge.mqtt.message import Message
from edge.readings.decoder import REMARK
from edge.readings.duplicates import key
from edge.readings.reading import Reading
from edge.scoring.decision import Decision
from edge.scoring.scorer import SCORED
from edge.scoring.state import trusted_ts
from edge.scoring.verdict import Verdict


class Entry(NamedTuple):
    """A reading to be scored.

    Parameters
    ----------
    station
        Whose reading it is.
    reading
        The reading, without a time stamp that is too far ahead to be used.
    message
        The message that contained it.
    key
        Key of the message, see :mod:`edge.readings.duplicates`.
    claimed_ts
        The station's time stamp if it is too far ahead to be used [s]; else ``None``.
    """

    station: LiveStation
    reading: Reading
    message: Message
    key: int
    claimed_ts: float | None


@dataclass
class Results:
    """What the readings of a turn resulted in.

    Attributes
    ----------
    readings
        How many were scored.
    verdicts
        Verdicts to be published.
    events
        Events of alarms.
    stations
        Stations that have sent a reading.
    """

    readings: int = 0
    verdicts: list[Verdict] = field(default_factory=list)
    events: list[Event] = field(default_factory=list)
    stations: list[LiveStation] = field(default_factory=list)


class Pipeline:
    """Reads messages, and scores and journals their readings.

    Parameters
    ----------
    stations
        Whose messages are read.
    panel
        Raises alarms from verdicts.
    recovery
        Recovers a station before its first message is read.
    delivery
        Publishes dead letters.
    health
        Counts.
    log
        Where failures are reported.
    every
        One of this many verdicts of a station is published; those that exceed or are late always are.
    """

    def __init__(
        self,
        stations: Stations,
        panel: AlarmPanel,
        recovery: Recovery,
        delivery: Delivery,
        *,
        health: Health,
        log: Log,
        every: int = 1,
    ) -> None:
        self._stations = stations
        self._panel = panel
        self._recovery = recovery
        self._delivery = delivery
        self._health = health
        self._log = log
        self._every = every

    def read(self, message: Message, transaction: Transaction) -> list[Entry] | None:
        """Decode a station's message.

        Parameters
        ----------
        message
            The message.
        transaction
            Takes the dead letter if the message cannot be used.

        Returns
        -------
        list of Entry or None
            The readings in it that are to be scored; ``None`` if the message has to wait for the next turn, because
            enough stations have been recovered in this one.

        Raises
        ------
        JournalError
            The station has to be recovered first, and the journal cannot be read: the message has to wait.
        """
        try:
            station = self._stations.at(message.topic)
            if station is None:
                # A session kept by the broker is still subscribed to filters that are no longer configured.
                self._health.stray += 1
                return []
            if not self._recovery.ensure_recovered(station, message.topic, transaction):
                return None
            decoded = station.decoder.decode(message.payload, message.received)
            if station.decoder.notes:
                self._pass_on_notes(station)
            readings = [each for each in decoded if type(each) is Reading]
            entries: list[Entry] = []
            if readings:
                anonymous = all(each.seq is None and each.ts is None for each in readings)
                own = key(message.payload, mid=message.mid if anonymous else None)
                if (message.dup or not anonymous) and station.duplicates.contains(own, readings):
                    self._health.duplicates += 1
                    station.health.duplicates += 1
                    return []
                self._stations.keep(station, message.topic)
                station.duplicates.add(own, readings)
                entries = [self._enter(station, each, message, own) for each in readings]
            if len(readings) < len(decoded):
                for each in decoded:
                    if isinstance(each, ReadingError):
                        self._delivery.dead_letter(transaction, message, each)
        except ReadingError as error:
            self._delivery.dead_letter(transaction, message, error)
            return []
        return entries

    def score(self, entries: Iterable[Entry], transaction: Transaction) -> Results:
        """Score readings, those of one bundle at once, and journal them."""
        results = Results()
        groups: dict[StationGroup, list[Entry]] = {}
        for entry in entries:
            groups.setdefault(entry.station.group, []).append(entry)
        for group, own in groups.items():
            self._score(group, own, results, transaction)
            results.stations.extend(dict.fromkeys(entry.station for entry in own))
        self._health.readings += results.readings
        return results

    def _pass_on_notes(self, station: LiveStation) -> None:
        """Report what the decoder has noted although the readings are used."""
        for what, sentence in station.decoder.notes.items():
            if sentence is None:
                station.health.clear(what)
            elif what == REMARK:
                self._log.info("station", station=station.name, detail=sentence)
            else:
                station.health.report(self._log, station.name, what, sentence)
        station.decoder.notes.clear()

    def _enter(self, station: LiveStation, reading: Reading, message: Message, own: int) -> Entry:
        if trusted_ts(reading.ts, reading.received) != reading.ts:
            assert reading.ts is not None
            self._health.future += 1
            self._log.warning(
                "time stamp is not trusted", every=ONCE_A_MINUTE, station=station.name, ts=rfc3339(reading.ts),
                fix="set the station's clock, or the gateway's",
            )  # fmt: skip
            return Entry(station, replace(reading, ts=None), message, own, reading.ts)
        return Entry(station, reading, message, own, None)

    def _score(self, group: StationGroup, entries: Sequence[Entry], results: Results, transaction: Transaction) -> None:
        """Score readings at once, and follow up on each decision before the next is made.

        A mistake in our code must neither stop the agent nor come back with every redelivery: the remaining readings
        are then scored one by one, and one that cannot be scored becomes a dead letter.
        """
        before = results.readings
        batch = [(entry.station.state, entry.reading) for entry in entries]
        pack = _packer(group.bundle.station.size)
        try:
            group.scorer.decide(batch, partial(self._follow, iter(entries), pack, results, transaction))
        except Exception:
            remaining = entries[results.readings - before :]
            self._log.exception("readings could not be scored", readings=len(remaining))
            if len(entries) == 1:
                error = ReadingError("internal error: see the agent's log")
                self._delivery.dead_letter(transaction, entries[0].message, error)
                return
            self._health.failed_batches += 1
            for entry in remaining:
                self._score(group, [entry], results, transaction)

    def _follow(
        self,
        entries: Iterator[Entry],
        pack: Callable[..., bytes],
        results: Results,
        transaction: Transaction,
        decision: Decision,
    ) -> Collection[str]:
        """Follow up on the decision about the next entry; returns the kinds whose alarm has opened on it."""
        station, reading, _, own, claimed_ts = next(entries)
        context, panel = decision.context, self._panel
        published = context.n % self._every == 0 or decision.exceeds or context.late
        tracked = decision.exceeds or panel.tracks(station.name)
        opened: Collection[str] = ()
        raised_by = 0
        if published or tracked:
            verdict = station.group.scorer.build_verdict(decision)
        if tracked:
            adaptation = station.state.adaptation
            events = panel.observe(verdict, {kind: adaptation.threshold(kind) for kind in SCORED})
            results.events += events
            opening = [event for event in events if event.event_type == "open"]
            opened = [event.kind for event in opening]
            raised_by = max((event.count for event in opening), default=0)
        if context.late:
            self._health.late += 1
            station.health.late += 1
        else:
            station.recent.add(reading.values, raised_by=raised_by, stands=panel.stands(station.name))
        results.readings += 1
        station.health.readings += 1
        if published:
            results.verdicts.append(verdict if claimed_ts is None else replace(verdict, ts=rfc3339(claimed_ts)))
        transaction.readings.append(
            ReadingRow(
                station.id,
                context.n,
                reading.ts if claimed_ts is None else claimed_ts,
                reading.received,
                reading.seq,
                1 if context.late else 0,  # what is exactly an integer is written in half the time
                own,
                pack(*reading.values),
            )
        )
        return opened


@lru_cache
def _packer(size: int) -> Callable[..., bytes]:
    return struct.Struct(f"={size}d").pack
