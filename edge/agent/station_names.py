"""Gives stations the names under which davylamp publishes them."""

from __future__ import annotations

from edge.errors import ReadingError
from edge.mqtt.topics import safe_station
from edge.readings.decoding.echo import printable

_LONGEST = 256  # characters of a name that a topic or a document gives


class StationNames:
    """Makes the names of topics and documents safe, and keeps apart two that become the same one."""

    def __init__(self) -> None:
        self._claimed: dict[str, str] = {}

    def safe(self, name: str) -> str:
        """Return the safe name of a station.

        Parameters
        ----------
        name
            The name that its topic or its document gives.

        Raises
        ------
        ReadingError
            There is none, or another station has the safe one already.
        """
        if not name:
            raise ReadingError("got no name of the station; fix: station: in gateway.yaml, or station_from:")
        if len(name) > _LONGEST:
            short = printable(name)
            raise ReadingError(f'got a name of {len(name)} characters, "{short}", expected at most {_LONGEST}')
        safe = safe_station(name)
        other = self._claimed.get(safe, name)
        if other != name:
            both = f'"{printable(name)}" and "{printable(other)}"'
            raise ReadingError(
                f"{both} both become the station {safe}, and the first that came has it; fix: rename one of the two"
                " devices, or give it an entry of its own with station:"
            )
        return safe

    def called(self, safe: str) -> str:
        """Return the name that the topic or the document of a station gives."""
        return self._claimed.get(safe, safe)

    def release(self, safe: str) -> None:
        """Forget whose a safe name is."""
        self._claimed.pop(safe, None)

    def claim(self, name: str) -> None:
        """Note whose safe name it is, from the first good reading on."""
        self._claimed.setdefault(safe_station(name), name)
