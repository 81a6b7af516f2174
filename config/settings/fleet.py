"""Settings of fleet.yaml: many stations, what each is trained on, and where it is scored."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated

from msgspec import Meta, Struct

from config.settings.gateway import RESERVED, Key, StationName
from config.topic_filters import (
    KEY_LEVEL,
    READINGS_TOPIC,
    STATION_LEVEL,
    filter_fault,
    strip_share,
    subscription_filter,
)

MOST_STATIONS = 500
"""Stations that one agent serves."""

FleetPath = Annotated[str, Meta(min_length=1, extra={"expected": "a path"})]
FleetTopic = Annotated[str, Meta(min_length=1, extra={"expected": "a topic, e.g. sensors/{station}/readings"})]


class FleetEntry(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One station, or several that are alike."""

    name: Annotated[
        StationName | None, Meta(description="name; null: names, or each that files finds in the place of {station}")
    ] = None
    names: Annotated[tuple[StationName, ...], Meta(description="names of several stations that are alike")] = ()
    files: Annotated[
        str | tuple[str, ...],
        Meta(description="CSV or Parquet files, or folders of them, one path or a list; {station} is the name"),
    ] = ()
    station: Annotated[FleetPath | None, Meta(description="station file; null: the fleet's")] = None
    training: Annotated[FleetPath | None, Meta(description="training settings; null: the fleet's")] = None
    bundle: Annotated[
        FleetPath | None, Meta(description="a bundle that exists: these stations are not trained; null: their own")
    ] = None
    topic: Annotated[
        FleetTopic | None,
        Meta(description="where it publishes; null: the fleet's"),
    ] = None
    absent: Annotated[tuple[Key, ...], Meta(description="message keys that these stations never send")] = ()

    @property
    def given(self) -> tuple[str, ...]:
        """Names that are given."""
        return self.names if self.name is None else (self.name,)

    @property
    def patterns(self) -> tuple[str, ...]:
        """Paths of the files, one or several."""
        return (self.files,) if isinstance(self.files, str) else self.files

    def problems(self) -> Iterator[tuple[str, str]]:
        """Yield (path, sentence) for every broken rule that a type cannot express."""
        if not self.given and not any(STATION_LEVEL in pattern for pattern in self.patterns):
            yield "name", f"missing, expected a name, or {STATION_LEVEL} in files, which then finds the names"
        if self.name is not None and self.names:
            yield "names", f'got a list, expected none: name is "{self.name}" already'
        for name in self.given:
            if name in RESERVED:
                yield "name", f'got "{name}", expected another name: davylamp has a topic of that name'
        if not self.patterns and self.bundle is None:
            yield "files", "missing, expected what the station is trained on, or the bundle that it has"
        for i, pattern in enumerate(self.patterns):
            if pattern.count(STATION_LEVEL) > 1 and not self.given:
                yield f"files[{i}]", f'got "{pattern}", expected {STATION_LEVEL} once'
            elif len(self.given) > 1 and STATION_LEVEL not in pattern:
                yield f"files[{i}]", f'got "{pattern}" for {len(self.given)} stations, expected {STATION_LEVEL} in it'
        if self.topic is not None:
            yield from (("topic", fault) for fault in topic_faults(self.topic))


class Fleet(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Many stations."""

    station: Annotated[FleetPath | None, Meta(description="station file of the columns; null: the methane station")] = (
        None
    )
    training: Annotated[FleetPath | None, Meta(description="training settings; null: the defaults")] = None
    bundles: Annotated[FleetPath, Meta(description="folder for the bundles, NAME.davy")] = "bundles"
    runs: Annotated[FleetPath, Meta(description="folder for the run folders, one of each station")] = "runs"
    memory_mb: Annotated[int, Meta(ge=256, description="[MB] that the training of one station may take")] = 4096
    topic: Annotated[FleetTopic, Meta(description="where stations publish; {station} stands for the name")] = (
        READINGS_TOPIC
    )
    gateway: Annotated[
        FleetPath | None, Meta(description="gateway file with what all gateways have alike; null: the defaults")
    ] = None
    stations: Annotated[tuple[FleetEntry, ...], Meta(description="one entry per station, or per kind")]

    def problems(self) -> Iterator[tuple[str, str]]:
        """Yield (path, sentence) for every broken rule that a type cannot express."""
        if self.stations is not None and not self.stations:
            yield "stations", "got an empty list, expected the stations"
        if self.topic is not None:
            yield from (("topic", fault) for fault in topic_faults(self.topic))


def topic_faults(topic: str) -> Iterator[str]:
    """Yield what is wrong with the topic of a fleet's stations."""
    if fault := filter_fault(subscription_filter(topic)):
        yield f'got "{topic}", expected a topic filter with {fault}'
        return
    if topic != strip_share(topic):
        yield f'got "{topic}", expected it without $share: each gateway has stations of its own'
    for level in (STATION_LEVEL, KEY_LEVEL):
        if topic.count(level) != topic.split("/").count(level) or topic.count(level) > 1:
            yield f'got "{topic}", expected {level} once at most, as a whole level'
