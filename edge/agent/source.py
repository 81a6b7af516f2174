"""One entry of gateway.yaml: which stations' messages its topics carry, and the documents in them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import repeat
from typing import Any, NamedTuple

from config.address_syntax import address_steps
from config.errors import ConfigError
from config.settings.gateway import StationEntry
from config.settings.station import Station
from edge.errors import ReadingError
from edge.mqtt.message import Message
from edge.mqtt.topics import Pattern
from edge.readings.decoding.addresses import Address
from edge.readings.decoding.decoder import Decoder
from edge.readings.decoding.echo import echo

_MOST_TOPICS = 4000  # topics whose pattern is remembered ...
_LONGEST_TOPIC = 256  # ... and characters of one: longer ones must not fill the memory


class Share(NamedTuple):
    """What a message contains of one station.

    Parameters
    ----------
    name
        The station's name as the topic, the entry or the document gives it; it need not be allowed. Empty if documents
        should give it and do not: there are only errors then.
    documents
        Its documents, and the errors in the place of those that cannot be used.
    unread
        The ``{key}`` of the topic if no column is read from it, and the documents were left alone.
    """

    name: str
    documents: list[Any]
    unread: str | None = None


class Source:
    """The messages of one entry.

    Parameters
    ----------
    entry
        The entry.
    station
        Its columns.
    cadence
        Interval between the readings of its bundle's training [s]; ``None``: unknown.

    Attributes
    ----------
    patterns : tuple of Pattern
        What its topics look like.
    joins : bool
        Whether a message may contain a part of a reading only: a topic has ``{key}``, there are several topics, or
        ``join`` is set.
    plain : bool
        Whether a topic is one station's and its messages are whole readings.

    Raises
    ------
    config.errors.ConfigError
        ``keys`` or ``absent`` name a key that the station does not have.
    """

    def __init__(self, entry: StationEntry, station: Station, cadence: float | None = None) -> None:
        self.entry = entry
        self.station = station
        self.cadence = cadence
        self.patterns = tuple(map(Pattern, entry.topics))
        self.joins = entry.join is not None or len(entry.topics) > 1 or any(each.splits for each in self.patterns)
        self.plain = not self.joins and entry.station_from is None
        self._decoder = self.decoder("station")
        self._station_from = None if entry.station_from is None else Address(entry.station_from)
        self._read = self._names_read()
        self._known: dict[str, Pattern | None] = {}

    def decoder(self, name: str) -> Decoder:
        """Make the decoder of one of its stations."""
        return Decoder.for_entry(name, self.station, self.entry)

    def pattern_of(self, topic: str) -> Pattern | None:
        """Return the entry's pattern that a topic matches; ``None`` if it matches none."""
        if topic in self._known:
            return self._known[topic]
        found = next((each for each in self.patterns if each.matches(topic)), None)
        if len(topic) <= _LONGEST_TOPIC:
            if len(self._known) >= _MOST_TOPICS:
                self._known.clear()
            self._known[topic] = found
        return found

    def name_in(self, topic: str) -> str:
        """Return the name that the entry or a topic gives a station."""
        pattern = self.pattern_of(topic)
        return self.entry.station or (pattern.station(topic) if pattern is not None else None) or ""

    def part_name(self, topic: str) -> str | None:
        """Return the name of the value or part that a topic carries; ``None`` if its messages are documents."""
        pattern = self.pattern_of(topic)
        return None if pattern is None else pattern.key(topic)

    def shares(self, message: Message) -> list[Share]:
        """Take a message apart, by stations.

        A message on a topic of ``{key}`` that no column reads has no documents, whatever is in it.
        """
        key = self.part_name(message.topic)
        if key is None:
            documents = self._decoder.parse(message.payload)
        elif key in self._read:
            documents = self._decoder.parse(message.payload, key)
        else:
            return [Share(self.name_in(message.topic), [], key)]
        if self._station_from is None:
            return [Share(self.name_in(message.topic), documents)]
        shares: dict[str, Share] = {}
        for document in documents:
            name = "" if isinstance(document, ReadingError) else self._name(document)
            named = document if name or isinstance(document, ReadingError) else self._missing_name(document)
            shares.setdefault(name, Share(name, [])).documents.append(named)
        return list(shares.values())

    def _missing_name(self, document: Any) -> ReadingError:
        """Describe that a document does not name its station."""
        assert self._station_from is not None
        found = echo(self._station_from.find(document))
        fix = "fix: station_from: the address of a text that names the device"
        return ReadingError(f"got {found}, expected the station's name; {fix}", self._station_from.text)

    def _name(self, document: Any) -> str:
        """Return the name that a document gives its station, empty if it gives none."""
        assert self._station_from is not None
        name = self._station_from.find(document)
        if isinstance(name, bool) or not isinstance(name, str | int | float):
            return ""
        return str(name).strip()

    def _names_read(self) -> frozenset[str]:
        """Names of {key} that some column is read from."""
        keys = (*(each for each in self.station.keys if each not in self.entry.absent), "ts", "seq")
        addresses = [self.entry.keys.get(key, key) for key in keys]
        return frozenset(addresses) | {str(address_steps(each)[0]) for each in addresses}


def sources_of(
    entries: Sequence[StationEntry], stations: Sequence[Station], cadences: Iterable[float | None] = repeat(None)
) -> list[Source]:
    """Make the source of each entry of gateway.yaml, with the interval [s] between the readings of its training.

    Raises
    ------
    config.errors.ConfigError
        ``keys``, ``absent`` or ``columns`` name what a station does not have; names the entry.
    """
    sources = []
    for i, (entry, station, cadence) in enumerate(zip(entries, stations, cadences, strict=False)):
        try:
            sources.append(Source(entry, station, cadence))
        except ConfigError as error:
            raise ConfigError([f"gateway.yaml: stations[{i}].{problem}" for problem in error.problems]) from error
    return sources
