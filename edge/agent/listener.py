"""From messages to readings without a journal: what ``record`` and ``check`` listen with."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from edge.agent.source import Share, Source
from edge.agent.station_input import StationInput, Taken
from edge.agent.station_names import StationNames
from edge.errors import ReadingError
from edge.mqtt.message import Message
from edge.readings.reading import Reading

_MOST = 1000  # stations that are distinguished


class Received(NamedTuple):
    """A reading that came, or the error in its place.

    Parameters
    ----------
    station
        Name of the station; empty if it is not known.
    reading
        The reading, or why there is none.
    message
        The message that contained it, or the last of its parts.
    """

    station: str
    reading: Reading | ReadingError
    message: Message


class Listener:
    """Finds out whose a message is, decodes it, and joins what comes in parts.

    Parameters
    ----------
    sources
        The entries of gateway.yaml, in order: the first that matches a topic wins.

    Attributes
    ----------
    inputs
        The stations that have sent something, by name.
    names
        What they call themselves.
    """

    def __init__(self, sources: Iterable[Source]) -> None:
        self.inputs: dict[str, StationInput] = {}
        self._sources = tuple(sources)
        self.names = StationNames()

    @property
    def filters(self) -> list[str]:
        """Topic filters to subscribe to."""
        return [pattern.filter for source in self._sources for pattern in source.patterns]

    def source_of(self, topic: str) -> Source | None:
        """Return the entry whose topic it is; ``None`` if it is nobody's."""
        return next((each for each in self._sources if each.pattern_of(topic) is not None), None)

    def take(self, message: Message) -> list[Received]:
        """Return the readings that are complete with a message, and the errors in it."""
        source = self.source_of(message.topic)
        if source is None:
            return []
        found: list[Received] = []
        for share in source.shares(message):
            if not share.name and source.entry.station_from is not None:
                found += [Received("", error, message) for error in share.documents]
                continue
            try:
                station = self._input(source, share)
            except ReadingError as error:
                found.append(Received("", error, message))
                continue
            taken = station.take(share.documents, message)
            if share.unread is not None:
                station.watch.look_at_name(share.unread)
            station.watch.look(share.documents, message.topic, [each.reading for each in taken])
            found += _received(station, taken)
        return found

    def close_due(self, now: float) -> list[Received]:
        """Return the readings whose windows have passed at this Unix time [s]."""
        return [each for station in self.inputs.values() for each in _received(station, station.close_due(now))]

    def close(self) -> list[Received]:
        """Return the readings that are open, although parts of them may still come."""
        return [each for station in self.inputs.values() for each in _received(station, station.close())]

    def take_notes(self) -> list[str]:
        """Return what decoders have noted of readings that they use, with the station's name in front."""
        found = []
        for name, station in self.inputs.items():
            found += [f"{name}: {note}" for note in station.decoder.notes.values() if note is not None]
            station.decoder.notes.clear()
        return found

    @property
    def due(self) -> float:
        """When the first open reading has waited long enough for its parts, Unix time [s]; inf if none is open."""
        return min((station.due for station in self.inputs.values()), default=math.inf)

    def _input(self, source: Source, share: Share) -> StationInput:
        name = self.names.safe(share.name)
        station = self.inputs.get(name)
        if station is None:
            if len(self.inputs) >= _MOST:
                raise ReadingError(f"station {name!r} is one more than the limit of {_MOST} stations")
            station = self.inputs[name] = StationInput(name, source)
            self.names.claim(share.name)
        return station


def _received(station: StationInput, taken: Sequence[Taken]) -> list[Received]:
    return [Received(station.name, each.reading, each.message) for each in taken]
