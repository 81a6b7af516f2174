"""Reads the raw channels of stations from the topics on which they publish themselves."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from config.errors import ConfigError
from config.settings.gateway import StationEntry
from config.settings.station import Feature, Station
from config.topic_filters import STATION_LEVEL
from edge.agent.source import Source
from edge.dashboard.page_messages import PageBundle
from edge.errors import ReadingError
from edge.mqtt.message import Message
from edge.mqtt.topics import safe_station
from edge.readings.decoding.decoder import Decoder

_MOST_STATIONS = 1000
_WIDE = 1e38  # a range in which everything lies: what is possible is the agent's business


class ChannelValues:
    """Decodes readings as the agent does; what the agent refuses is no value here either.

    Parameters
    ----------
    entries
        Entries of gateway.yaml; empty: the topics that an agent names, with the station in them.

    Attributes
    ----------
    filters : tuple of str
        Filters to subscribe to.
    """

    def __init__(self, entries: Sequence[StationEntry] = ()) -> None:
        self._given = tuple(entries)
        self._sources: dict[str, list[tuple[Source, Decoder]]] = {}  # base topic -> those of its agent
        self._values: dict[tuple[str, str], dict[str, float | None]] = {}
        self.filters: tuple[str, ...] = tuple(each for entry in self._given for each in entry.filters)

    def know(self, base: str, topics: Sequence[str], bundles: Sequence[PageBundle]) -> None:
        """Take in what an agent publishes about its topics and bundles."""
        entries = self._given or tuple(_entries(topics))
        sources = []
        for entry in entries:
            for bundle in bundles:
                if self._given and len(bundles) > 1 and not entry.bundle.endswith(bundle.file):
                    continue
                try:
                    source = Source(entry, _station(bundle))
                    sources.append((source, source.decoder("station")))
                except (ConfigError, msgspec.ValidationError):  # of a gateway file that is not this agent's
                    continue
        self._sources[base] = sources
        self._note_filters()

    def forget(self, base: str) -> None:
        """Forget an agent that has gone."""
        if self._sources.pop(base, None) is not None:
            self._note_filters()

    def forget_station(self, place: tuple[str, str]) -> None:
        """Forget the values of a station that has gone, by its base topic and name."""
        self._values.pop(place, None)

    def _note_filters(self) -> None:
        if not self._given:
            found = (source.entry.filters for every in self._sources.values() for source, _ in every)
            self.filters = tuple(dict.fromkeys(one for each in found for one in each))

    def take(self, message: Message) -> bool:
        """Take in a message if it is a station's own; returns whether it is."""
        taken = False
        for base, sources in self._sources.items():
            for source, decoder in sources:
                if source.pattern_of(message.topic) is not None:
                    taken = True
                    self._read(base, source, decoder, message)
        return taken

    def of(self, base: str, station: str) -> dict[str, float | None]:
        """Return the latest values of a station, by key."""
        return self._values.get((base, station), {})

    def _read(self, base: str, source: Source, decoder: Decoder, message: Message) -> None:
        """Keep what a message has of a source's columns."""
        for share in source.shares(message):
            for document in share.documents:
                if isinstance(document, ReadingError):
                    continue
                part = decoder.read_part(document, message.received)
                if isinstance(part, ReadingError) or not part.came:
                    continue
                place = base, safe_station(share.name)
                if place not in self._values and len(self._values) >= _MOST_STATIONS:
                    continue
                values = self._values.setdefault(place, {})
                for i in part.came:
                    value = part.values[i]
                    values[source.station.keys[i]] = value if abs(value) < _WIDE else None  # nan is neither


def _entries(topics: Sequence[str]) -> list[StationEntry]:
    """Make entries of the topics that an agent names, as far as they name their stations and can be subscribed to."""
    named = [StationEntry(topic=topic, bundle="bundle") for topic in topics if STATION_LEVEL in topic]
    return [entry for entry in named if not any(entry.problems())]


def _station(bundle: PageBundle) -> Station:
    features = tuple(
        Feature(name=key, key=key, unit=unit, role="sensor", range=(-_WIDE, _WIDE))
        for key, unit in zip(bundle.columns, bundle.units, strict=False)
    )
    return Station(name=bundle.station, features=features)
