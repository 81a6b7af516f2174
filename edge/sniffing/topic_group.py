"""The topics of stations of one kind, and what their messages contain."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from statistics import median
from typing import Any

from edge.mqtt.topics import safe_station
from edge.readings.decoding.addresses import Address
from edge.readings.decoding.timestamps import parse_timestamp
from edge.sniffing.channel import channels
from edge.sniffing.columns import Columns, choose_columns
from edge.sniffing.sniffed_topic import SniffedTopic, id_address, literal_name, station_level

_ABSENT = object()


@dataclass
class TopicGroup:
    """The topics of stations of one kind: what becomes one entry of gateway.yaml, or several.

    Attributes
    ----------
    topics
        The topics.
    key_level
        Level of the topics that names the value; ``None``: a message is a whole reading.
    columns
        What the messages contain.
    others
        Groups whose messages are parts of the same readings.
    literal
        Whether the entries name their topics, because patterns would catch others.
    suffix
        End of its stations' names, because other stations have the same ones.
    """

    topics: list[SniffedTopic]
    key_level: int | None
    columns: Columns = field(default_factory=lambda: Columns([], []))
    others: list[TopicGroup] = field(default_factory=list)
    literal: bool = False
    suffix: str = ""

    def __post_init__(self) -> None:
        self.columns = choose_columns(channels(self.documents))
        taken = () if self.key_level is None else (self.key_level,)
        self._level = station_level(self.topics, taken)
        named = id_address([document for topic in self.topics for document in topic.documents])
        self._from = named if self.key_level is None else None
        several = max((_names_in(topic, self._from) for topic in self.topics), default=0) > 1
        if several:
            self._level = None
        elif self._level is not None:
            self._from = None

    @property
    def documents(self) -> list[Any]:
        """The documents, as the decoder sees them."""
        if self.key_level is None:
            return [document for topic in self.topics for document in topic.documents]
        return [
            {topic.levels[self.key_level]: document["value"] if topic.kind == "number" else document}
            for topic in self.topics
            for document in topic.documents
        ]

    @property
    def kind(self) -> str:
        """Shape of the payloads."""
        return self.topics[0].kind

    @property
    def line(self) -> bool:
        """Whether the values have no names but their places: those of a line or an array without a header."""
        return self.kind in ("csv", "array") and all(name.isdigit() for name in self.topics[0].columns)

    @property
    def station_from(self) -> str | None:
        """Address of the station's name in the messages; ``None``: the topic or the entry names it."""
        return None if self._from is None else self._from[0]

    @property
    def names(self) -> frozenset[str]:
        """Names of the stations as far as the topics give them."""
        if self._level is None:
            return frozenset()
        return frozenset(topic.levels[self._level] for topic in self.topics)

    @property
    def keys(self) -> frozenset[str]:
        """Keys of the columns."""
        return frozenset(guess.feature.key for guess in self.columns.guesses)

    @property
    def all_columns(self) -> Columns:
        """Columns of the group and of the others that are parts of the same readings."""
        several = [each.columns for each in (self, *self.others)]
        guesses = [guess for columns in several for guess in columns.guesses]
        order = {"gas": 0, "environment": 1, "sensor": 2}
        guesses.sort(key=lambda guess: order[guess.feature.role])
        return self.columns._replace(guesses=guesses, left_out=[each for one in several for each in one.left_out])

    @property
    def entries(self) -> list[tuple[list[str], str | None]]:
        """Topics and name of the station of each entry; a name of ``None`` is in the topic or in the messages."""
        templates = list(dict.fromkeys([*self.templates(), *(t for each in self.others for t in each.templates())]))
        if self.literal and self.names:
            return [
                ([template.replace("{station}", name) for template in templates], safe_station(name) + self.suffix)
                for name in sorted(self.names)
            ]
        named = self._level is None and self.station_from is None
        levels = [level for i, level in enumerate(self.topics[0].levels) if i != self.key_level]
        return [(templates, safe_station(literal_name(levels)) if named else None)]

    @property
    def splits(self) -> bool:
        """Whether the messages of one topic contain different columns in turn, so that they have to be joined."""
        if self.key_level is not None or len(self.columns.guesses) < 2:
            return False
        addresses = [Address(guess.address) for guess in self.columns.guesses]
        sets = {
            frozenset(i for i, address in enumerate(addresses) if address.look(document, _ABSENT) is not _ABSENT)
            for document in self.documents
        } - {frozenset()}
        # Each column in one kind of message only; a message that lacks one now and then is no part.
        return len(sets) > 1 and sum(map(len, sets)) == len(addresses)

    @property
    def cadence(self) -> float | None:
        """Usual time between two readings of one station [s]; ``None``: too few came."""
        intervals = []
        for times in self._times().values():
            intervals += [after - before for before, after in pairwise(sorted(set(times)))]
        return median(intervals) if len(intervals) >= 3 else None

    def matches(self, topic: str) -> bool:
        """Return whether a pattern of the group matches a topic."""
        levels = topic.split("/")
        return any(
            len(levels) == len(each)
            and all(one in (two, "+", "{station}", "{key}") for one, two in zip(each, levels, strict=True))
            for each in (template.split("/") for template in self.templates())
        )

    def templates(self) -> list[str]:
        """Return the patterns of the topics: what differs is a station's name, a key, or of no interest."""
        by_length: dict[int, list[list[str]]] = defaultdict(list)
        for topic in self.topics:
            by_length[len(topic.levels)].append(topic.levels)
        made = []
        for levels in by_length.values():
            template = []
            for i, values in enumerate(zip(*levels, strict=True)):
                if i == self.key_level:
                    template.append("{key}")
                elif i == self._level:
                    template.append("{station}")
                else:
                    template.append(values[0] if len(set(values)) == 1 else "+")
            made.append("/".join(template))
        return made

    def _times(self) -> dict[str, list[float]]:
        """Times of the readings of each topic [s]: by its own stamps, or by arrival."""
        address = None if self.columns.ts is None else Address(self.columns.ts)
        found: dict[str, list[float]] = {}
        for topic in self.topics:
            times = []
            for document, received in zip(topic.documents, topic.received, strict=True):
                stamp = None if address is None or self.key_level is not None else address.find(document)
                times.append(received if stamp is None else _time(stamp, received))
            found[topic.topic] = times
        return found


def _time(stamp: Any, received: float) -> float:
    try:
        return parse_timestamp(stamp) or received
    except ValueError:
        return received


def _names_in(topic: SniffedTopic, found: tuple[str, int] | None) -> int:
    """Count the devices that one topic's messages name."""
    if found is None:
        return 0
    address = Address(found[0])
    names: Sequence[Any] = [address.find(document) for document in topic.documents]
    return len({str(name) for name in names})
