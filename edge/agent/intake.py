"""Takes messages to readings: whose they are, what is in them, and whether they have come before."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from edge.agent.health import Health
from edge.agent.joining import Joining
from edge.agent.recovery import Recovery
from edge.agent.source import Share
from edge.agent.station import LiveStation
from edge.agent.station_input import Taken
from edge.agent.stations import Stations
from edge.agent.unread_topics import UnreadTopics
from edge.delivery.delivery import Delivery
from edge.errors import ReadingError
from edge.journal.transaction import Transaction
from edge.log import Log
from edge.mqtt.message import Message
from edge.readings.decoding.decoder import REMARK
from edge.readings.message_key import key, pack_keys
from edge.readings.reading import Reading


class Entry(NamedTuple):
    """A reading to be scored.

    Parameters
    ----------
    station
        Whose reading it is.
    reading
        The reading.
    message
        The message that contained it.
    key
        Key of the message, see :mod:`edge.readings.message_key`.
    """

    station: LiveStation
    reading: Reading
    message: Message
    key: int | bytes


class Intake:
    """Reads messages, and sets aside what comes twice or cannot be read.

    Parameters
    ----------
    stations
        Whose messages are read.
    recovery
        Recovers a station before its first message is read.
    delivery
        Publishes dead letters.
    health
        Counts.
    log
        Where failures are reported.

    Attributes
    ----------
    joining : Joining
        The stations that wait for parts of a reading.
    """

    def __init__(self, stations: Stations, recovery: Recovery, delivery: Delivery, *, health: Health, log: Log) -> None:
        self._stations = stations
        self._recovery = recovery
        self._delivery = delivery
        self._health = health
        self._log = log
        self._unread = UnreadTopics(stations)
        self.joining = Joining(stations, log)

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
        station: LiveStation | None = None
        try:
            station = self._stations.at(message.topic)
            if station is None:
                return self._read_shares(message, transaction)
            if not self._recovery.ensure_recovered(station, message.topic, transaction):
                return None
            documents: Sequence[Any] = ()
            if station.watch.left > station.watch.longest:  # nearly always
                decoded = station.decoder.decode(message.payload, message.received)
            else:
                documents = station.decoder.parse(message.payload)
                decoded = station.decoder.read_all(documents, message.received)
            entries = self._accept(station, decoded, message, transaction)
        except ReadingError as error:
            self._refuse(station, message, error, transaction)
            return []
        if station.decoder.notes:
            self._pass_on_notes(station)
        station.watch.left -= 1
        if documents:
            self._watch(station, documents, message, decoded)
        return entries

    def close_due(self, now: float, transaction: Transaction) -> list[Entry]:
        """Return the readings whose parts have been waited for long enough by this Unix time [s]."""
        entries = []
        for station in self.joining.due_by(now):
            taken = station.input.close_due(now)
            topic = taken[-1].message.topic if taken else station.topic
            entries += self._finish(station, taken, topic, transaction)
        return entries

    def _accept(
        self,
        station: LiveStation,
        decoded: Sequence[Reading | ReadingError],
        message: Message,
        transaction: Transaction,
    ) -> list[Entry]:
        """Take the whole readings of a message; raises ReadingError if there are too many stations."""
        readings = [each for each in decoded if type(each) is Reading]
        entries: list[Entry] = []
        if readings:
            self._stations.keep(station, message.topic)
            own = station.duplicates.take(
                message.payload, readings, received=message.received, mid=message.mid, dup=message.dup
            )
            if own is None:
                self._count_repetitions(station)
                return []
            if station.health.problems:
                station.report_repetitions(self._log)
            if len(readings) > 1:
                new = station.arrays.take(readings)
                self._count_repetitions(station, len(readings) - len(new))
                readings = new
            entries = [Entry(station, each, message, own) for each in readings]
        if len(readings) < len(decoded):
            for each in decoded:
                if isinstance(each, ReadingError):
                    self._refuse(station, message, each, transaction)
        return entries

    def _read_shares(self, message: Message, transaction: Transaction) -> list[Entry] | None:
        """Read a message whose stations are named in it, or that contains parts of readings."""
        group = self._stations.group_at(message.topic)
        if group is None:
            # A session kept by the broker is still subscribed to filters that are no longer configured.
            self._health.stray += 1
            return []
        found: list[tuple[LiveStation, Share]] = []
        errors: list[ReadingError] = []
        for share in group.source.shares(message):
            if share.unread is not None:
                if (problem := self._unread.note(share, group.source)) is not None:
                    errors.append(problem)
                continue
            if not share.name and group.entry.station_from is not None:
                errors += share.documents
                continue
            try:
                station = self._stations.named(share.name, group)
                if not self._recovery.ensure_recovered(station, message.topic, transaction):
                    return None
                found.append((station, share))
            except ReadingError as error:
                errors.append(error)
        entries = []
        for station, share in found:
            try:
                entries += self._take_share(station, share, message, transaction)
            except ReadingError as error:
                self._refuse(station, message, error, transaction)
        for each in errors:
            self._delivery.dead_letter(transaction, message, each)
        return entries

    def _take_share(
        self, station: LiveStation, share: Share, message: Message, transaction: Transaction
    ) -> list[Entry]:
        """Take what a message contains of one station; raises ReadingError if there are too many stations."""
        if station.watch.left < station.watch.longest:
            self._watch(station, share.documents, message)
        joiner = station.input.joiner
        if joiner is None:
            station.watch.left -= 1
            decoded = [each.reading for each in station.input.take(share.documents, message)]
            entries = self._accept(station, decoded, message, transaction)
        else:
            own = key(message.topic.encode() + b"\0" + message.payload, mid=message.mid)
            if (message.dup or station.duplicates.expects_again) and joiner.add_again(own, message):
                return []
            if station.duplicates.is_part_again(own, dup=message.dup):
                self._count_repetitions(station)
                return []
            self._stations.await_parts(station)
            taken = station.input.take(share.documents, message, own)
            if all(each.message is message and len(each.keys) <= 1 for each in taken) and not station.input.is_open:
                entries = self._accept(station, [each.reading for each in taken], message, transaction)  # it was whole
                self.joining.note(station, message.topic)
            else:
                entries = self._finish(station, taken, message.topic, transaction)
            if joiner.repetitions:
                self._count_repetitions(station, joiner.repetitions)
                joiner.repetitions = 0
        if station.decoder.notes:
            self._pass_on_notes(station)
        if entries:
            self._stations.keep(station, message.topic, share.name)
        return entries

    def _finish(
        self, station: LiveStation, taken: Sequence[Taken], topic: str, transaction: Transaction
    ) -> list[Entry]:
        """Take the readings that have been joined, and note whether the station waits for parts of another."""
        entries = []
        self.joining.note(station, topic)
        for reading, message, keys, saved in taken:
            if saved:
                transaction.parts[station.name] = None
            if isinstance(reading, ReadingError):
                self._refuse(station, message, reading, transaction)
                continue
            try:
                self._stations.keep(station, message.topic)
            except ReadingError as error:
                self._refuse(station, message, error, transaction)
                continue
            station.watch.left -= 1
            for each in keys:
                station.duplicates.add(each)
            entries.append(Entry(station, reading, message, pack_keys(keys)))
        return entries

    def _refuse(
        self, station: LiveStation | None, message: Message, error: ReadingError, transaction: Transaction
    ) -> None:
        if station is not None:
            station.health.refused += 1
        self._delivery.dead_letter(transaction, message, error)

    def _count_repetitions(self, station: LiveStation, count: int = 1) -> None:
        self._health.duplicates += count
        station.health.duplicates += count
        station.report_repetitions(self._log)

    def _watch(
        self, station: LiveStation, documents: Sequence[Any], message: Message, readings: Sequence[Any] = ()
    ) -> None:
        """Look at what a message contains, and report what is wrong with the station's messages."""
        station.watch.look(documents, message.topic, readings)
        if station.watch.left <= 0:
            for what, sentence in station.watch.judge().items():
                if sentence is None:
                    station.health.clear(what)
                else:
                    station.health.report(self._log, station.name, what, sentence)

    def _pass_on_notes(self, station: LiveStation) -> None:
        """Report what the decoder has noted although the readings are used."""
        for what, sentence in station.decoder.notes.items():
            if sentence is None:
                station.health.clear(what)
                if what == "clock" and (problem := station.state.clock.problem) is not None:
                    station.health.report(self._log, station.name, what, problem)
            elif what == REMARK:
                self._log.info("station", station=station.name, detail=sentence)
            else:
                station.health.report(self._log, station.name, what, sentence)
        station.decoder.notes.clear()
