"""Answers requests for the JSON Schemas of messages."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from edge.agent.answers import SchemaAnswer
from edge.agent.request_bodies import SchemaRequest
from edge.agent.stations import Stations
from edge.errors import RequestError

if TYPE_CHECKING:
    from config.settings.station import Station


class SchemaRequests:
    """Answers ``schema``.

    The schemas are made when somebody asks: all of them together take 65 kB, which no broker has to retain.

    Parameters
    ----------
    stations
        Stations whose columns a reading has.
    """

    def __init__(self, stations: Stations) -> None:
        self._stations = stations

    def answer(self, request: SchemaRequest, _: int | None = None) -> Iterator[SchemaAnswer]:
        """Return the answer, a single message.

        Raises
        ------
        RequestError
            There is no message of that name, or the station of a reading is not known.
        """
        from edge.agent.schemas import MESSAGES, READING, message_schema, reading_schema

        messages = {name: message.sentence for name, message in MESSAGES.items()} | {"reading": READING}
        name = request.name
        if name is not None and name not in messages:
            raise RequestError(f'name: got "{name[:64]}", expected one of {", ".join(messages)}')
        if request.station is not None and name != "reading":
            raise RequestError('station: got a name, expected it with "name": "reading" only')
        schema = None
        if name is not None:
            schema = reading_schema(self._station(request.station)) if name == "reading" else message_schema(name)
        return iter([SchemaAnswer(name=name, schema=schema, messages=messages)])

    def _station(self, name: str | None) -> Station:
        groups = self._stations.groups
        if name is not None and name in self._stations:
            return self._stations[name].group.bundle.station
        if name is None and len({group.bundle.id for group in groups}) == 1:
            return groups[0].bundle.station
        known = ", ".join(sorted(station.name for station in self._stations)) or "none yet"
        got = "none" if name is None else f'"{name[:64]}"'
        raise RequestError(f"station: got {got}, expected one that has sent a reading: {known}")
