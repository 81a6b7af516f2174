"""Notices that what comes as one station cannot be one device."""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import pairwise
from typing import Any, Final

from edge.readings.decoding.addresses import members
from edge.readings.decoding.echo import printable

_NAMES: Final = frozenset((
    "device", "deviceid", "deviceids", "devicename", "devid", "deveui", "eui", "mac", "macaddress", "macaddr",
    "serial", "serialno", "serialnumber", "sn", "station", "stationid", "stationname", "node", "nodeid",
    "nodename", "sensorid", "sensorname", "sensor", "chipid", "clientid", "host", "hostname", "friendlyname",
    "boardid", "board", "unitid", "imei", "tagid", "id", "uid", "name",
))  # fmt: skip
"""Names, without blanks and case, of what tells devices apart."""

_WEAK: Final = frozenset(("id", "uid", "name", "sensor"))  # may be a message's, or a measurement's
_NOT_THE_DEVICE = re.compile(
    r"gateway|rx|correlation|message|event|packet|application|tenant|user|session|boot|request|rule|\[", re.IGNORECASE
)
_SEVERAL = "so several devices are one station"
_DEEPEST = 3  # names of an address
_MOST = 40  # addresses that are followed
_LONGEST = 1000  # documents that are looked at
_LONGEST_TEXT = 120  # characters of an address or a name that is followed
_LONGEST_TOPIC = 256  # ... and of a topic
_LISTED = 4  # values that a sentence lists
_CYCLE = 4  # integers one after the other that are a counter, not so many devices


class DeviceWatch:
    """Looks at the documents of a station, in their order, for names that alternate and counters that interleave."""

    def __init__(self) -> None:
        self._values: dict[tuple[str, str], list[str | int]] = {}
        self._topics: list[str] = []
        self._counters: list[int] = []

    def look(self, document: Any, topic: str, seq: int | None = None) -> None:
        """Look at a document, on the topic on which it came, and its counter."""
        if len(self._topics) >= _LONGEST:
            return
        topic = topic[:_LONGEST_TOPIC]
        self._topics.append(topic)
        if seq is not None:
            self._counters.append(seq)
        for address, value in members(document):
            name = re.sub(r"[\W_]+", "", address.rpartition(".")[2]).lower()
            if name not in _NAMES or not isinstance(value, str | int) or isinstance(value, bool):
                continue
            if len(address) > _LONGEST_TEXT or not address.isprintable() or len(str(value)) > _LONGEST_TEXT:
                continue
            if address.count(".") >= _DEEPEST or _NOT_THE_DEVICE.search(address):
                continue
            if (topic, address) in self._values or len(self._values) < _MOST:
                self._values.setdefault((topic, address), []).append(value)

    def problem(self, *, whole: bool = True, soon: bool = False) -> str | None:
        """Say that several devices have sent since the last call, and how to tell them apart; ``None`` if one has.

        Parameters
        ----------
        whole
            Whether each document was a whole reading, so that one device has one topic.
        soon
            Whether a name that has changed is enough, and need not change back.
        """
        values, topics, counters = self._values, self._topics, self._counters
        self._values, self._topics, self._counters = {}, [], []
        for (_, address), seen in sorted(values.items(), key=lambda item: item[0][1].count(".")):
            if _alternates(seen) or (soon and address.lower() not in _WEAK and len(set(seen)) > 1):
                listed = _listed(seen)
                return (
                    f"{address} is {listed} in turn, so several devices are one station; fix: station_from: {address}"
                )
        if whole and _alternates(topics):
            fix = "fix: {station} in the place of the level that differs"
            return f"readings come on the topics {_listed(topics)} in turn, {_SEVERAL}; {fix}"
        if whole and _interleave(counters):
            fix = "fix: station_from: the address of what names the device"
            return f"two counters (seq) alternate, {_SEVERAL}; {fix}"
        return None


def _alternates(seen: Sequence[str | int]) -> bool:
    """Return whether values come back after others came: what a message's own identifier never does."""
    distinct = set(seen)
    if len(distinct) < 2 or 2 * len(distinct) > len(seen):
        return False
    numbers = [each for each in seen if isinstance(each, int)]
    if len(distinct) >= _CYCLE and len(numbers) == len(seen):
        steps = [b - a for a, b in pairwise(numbers)]
        if 2 * sum(step == 1 for step in steps) > len(steps):
            return False  # a counter that wraps
    return 1 + sum(a != b for a, b in pairwise(seen)) > len(distinct)


def _interleave(counters: Sequence[int]) -> bool:
    """Return whether a counter goes back again and again, and each time goes on where it was."""
    if len(counters) < 8:
        return False
    back = sum(b < a for a, b in pairwise(counters))
    on = sum(0 < counters[i] - counters[i - 2] <= 3 for i in range(2, len(counters)))
    return 4 * back >= len(counters) and 4 * on >= 3 * (len(counters) - 2)


def _listed(values: Sequence[str | int]) -> str:
    distinct = [printable(str(each)) for each in dict.fromkeys(values)]
    more = ", ..." if len(distinct) > _LISTED else ""
    return ", ".join(distinct[:_LISTED]) + more
