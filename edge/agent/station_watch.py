"""Looks at a station's messages now and then: keys that never come, several devices, another interval than trained."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from edge.agent.source import Source
from edge.readings.cadence_watch import CadenceWatch
from edge.readings.device_watch import DeviceWatch
from edge.readings.key_watch import KeyWatch
from edge.readings.reading import Reading

LOOKED_AT = 20
"""Readings in a row that are looked at."""

_PAUSE = 2000  # readings between two looks, if nothing is wrong: they must cost nothing


class StationWatch:
    """Looks at 20 readings of a station in a row, and after 2000 more again, or at once if something is wrong.

    Parameters
    ----------
    source
        The entry of the station.

    Attributes
    ----------
    left
        Readings until the next verdict; those at less than ``longest`` are looked at.
    longest
        Readings that are looked at in a row.
    """

    __slots__ = ("_cadence", "_devices", "_keys", "_whole", "left", "longest")

    def __init__(self, source: Source) -> None:
        entry = source.entry
        self.longest = LOOKED_AT
        self.left = self.longest
        self._whole = not source.joins
        self._keys = KeyWatch(source.station, entry.keys, entry.absent)
        self._devices = DeviceWatch()
        self._cadence = CadenceWatch(source.cadence)

    def look(self, documents: Sequence[Any], topic: str, readings: Sequence[Any] = ()) -> None:
        """Look at the documents of a message, and at the readings that were made of them."""
        for reading in readings:
            if isinstance(reading, Reading):
                self._cadence.look(reading)
        for i, document in enumerate(documents):
            if not isinstance(document, dict | list):
                continue
            reading = readings[i] if len(readings) == len(documents) else None
            self._keys.look(document)
            self._devices.look(document, topic, reading.seq if isinstance(reading, Reading) else None)

    def look_at_name(self, name: str) -> None:
        """Look at the ``{key}`` of a topic that no column is read from."""
        self._keys.look_at_name(name)

    def judge(self, *, soon: bool = False) -> dict[str, str | None]:
        """Return what is wrong, by the kind of problem, ``None`` for what is right; the next look begins after a pause.

        Parameters
        ----------
        soon
            Whether to judge from whatever has come.
        """
        keys, devices = self._keys.problem(), self._devices.problem(whole=self._whole, soon=soon)
        self.left = self.longest + (_PAUSE if keys is None and devices is None else 0)
        return {"keys": keys, "devices": devices, "cadence": self._cadence.problem()}
