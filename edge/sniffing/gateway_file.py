"""Writes the gateway file of what was recognised, with its guesses commented."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from config.settings.broker import Broker
from config.yaml.rendering import render
from edge.mqtt.topics import safe_station
from edge.sniffing.column_guess import ColumnGuess
from edge.sniffing.columns import Columns, mapped
from edge.sniffing.local_offset import local_offset
from edge.sniffing.topic_group import TopicGroup
from edge.sniffing.yaml_text import comment_text, yaml_text

_MOST_LEFT_OUT = 40  # numbers that are listed


class SniffedEntry(NamedTuple):
    """What becomes entries of gateway.yaml.

    Parameters
    ----------
    group
        The stations.
    columns
        What their messages contain.
    bundle
        Path of the bundle, as the file names it.
    station
        Path of the station file, as the file names it; ``None``: the bundle is there already.
    output
        Name of the CSV into which readings may be recorded.
    absent
        Keys of columns for which nothing came.
    """

    group: TopicGroup
    columns: Columns
    bundle: str
    station: str | None
    output: str
    absent: Sequence[str] = ()


def gateway_yaml(
    entries: Sequence[SniffedEntry], broker: Broker, *, where: str, skipped: Mapping[str, str], source: str
) -> str:
    """Return the text of a gateway file.

    Parameters
    ----------
    entries
        What was recognised.
    broker
        Where it came from.
    where
        Path of this file, for the commands in its comments.
    skipped
        Topics that carry no readings, and why.
    source
        How much was received, in words.
    """
    return "\n".join(_lines(entries, broker, where, skipped, source)) + "\n"


def _lines(
    entries: Sequence[SniffedEntry], broker: Broker, where: str, skipped: Mapping[str, str], source: str
) -> Iterator[str]:
    yield f"# Guessed by `davylamp sniff` from {source}. Check what is written here; every key that is"
    yield "# left out has its default (`davylamp init` writes a file with all of them). Then:"
    for entry in entries:
        if entry.station is not None:
            which = f" --id {_first_name(entry.group)}" if len(entries) > 1 and _first_name(entry.group) else ""
            yield f"#   davylamp record -c {where} --station {entry.station}{which} -o {entry.output}   # a day or more"
            made = Path(where).parent / entry.bundle
            yield f"#   davylamp train {entry.output} --station {entry.station} --bundle {made}"
    yield f"#   davylamp check -c {where} && davylamp agent -c {where}"
    yield "broker:"
    default = dict(_settings(Broker()))
    for key, value in _settings(broker):
        if key == "host" or default.get(key) != value:
            yield f"  {key}: {value}"
    yield ""
    yield "stations:"
    for entry in entries:
        yield from _entry(entry)
    if skipped:
        yield ""
        yield "# Not readings, as far as can be said:"
        for topic, why in list(skipped.items())[:_MOST_LEFT_OUT]:
            yield f"#   {comment_text(topic)}: {comment_text(why)}"


def _settings(broker: Broker) -> list[tuple[str, str]]:
    """Return the settings of a broker as they are written on one line each."""
    lines = (line.split("  #")[0].rstrip() for line in render(broker, blank=("client_id",)).splitlines())
    pairs = (line.partition(": ") for line in lines if line and not line.startswith((" ", "-")))
    flat = {key: value for key, _, value in pairs if value}
    if broker.password is not None:
        flat["password"] = yaml_text({k: v for k, v in _fields(broker.password) if v is not None})
    if broker.tls is not None:
        flat["tls"] = yaml_text({k: v for k, v in _fields(broker.tls) if v is not None})
    return list(flat.items())


def _fields(struct: Any) -> list[tuple[str, Any]]:
    return [(name, getattr(struct, name)) for name in struct.__struct_fields__]


def _entry(entry: SniffedEntry) -> Iterator[str]:
    group, columns = entry.group, entry.columns
    for topics, name in group.entries:
        topic = yaml_text(topics[0] if len(topics) == 1 else topics)
        yield f"  - topic: {topic}{_devices(group)}"
        if name is not None:
            yield f"    station: {yaml_text(name)}"
        elif group.station_from is not None:
            yield f"    station_from: {yaml_text(group.station_from)}   # its name in the messages"
        made = "" if entry.station is None else "   # to be trained, see above"
        yield f"    bundle: {yaml_text(entry.bundle)}{made}"
        yield from _format(group, columns)
        yield from _keys(group, columns)
        yield from _units(columns.guesses)
        yield from _time(group, columns)
        if group.splits:
            yield "    join: 10   # [s] in which the parts of one reading arrive"
        elif group.key_level is not None or len(topics) > 1:
            yield "    # join: 10    # [s] in which the parts of one reading arrive"
        if entry.absent:
            yield f"    # Nothing came for {', '.join(entry.absent)}. What the station never sends goes here:"
            yield f"    # absent: [{', '.join(entry.absent)}]"
        yield from _left_out(columns)


def _first_name(group: TopicGroup) -> str:
    """Return the name of one of the stations; empty if only their messages name them."""
    name = group.entries[0][1]
    return name or next(map(safe_station, sorted(group.names)), "")


def _devices(group: TopicGroup) -> str:
    names = sorted(group.names)
    if not names:
        return ""
    shown = ", ".join(names[:5]) + (f" and {len(names) - 5} more" if len(names) > 5 else "")
    return f"   # {comment_text(shown)}"


def _format(group: TopicGroup, columns: Columns) -> Iterator[str]:
    kinds = {topic.kind for each in (group, *group.others) for topic in each.topics}
    kind = next(iter(kinds)) if len(kinds) == 1 else "auto"
    yield f"    format: {'json' if kind == 'array' else kind}"
    if kind in ("csv", "array"):
        names = line_columns(group, columns)
        yield f"    columns: {yaml_text(names)}   # the values in order"


def line_columns(group: TopicGroup, columns: Columns) -> list[str]:
    """Return names of the values of a line: those of its header, or the keys that are read from it."""
    names = list(group.topics[0].columns)
    if not group.line:
        return names
    keys = {guess.address: guess.feature.key for guess in columns.guesses}
    if columns.ts is not None:
        keys[columns.ts] = "ts"
    return [keys.get(name, "") for name in names]


def key_addresses(group: TopicGroup, columns: Columns) -> dict[str, str]:
    """Return the addresses of the keys that are not found by their own names."""
    if group.line:
        return {}
    addresses = {guess.feature.key: guess.address for guess in columns.guesses}
    if columns.ts is not None:
        addresses["ts"] = columns.ts
    return {key: address for key, address in addresses.items() if mapped(address, key)}


def _keys(group: TopicGroup, columns: Columns) -> Iterator[str]:
    addresses = key_addresses(group, columns)
    if not addresses:
        return
    remarks = {guess.feature.key: guess.remark for guess in columns.guesses}
    yield "    keys:"
    for key, address in addresses.items():
        remark = f"   # {comment_text(remarks[key])}" if remarks.get(key) else ""
        yield f"      {yaml_text(key)}: {yaml_text(address)}{remark}"


def _units(guesses: Sequence[ColumnGuess]) -> Iterator[str]:
    units = {guess.feature.key: guess.comes_in for guess in guesses if guess.comes_in is not None}
    if units:
        yield f"    units: {yaml_text(units)}   # in which they come"
    counts = [guess for guess in guesses if guess.feature.unit == "counts"]
    if counts:
        yield "    # Counts of a converter say little about a sensor. To have resistances, write Ohm as the unit of"
        yield "    # these columns in the station file, and here, with the values of your board:"
        yield "    # units:"
        for guess in counts:
            yield f"    #   {guess.feature.key}: {yaml_text(_divider(guess))}"


def _divider(guess: ColumnGuess) -> dict[str, float]:
    """Return an example of a divider that fits the converter, if it can be recognised."""
    most = next(each for each in (1023, 4095, 32_768, 65_535) if guess.largest <= each or each == 65_535)
    reference = 6.144 if most == 32_768 or "ads1" in guess.address.lower() else 3.3
    return {"counts": 32_768 if reference == 6.144 else most, "reference": reference, "load_ohm": 10_000, "supply": 5}


def _time(group: TopicGroup, columns: Columns) -> Iterator[str]:
    if columns.ts is None:
        if any("ts" in each for one in (group, *group.others) for each in one.documents if isinstance(each, dict)):
            yield "    ts: received   # what comes as ts is no time"
            return
        yield "    # The messages have no time stamp: readings have the time at which they arrive."
        return
    if not columns.local:
        return
    offset = local_offset(group)
    if offset is None:
        yield "    # timezone: Europe/Berlin    # its time has no offset and is taken for UTC; if local, name the zone"
    elif offset == 0:
        yield "    # Its time has no offset, and is UTC."
    else:
        zone = f"Etc/GMT{-offset // 3600:+d}" if offset % 3600 == 0 else None
        hint = f"UTC{offset / 3600:+.4g} h now; a name such as Europe/Berlin has summer time"
        mark = "" if zone else "# "
        yield f"    {mark}timezone: {zone or 'Asia/Kolkata'}   # {hint}"


def _left_out(columns: Columns) -> Iterator[str]:
    if columns.left_out:
        yield "    # Numbers that are left out:"
        for address, why in columns.left_out[:_MOST_LEFT_OUT]:
            yield f"    #   {comment_text(address)}: {why}"
