"""Settings of gateway.yaml: one agent, its broker and its stations."""

from __future__ import annotations

import re
import socket
from collections.abc import Iterator
from typing import Annotated, ClassVar, Literal

from msgspec import Meta, Struct
from msgspec.structs import force_setattr, replace

from config.address_syntax import address_fault
from config.settings.alarms import Alarms, Level
from config.settings.archive import ArchiveSettings
from config.settings.broker import Broker
from config.settings.dashboard import DashboardSettings
from config.settings.home_assistant import HomeAssistantSettings
from config.settings.rollout import RolloutSettings
from config.settings.unit_settings import UnitSettings
from config.time_zones import zone_fault
from config.topic_filters import (
    KEY_LEVEL,
    READINGS_TOPIC,
    STATION_LEVEL,
    filter_fault,
    filters_overlap,
    overlaps_subtree,
    strip_share,
    subscription_filter,
    topic_fault,
)

RESERVED = frozenset({"state", "info", "health", "deadletter", "request", "response"})
"""Levels below our base that carry something else: no station may have one of these names."""

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
Address = Annotated[str, Meta(min_length=1, extra={"expected": "a path into the message, e.g. data.ch4 or values[0]"})]
Unit = Annotated[
    str | UnitSettings,
    Meta(
        extra={
            "expected": 'a unit in quotes, e.g. "ppm", "degF", "kOhm", or {counts: 4095, load_ohm: 10000, supply: 5}'
        }
    ),
]
Format = Literal["auto", "json", "senml", "influx", "csv", "number"]
_WITH_COLUMNS = ("auto", "json", "csv")  # formats whose values may come without names


