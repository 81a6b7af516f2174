"""Gateway: the whole of gateway.yaml."""

from __future__ import annotations

import re
import socket
from collections.abc import Iterator
from typing import Annotated, ClassVar, Literal

from msgspec import Meta, Struct
from msgspec.structs import force_setattr, replace

from config.settings.alarms import Alarms
from config.settings.broker import Broker
from config.topic_filters import (
    STATION_LEVEL,
    filter_fault,
    filters_overlap,
    overlaps_subtree,
    strip_share,
    subscription_filter,
    topic_fault,
)

RESERVED = frozenset({"state", "info", "health", "deadletter", "request", "response"})
"""Levels under our base that are no stations: no station may be called so."""

Seconds = Annotated[float, Meta(gt=0)]
Count = Annotated[int, Meta(ge=1)]
Key = Annotated[str, Meta(min_length=1)]
StationName = Annotated[
    str,
    Meta(
        pattern=r"^[A-Za-z0-9][A-Za-z0-9_.:-]{0,63}\Z",
        extra={"expected": "1 to 64 letters, digits, _ . : - (first a letter or digit)"},
    ),
]
DottedPath = Annotated[
    str, Meta(pattern=r"^[^.]+(\.[^.]+)*\Z", extra={"expected": "a dotted path into the message, e.g. data.ch4"})
]


