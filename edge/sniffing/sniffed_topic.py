"""Collects messages by topic, and finds the level of topics that names the station."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from config.topic_filters import KEY_LEVEL, STATION_LEVEL, topic_fault
from edge.mqtt.message import Message
from edge.mqtt.topics import station_problem
from edge.readings.decoding.formats.foreign_payload import foreign_payload
from edge.readings.decoding.formats.format import SIZE_LIMIT, text_of
from edge.sniffing.quantities import UNIT_WORDS, find_quantity, name_tokens, names_diagnostic, names_sensor
from edge.sniffing.shape import Kind, payload_shape

_GENERIC = frozenset(
    """tele stat cmnd sensor sensors state status up uplink readings reading json csv senml influx line home house
    zigbee2mqtt device devices node nodes application applications event events data telemetry measurement measurements
    v1 v2 v3 mqtt bttomqtt theengsgateway rtl_433 telegraf station stations values value air climate gas tasmota esphome
    shelly shellies out in raw payload all metrics batch live stream messages message msg feed""".split()  # noqa: SIM905
)
_BEFORE = frozenset(
    """tele device devices node nodes sensor sensors station stations zigbee2mqtt bttomqtt telegraf purpleair
    readings""".split()  # noqa: SIM905
)
_NOT_BEFORE = frozenset(["application", "applications", "gateway", "gateways", "site", "sites", "v3"])
_HEX = re.compile(r"(?:eui-)?(?:[0-9a-fA-F]{2}[:-]?){3,}")
_ID_NAMES = (
    "station", "devicename", "deviceid", "friendlyname", "device", "sensorname", "sensorid", "nodeid", "node", "deveui",
    "serialno", "serial", "serialnumber", "mac", "macaddress", "name", "id", "host", "hostname",
)  # fmt: skip


@dataclass
class SniffedTopic:
    """What came on one topic.

    Attributes
    ----------
    topic
        The topic.
    kind
        Shape of its payloads.
    documents
        The documents in them.
    received
        When each document came, Unix time [s].
    columns
        Names of the values of a line or of an array.
    """

    topic: str
    kind: Kind
    documents: list[Any] = field(default_factory=list)
    received: list[float] = field(default_factory=list)
    columns: tuple[str, ...] = ()

    @property
    def levels(self) -> list[str]:
        """Levels of the topic."""
        return self.topic.split("/")


def collect_topics(messages: Iterable[Message]) -> tuple[list[SniffedTopic], dict[str, str]]:
    """Collect messages by topic.

    Returns
    -------
    list of SniffedTopic
        The topics whose payloads may be readings.
    dict
        The others, and why they are none.
    """
    found: dict[str, SniffedTopic] = {}
    skipped: dict[str, str] = {}
    for message in messages:
        levels = message.topic.split("/")
        if levels[0] == "davylamp" or _describes_devices(levels):
            skipped[message.topic] = "davylamp's own" if levels[0] == "davylamp" else "describes devices"
            continue
        if any(each in message.topic for each in (STATION_LEVEL, KEY_LEVEL)) or topic_fault(message.topic):
            skipped[message.topic] = "cannot be written into a gateway file"
            continue
        shape = payload_shape(message.payload)
        if shape is None:
            skipped.setdefault(message.topic, _foreign(message.payload))
            continue
        sniffed = found.setdefault(message.topic, SniffedTopic(message.topic, shape.kind))
        if sniffed.kind == shape.kind and (not sniffed.columns or len(sniffed.columns) == len(shape.columns)):
            sniffed.columns = sniffed.columns or shape.columns
            sniffed.documents += shape.documents
            sniffed.received += [message.received] * len(shape.documents)
    return list(found.values()), {topic: why for topic, why in skipped.items() if topic not in found}


def _describes_devices(levels: Sequence[str]) -> bool:
    """Return whether a topic is the broker's own, or one of Home Assistant's discovery; its states are values."""
    return levels[0] == "$SYS" or (levels[0] == "homeassistant" and (levels[-1] == "config" or len(levels) == 2))


def _foreign(payload: bytes) -> str:
    payload = payload[:SIZE_LIMIT]
    found = foreign_payload(payload, text_of(payload))
    return found if found is not None and "fix:" in found else "no format of readings"


def names_measure(level: str) -> bool:
    """Return whether a level of a topic names what is measured.

    Examples
    --------
    >>> names_measure("temperature:0"), names_measure("r2600_ohm"), names_measure("garden")
    (True, True, False)
    """
    words = name_tokens(level)
    unit = len(words) > 1 and words[-1] in UNIT_WORDS
    return unit or find_quantity(words) is not None or names_diagnostic(words) or names_sensor(words)


def station_level(topics: Sequence[SniffedTopic], taken: Collection[int] = ()) -> int | None:
    """Find the level that names the station in topics of the same length.

    Parameters
    ----------
    topics
        The topics of one group.
    taken
        Levels that are something else.

    Returns
    -------
    int or None
        Its index; ``None`` if no level looks like a name.
    """
    levels = [topic.levels for topic in topics]
    ids = {_bare(name) for topic in topics for name in _ids(topic.documents)}
    scores = {}
    for i in range(len(levels[0])):
        if i in taken:
            continue
        values = {each[i] for each in levels}
        score = 6.0 if len(values) > 1 else 0.0
        for value in values:
            score += _likeness(value, levels[0][i - 1] if i else "", ids) / len(values)
        scores[i] = score
    best = max(scores, key=lambda i: scores[i], default=None)
    return best if best is not None and scores[best] > 0 else None


def id_address(documents: Sequence[Any]) -> tuple[str, int] | None:
    """Find the address of the text that names the device, and how many names came there; ``None``: there is none."""
    from edge.sniffing.channel import channels

    ranked = []
    found = channels(documents)
    tagged = any(channel.path[0] == "tags" for channel in found)
    for channel in found:
        if tagged and channel.path == ("name",):
            continue  # the measurement's, as in lines of InfluxDB
        word = "".join(name_tokens(channel.path[-1]))
        names = [str(each) for each in channel.values if isinstance(each, str | int) and not isinstance(each, bool)]
        rank = _ID_NAMES.index(word) if word in _ID_NAMES else len(_ID_NAMES) if word.endswith("id") else None
        different = len(set(names))
        if rank is None or len(names) < len(documents) or (different > 2 and 2 * different > len(names)):
            continue  # an identifier of the message is another one in each
        whole = any(isinstance(each, str) for each in channel.values)
        ranked.append((not whole, rank, len(channel.path), channel.address, different))
    return min(ranked)[3:] if ranked else None


def literal_name(levels: Sequence[str]) -> str:
    """Make a name from the levels of a topic, none of which looks like one."""
    levels = [level for level in levels if level.lower() not in _GENERIC and station_problem(level) is None]
    return levels[-1] if levels else "st-1"


def _likeness(value: str, before: str, ids: Collection[str]) -> float:
    """Say how much a level looks like the name of a device."""
    score = 0.0
    if value.lower() in _GENERIC:
        return -5.0
    if before.lower() in _BEFORE:
        score += 3
    if before.lower() in _NOT_BEFORE:
        score -= 4
    if _bare(value) in ids:
        score += 4
    if _HEX.fullmatch(value):
        score += 3
    elif any(c.isdigit() for c in value) and any(c.isalpha() for c in value):
        score += 2
    words = name_tokens(value)
    return score - (3 if find_quantity(words) is not None and not any(c.isdigit() for c in value) else 0)


def _ids(documents: Sequence[Any]) -> set[str]:
    from edge.sniffing.fields import document_fields

    return {
        str(each.value)
        for document in documents[:20]
        for each in document_fields(document)
        if "".join(name_tokens(each.path[-1])) in _ID_NAMES and isinstance(each.value, str)
    }


def _bare(name: str) -> str:
    return re.sub(r"[^0-9a-z]", "", name.lower())