class TopicSettings(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where davylamp publishes, and where it may send answers."""

    base: Annotated[str, Meta(min_length=1, description="null: davylamp/GATEWAY")] = ""
    response_prefixes: Annotated[
        tuple[str, ...], Meta(description="topic prefixes outside base to which a request may have its answer sent")
    ] = ()

    def problems(self) -> Iterator[tuple[str, str]]:
        """Yield (path, sentence) for every broken rule that a type cannot express."""
        if self.base and (fault := topic_fault(self.base)):
            yield "base", f'got "{self.base}", expected a topic with {fault}'
        for i, prefix in enumerate(self.response_prefixes):
            if fault := topic_fault(prefix.removesuffix("/")):
                yield f"response_prefixes[{i}]", f'got "{prefix}", expected the beginning of a topic with {fault}'


class StationEntry(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The stations that publish to one topic and are scored by one bundle."""

    topic: Annotated[
        str | tuple[str, ...],
        Meta(description="one or a list; {station} and {key} capture a level; the first match wins"),
    ] = READINGS_TOPIC
    station: Annotated[StationName | None, Meta(description="name of the station, if topic has no {station}")] = None
    station_from: Annotated[
        Address | None, Meta(description="path of the station's name in the payload, e.g. deviceInfo.deviceName")
    ] = None
    bundle: Annotated[
        str,
        Meta(min_length=1, description="path, relative to this file", extra={"relative": True, "expected": "a path"}),
    ]
    format: Annotated[Format, Meta(description="auto | json | senml | influx | csv | number")] = "auto"
    columns: Annotated[
        tuple[str, ...], Meta(description="with format: csv, the message key of each value, e.g. [ts, ch4_ppb]")
    ] = ()
    keys: Annotated[
        dict[Key, Address], Meta(description="message key: path in the payload, e.g. {ch4_ppb: data.ch4}")
    ] = {}
    absent: Annotated[
        tuple[Key, ...], Meta(description="message keys that these stations never send, e.g. [ch4_ppb]")
    ] = ()
    units: Annotated[
        dict[Key, Unit],
        Meta(description="message key: unit in which it comes, e.g. {temperature_c: degF}"),
    ] = {}
    missing: Annotated[
        tuple[float | str, ...],
        Meta(
            description="further numbers and texts that stand for no reading, e.g. [-127, open]",
            extra={"expected": "a list of numbers and texts"},
        ),
    ] = ()
    enhancement: Annotated[
        Level | None,
        Meta(description="[unit of the gas column] in place of alarms.methane.enhancement"),
    ] = None
    limit: Annotated[Level | None, Meta(description="[unit of the gas column] in place of alarms.methane.limit")] = None
    ts: Annotated[
        Literal["station", "received"], Meta(description="station | received: received ignores the station's clock")
    ] = "station"
    timezone: Annotated[str | None, Meta(description="of stamps without an offset, e.g. Europe/Berlin; null: UTC")] = (
        None
    )
    join: Annotated[
        Seconds | None, Meta(description="[s] in which the parts of one reading arrive; null: 10, if it comes in parts")
    ] = None
    cadence: Annotated[
        Seconds | None, Meta(description="[s] between readings; null: the median of the last 50 intervals")
    ] = None
    stale_after: Annotated[
        Seconds | None,
        Meta(description="[s] of silence until a station counts as offline; null: 5 cadences, at least 60"),
    ] = None

    @property
    def topics(self) -> tuple[str, ...]:
        """Topic patterns of the entry, one or several."""
        return (self.topic,) if isinstance(self.topic, str) else self.topic

    @property
    def filters(self) -> tuple[str, ...]:
        """Topic filters to subscribe to."""
        return tuple(subscription_filter(topic) for topic in self.topics)

    def problems(self) -> Iterator[tuple[str, str]]:
        """Yield (path, sentence) for every broken rule that a type cannot express."""
        if not self.topics:
            yield "topic", "got an empty list, expected a topic"
        for topic in self.topics:
            yield from self._topic_problems(topic)
        if self.station in RESERVED:
            yield "station", f'got "{self.station}", expected another name: davylamp has a topic of that name'
        if self.station is not None and self.station_from is not None:
            yield "station_from", f'got "{self.station_from}", expected none: station is "{self.station}" already'
        for key, address in (self.keys or {}).items():
            if fault := address_fault(address):
                yield f"keys.{key}", fault
        if self.timezone is not None and (fault := zone_fault(self.timezone)):
            yield "timezone", fault
        if self.format == "csv" and not self.columns:
            yield "columns", "missing, expected the message key of each value (format is csv), e.g. [ts, ch4_ppb]"
        if self.columns and self.format not in _WITH_COLUMNS:
            yield "columns", f"got names, expected none: format {self.format} brings its own; fix: use keys"
        if self.station_from is not None and (fault := address_fault(self.station_from)):
            yield "station_from", fault
        for key in sorted(set(self.absent) & self.keys.keys()):
            yield "absent", f'got "{key}", which keys maps: it cannot be both'

    def _topic_problems(self, topic: str) -> Iterator[tuple[str, str]]:
        named = self.station is not None or self.station_from is not None
        places = topic.split("/").count(STATION_LEVEL)
        if fault := filter_fault(subscription_filter(topic)):
            yield "topic", f'got "{topic}", expected a topic filter with {fault}'
            return
        for level, most in ((STATION_LEVEL, places), (KEY_LEVEL, topic.split("/").count(KEY_LEVEL))):
            if topic.count(level) != most or most > 1:
                yield "topic", f'got "{topic}", expected {level} once, as a whole level'
                return
        if places == 0 and not named:
            yield "station", f'missing, expected a name, or {STATION_LEVEL} as one level of the topic (got "{topic}")'
        elif places == 1 and self.station is not None:
            yield "topic", f'got "{topic}", expected it without {STATION_LEVEL}: station is "{self.station}" already'


class ScoringSettings(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How readings are scored and how often scores are published."""

    publish_every: Annotated[Count, Meta(description="publish every n-th score")] = 1
    adapt: Annotated[bool, Meta(description="true: thresholds follow each station to keep the requested rate")] = True
    exceedances_per_1000: Annotated[
        float, Meta(gt=0, le=1000, description="requested rate: readings in 1000 that may exceed by chance, per kind")
    ] = 1.0


class JournalSettings(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The file that survives a restart."""

    path: Annotated[str, Meta(min_length=1, description="path, relative to the working directory")] = "journal.db"
    durability: Annotated[
        Literal["power", "process"],
        Meta(description="power: survives a power cut (one fsync a batch) | process: survives a crash"),
    ] = "power"
    readings_per_station: Annotated[
        Count, Meta(description="readings kept; the state is rebuilt from them after a restart")
    ] = 2000
    max_mb: Annotated[
        Count, Meta(description="[MB] size limit of the file; with many stations fewer readings are kept")
    ] = 256


class SynthesisSettings(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Limits on requests for synthetic rows."""

    max_rows: Annotated[Count, Meta(description="maximum rows per request")] = 100000
    rows_per_part: Annotated[
        Count, Meta(description="rows per message: answers come in parts, so that scoring never waits")
    ] = 500
    per_minute: Annotated[Count, Meta(description="maximum requests per minute")] = 10


class HealthSettings(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How often the agent publishes its health."""

    every: Annotated[Seconds, Meta(description="[s] between health messages")] = 60.0


class LogSettings(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What the agent logs, and how."""

    level: Annotated[
        Literal["debug", "info", "warning", "error"], Meta(description="debug | info | warning | error")
    ] = "info"
    format: Annotated[
        Literal["text", "json"], Meta(description="text: a line of key=value | json: each line is a JSON object")
    ] = "text"


def _delivered_twice(one: str, other: str) -> bool:
    """Return whether a broker would send one message twice to a client that subscribes to both filters."""
    shared = one != strip_share(one) or other != strip_share(other)
    return shared and one != other and filters_overlap(one, other)


def _host_name() -> str:
    name = socket.gethostname().split(".")[0].lower()
    return re.sub("[^a-z0-9-]+", "-", name).strip("-") or "gateway"


class Gateway(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One agent: its broker, its stations, and what it does with their readings."""

    DERIVED: ClassVar = ("gateway", "broker.port", "broker.client_id", "topics.base")
    """Keys whose default depends on the host or on other keys; they are ``null`` in the shipped file."""

    gateway: Annotated[
        str,
        Meta(
            pattern=r"^[a-z0-9-]+\Z",
            description="a-z, 0-9 and -; null: the host name",
            extra={"expected": "a name of a-z, 0-9 and - only"},
        ),
    ] = ""
    broker: Broker = Broker()
    topics: TopicSettings = TopicSettings()
    stations: Annotated[tuple[StationEntry, ...], Meta(description="one entry per topic")] = ()
    scoring: ScoringSettings = ScoringSettings()
    alarms: Alarms = Alarms()
    journal: Annotated[JournalSettings, Meta(description="what survives a restart or a power cut")] = JournalSettings()
    archive: ArchiveSettings = ArchiveSettings()
    synthesis: SynthesisSettings = SynthesisSettings()
    health: HealthSettings = HealthSettings()
    log: LogSettings = LogSettings()
    home_assistant: HomeAssistantSettings = HomeAssistantSettings()
    dashboard: Annotated[DashboardSettings, Meta(description="the page of davylamp dashboard")] = DashboardSettings()
    rollout: RolloutSettings = RolloutSettings()

    def __post_init__(self) -> None:
        name = self.gateway or _host_name()
        force_setattr(self, "gateway", name)
        force_setattr(self, "broker", replace(self.broker, client_id=self.broker.client_id or f"davylamp-{name}"))
        force_setattr(self, "topics", replace(self.topics, base=self.topics.base or f"davylamp/{name}"))

    def problems(self) -> Iterator[tuple[str, str]]:
        """Yield (path, sentence) for every broken rule that a type cannot express."""
        yield from self.archive.clashes(self.journal.path)
        announced = self.home_assistant.configurations
        listed = [(i, topic) for i, entry in enumerate(self.stations) for topic in entry.topics]
        for place, (i, topic) in enumerate(listed):
            for j, other in listed[:place]:
                if topic == other:
                    yield f"stations[{i}].topic", f'got "{topic}", which stations[{j}] has already'
                if _delivered_twice(subscription_filter(other), subscription_filter(topic)):
                    clash = f'"{other}" of stations[{j}]: the broker would send a message that matches both twice'
                    yield f"stations[{i}].topic", f'got "{topic}", expected one that does not overlap {clash}'
            if overlaps_subtree(subscription_filter(topic), self.topics.base):
                ours = f"our own topics ({self.topics.base}/...): davylamp must not read what it writes"
                yield f"stations[{i}].topic", f'got "{topic}", expected a filter that does not overlap {ours}'
            elif self.home_assistant.possible and filters_overlap(subscription_filter(topic), announced):
                fix = "fix: a narrower topic, or home_assistant: {discovery: off}"
                yield f"stations[{i}].topic", f'got "{topic}", which overlaps what we publish on {announced}; {fix}'