class TopicSettings(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where davylamp publishes, and where it may answer."""

    base: Annotated[str, Meta(min_length=1, description="null: davylamp/GATEWAY")] = ""
    response_prefixes: Annotated[
        tuple[str, ...], Meta(description="where else a request may have its answer sent: first levels of topics")
    ] = ()

    def problems(self) -> Iterator[tuple[str, str]]:
        """Yield (path, sentence) for every rule that a type cannot say."""
        if self.base and (fault := topic_fault(self.base)):
            yield "base", f'got "{self.base}", expected a topic with {fault}'
        for i, prefix in enumerate(self.response_prefixes):
            if fault := topic_fault(prefix.removesuffix("/")):
                yield f"response_prefixes[{i}]", f'got "{prefix}", expected the beginning of a topic with {fault}'


class StationEntry(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Stations that send to one topic and are scored by one bundle."""

    topic: Annotated[str, Meta(description="{station} captures one level; the first entry that matches wins")] = (
        f"sensors/{STATION_LEVEL}/readings"
    )
    station: Annotated[StationName | None, Meta(description="its name, for a topic without {station}")] = None
    bundle: Annotated[
        str, Meta(min_length=1, description="relative to this file", extra={"relative": True, "expected": "a path"})
    ]
    keys: Annotated[dict[Key, DottedPath], Meta(description="message key: dotted path, e.g. {ch4_ppb: data.ch4}")] = {}
    absent: Annotated[tuple[Key, ...], Meta(description="message keys that these stations never send")] = ()
    cadence: Annotated[
        Seconds | None, Meta(description="[s] between readings; null: the median of the last 50 intervals")
    ] = None
    stale_after: Annotated[
        Seconds | None, Meta(description="[s] of silence until it is offline; null: 5 cadences, at least 60")
    ] = None

    @property
    def filter(self) -> str:
        """Topic filter to subscribe to."""
        return subscription_filter(self.topic)

    def problems(self) -> Iterator[tuple[str, str]]:
        """Yield (path, sentence) for every rule that a type cannot say."""
        places = self.topic.split("/").count(STATION_LEVEL)
        if fault := filter_fault(self.filter):
            yield "topic", f'got "{self.topic}", expected a topic filter with {fault}'
        elif self.topic.count(STATION_LEVEL) != places or places > 1:
            yield "topic", f'got "{self.topic}", expected {STATION_LEVEL} once, as a whole level'
        elif places == 0 and self.station is None:
            yield (
                "station",
                f'missing, expected a name, or {STATION_LEVEL} as one level of the topic (got "{self.topic}")',
            )
        elif places == 1 and self.station is not None:
            yield (
                "topic",
                f'got "{self.topic}", expected it without {STATION_LEVEL}: station is "{self.station}" already',
            )
        if self.station in RESERVED:
            yield "station", f'got "{self.station}", expected another name: davylamp has a topic of that name'
        for key in sorted(set(self.absent) & self.keys.keys()):
            yield "absent", f'got "{key}", which keys maps: it cannot be both'


class ScoringSettings(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How readings are scored and how often that is published."""

    publish_every: Annotated[Count, Meta(description="every n-th score")] = 1
    adapt: Annotated[bool, Meta(description="thresholds follow each station, so that the requested rate is kept")] = (
        True
    )
    exceedances_per_1000: Annotated[
        float, Meta(gt=0, le=1000, description="requested rate, per kind: readings in 1000 that may exceed by chance")
    ] = 1.0


class JournalSettings(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What survives a restart."""

    path: Annotated[str, Meta(min_length=1, description="relative to the working directory")] = "journal.db"
    durability: Annotated[
        Literal["power", "process"],
        Meta(description="power: fsync each batch, survives a power cut | process: survives a crash"),
    ] = "power"
    readings_per_station: Annotated[Count, Meta(description="kept; the state after a start comes from them")] = 2000
    max_mb: Annotated[Count, Meta(description="[MB] of the file; where stations are many, fewer readings are kept")] = (
        256
    )


class SynthesisSettings(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Bounds of the requests for synthetic rows."""

    max_rows: Annotated[Count, Meta(description="per request")] = 100000
    rows_per_part: Annotated[Count, Meta(description="an answer comes in parts, so that scoring never waits")] = 500
    per_minute: Annotated[Count, Meta(description="requests")] = 10


class HealthSettings(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How often the agent says how it is."""

    every: Annotated[Seconds, Meta(description="[s]")] = 60.0


class LogSettings(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What the agent logs."""

    level: Annotated[
        Literal["debug", "info", "warning", "error"], Meta(description="debug | info | warning | error")
    ] = "info"


def _twice(one: str, other: str) -> bool:
    """Tell whether a broker would send a message once for each of two filters, to one client."""
    shared = one != strip_share(one) or other != strip_share(other)
    return shared and one != other and filters_overlap(one, other)


def _host_name() -> str:
    name = socket.gethostname().split(".")[0].lower()
    return re.sub("[^a-z0-9-]+", "-", name).strip("-") or "gateway"


class Gateway(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One agent: a broker, the stations it listens to, and what it does with their readings."""

    DERIVED: ClassVar = ("gateway", "broker.port", "broker.client_id", "topics.base")
    """Keys whose default depends on the host or on other keys: null in the shipped file."""

    gateway: Annotated[
        str,
        Meta(
            pattern=r"^[a-z0-9-]+\Z",
            description="null: the host name; [a-z0-9-]",
            extra={"expected": "a name of a-z, 0-9 and - only"},
        ),
    ] = ""
    broker: Broker = Broker()
    topics: TopicSettings = TopicSettings()
    stations: Annotated[tuple[StationEntry, ...], Meta(description="one entry per topic")] = ()
    scoring: ScoringSettings = ScoringSettings()
    alarms: Alarms = Alarms()
    journal: Annotated[JournalSettings, Meta(description="what survives a restart, and a power cut")] = (
        JournalSettings()
    )
    synthesis: SynthesisSettings = SynthesisSettings()
    health: HealthSettings = HealthSettings()
    log: LogSettings = LogSettings()

    def __post_init__(self) -> None:
        name = self.gateway or _host_name()
        force_setattr(self, "gateway", name)
        broker = replace(self.broker, client_id=self.broker.client_id or f"davylamp-{name}")
        force_setattr(self, "broker", broker)
        force_setattr(self, "topics", replace(self.topics, base=self.topics.base or f"davylamp/{name}"))

    def problems(self) -> Iterator[tuple[str, str]]:
        """Yield (path, sentence) for every rule that a type cannot say."""
        topics = [entry.topic for entry in self.stations]
        for i, entry in enumerate(self.stations):
            if entry.topic in topics[:i]:
                first = topics.index(entry.topic)
                yield f"stations[{i}].topic", f'got "{entry.topic}", which stations[{first}] has already'
            for j, before in enumerate(self.stations[:i]):
                if _twice(before.filter, entry.filter):
                    clash = (
                        f'"{before.topic}" of stations[{j}]: what a shared subscription and another match comes twice'
                    )
                    yield f"stations[{i}].topic", f'got "{entry.topic}", expected one that does not meet {clash}'
            if overlaps_subtree(entry.filter, self.topics.base):
                ours = f"our own topics ({self.topics.base}/...): davylamp must not read what it writes"
                yield f"stations[{i}].topic", f'got "{entry.topic}", expected a filter that does not meet {ours}'
