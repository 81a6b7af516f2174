"""Writes one gateway file for each gateway of a fleet."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec
import yaml

from config.atomic import write_text
from config.errors import ConfigError
from config.fleet_members import FleetMember, find_members
from config.settings.fleet import Fleet
from config.settings.gateway import Gateway
from config.yaml.document import NUMBER, parse_document
from config.yaml.load import load_fleet, load_gateway
from config.yaml.struct_builder import Problems, build_struct
from edge.planning.station_spread import overlap_faults, spread_stations

_MARK = "# Written by `davylamp plan`"
_OWN = {"gateway": "name", "stations": "stations", "topics.base": "base topic", "broker.client_id": "client id"}
"""Keys that every gateway has its own of, and what each is."""


@dataclass(frozen=True)
class PlannedGateway:
    """A gateway of a plan.

    Parameters
    ----------
    path
        Its file.
    name
        Its name.
    stations
        Its stations.
    text
        What the file will hold.
    moved
        Stations that an earlier plan gave another gateway -> that gateway.
    """

    path: Path
    name: str
    stations: tuple[FleetMember, ...]
    text: str
    moved: Mapping[str, str]


def plan_gateways(path: Path, output: Path, count: int, *, prefix: str = "gateway") -> list[PlannedGateway]:
    """Spread the stations of a fleet over gateways; nothing is written yet.

    A station that an earlier plan in the same folder has given a gateway stays there, unless another would have none.

    Parameters
    ----------
    path
        The fleet's file.
    output
        Folder of the gateway files.
    count
        How many gateways.
    prefix
        What their names begin with.

    Raises
    ------
    ConfigError
        A file is wrong, topics overlap, a gateway would have too many stations, or the folder has other gateway files
        of those names; all mistakes at once.
    """
    fleet = load_fleet(path)
    members = find_members(fleet, path)
    names = [f"{prefix}-{number}" for number in range(1, count + 1)]
    shared = _shared_settings(fleet, path, output)
    faults = list(overlap_faults(members, [f"davylamp/{name}" for name in names], path))
    faults += _stale_faults(output, names, members)
    if faults:
        raise ConfigError(faults)
    placed = _placed(output, names)
    spread = spread_stations(members, names, placed)
    plan = []
    for name, stations in spread.items():
        target = output / f"{name}.yaml"
        text = _text(name, stations, shared, output, path)
        problems: Problems = []
        build_struct(parse_document(text)[0], Gateway, problems)
        if problems:
            raise ConfigError([f"{target}: {where}: {sentence}" for where, sentence in problems])
        moved = {each.name: placed[each.name] for each in stations if placed.get(each.name, name) != name}
        plan.append(PlannedGateway(target, name, tuple(stations), text, moved))
    return plan


def write_plan(plan: Sequence[PlannedGateway]) -> None:
    """Write the files of a plan.

    Parameters
    ----------
    plan
        The gateways.

    Raises
    ------
    OSError
        A file cannot be written.
    """
    for each in plan:
        each.path.parent.mkdir(parents=True, exist_ok=True)
        write_text(each.path, each.text)


def _shared_settings(fleet: Fleet, path: Path, output: Path) -> dict[str, Any]:
    """Return what the gateways have alike, with paths relative to their folder."""
    if fleet.gateway is None:
        return {}
    source = path.parent / fleet.gateway
    settings = load_gateway(source)
    data = parse_document(source.read_text(encoding="utf-8-sig"))[0]
    faults = []
    for key, what in _OWN.items():
        first, _, second = key.partition(".")
        value = data.get(first)
        if second:
            value = value.get(second) if isinstance(value, dict) else None
        if value:
            faults.append(f"{source}: {key}: got it, expected none: each gateway has a {what} of its own")
    if faults:
        raise ConfigError(faults)
    moved = _moved(data, settings, source.resolve().parent, output.resolve())
    return {key: value for key, value in moved.items() if key not in ("gateway", "stations")}


def _moved(data: Mapping[str, Any], settings: msgspec.Struct, source: Path, output: Path) -> dict[str, Any]:
    """Return settings as they are written, with paths that were relative to one folder relative to another."""
    moved: dict[str, Any] = {}
    for key, value in data.items():
        loaded = getattr(settings, key, None)
        if isinstance(value, dict) and isinstance(loaded, msgspec.Struct):
            moved[key] = _moved(value, loaded, source, output)
        elif isinstance(value, str) and loaded != value and loaded == str(source / value):
            moved[key] = os.path.relpath(loaded, output)  # only a path was changed when it was loaded
        else:
            moved[key] = value
    return moved


def _stale_faults(output: Path, names: Sequence[str], members: Sequence[FleetMember]) -> Iterator[str]:
    """Yield which files of the folder must not be overwritten, and which would have stations of others."""
    planned = {member.name for member in members}
    for file in sorted(output.glob("*.yaml")):
        ours = file.read_text(encoding="utf-8", errors="replace").startswith(_MARK)
        if file.stem in names and not ours:
            yield f"{file}: was not written by davylamp plan, and is not overwritten; fix: move it away, or another -o"
        elif file.stem not in names and ours and not planned.isdisjoint(_stations(file)):
            yield (
                f"{file}: of an earlier plan, has stations that other gateways would have as well; fix: stop its agent "
                "and remove the file"
            )


def _placed(output: Path, names: Sequence[str]) -> dict[str, str]:
    """Return which gateway an earlier plan gave each station."""
    return {station: name for name in names for station in _stations(output / f"{name}.yaml")}


def _stations(file: Path) -> list[str]:
    if not file.is_file():
        return []
    data, _ = parse_document(file.read_text(encoding="utf-8", errors="replace"))
    entries = data.get("stations") if isinstance(data, dict) else None
    found = [entry.get("station") for entry in entries or [] if isinstance(entry, dict)]
    return [name for name in found if isinstance(name, str)]


def _text(name: str, stations: Sequence[FleetMember], shared: Mapping[str, Any], output: Path, path: Path) -> str:
    head = f"{_MARK} from {path.name}, which it will be written from again: change that file, not this one.\n"
    body = {"gateway": name, **shared}
    lines = ["stations:"] if stations else ["stations: []"]
    for member in stations:
        entry: dict[str, Any] = {"topic": member.topic, "station": member.name}
        entry["bundle"] = os.path.relpath(member.bundle, output.resolve())
        if member.absent:
            entry["absent"] = list(member.absent)
        flow = _dump(entry, default_flow_style=True, width=float("inf"))
        lines.append(f"- {flow.strip()}")
    return head + _dump(body) + "\n".join(lines) + "\n"


class _Dumper(yaml.SafeDumper):
    """Quotes also the texts that are numbers in YAML 1.2 alone, such as 1e3."""


_Dumper.add_implicit_resolver("tag:yaml.org,2002:float", NUMBER, list("-+.0123456789"))


def _dump(data: dict[str, Any], **options: Any) -> str:
    return str(yaml.dump(data, Dumper=_Dumper, sort_keys=False, allow_unicode=True, **options))
