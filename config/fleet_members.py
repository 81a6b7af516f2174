"""Finds the stations of a fleet: their names, their files and their topics."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from glob import iglob
from pathlib import Path
from typing import get_args

from msgspec import Meta

from config.errors import ConfigError
from config.settings.fleet import Fleet, FleetEntry
from config.settings.gateway import RESERVED, StationName
from config.topic_filters import STATION_LEVEL

RECORD_SUFFIXES = (".csv", ".parquet")
"""Files of a folder that are read; the others are left alone."""

COLLECTED_ALARMS = ".alarms.csv"
"""End of the name of the file with the alarms that `davylamp collect` writes beside a record; it is no record."""

_NAME: Meta = get_args(StationName)[1]
_EXPECTED = (_NAME.extra or {})["expected"]


@dataclass(frozen=True)
class FleetMember:
    """One station of a fleet.

    Parameters
    ----------
    name
        Its name.
    files
        Paths of files and of folders of files; empty if it is not trained.
    station, training
        Its station file and its training settings; ``None``: the methane station, and the defaults.
    bundle
        Its bundle, which exists already if there are no files.
    run
        Its run folder.
    topic
        Where it publishes.
    absent
        Keys that it never sends.
    trained
        Whether the bundle is made by training it.
    """

    name: str
    files: tuple[Path, ...]
    station: Path | None
    training: Path | None
    bundle: Path
    run: Path
    topic: str
    absent: tuple[str, ...]
    trained: bool


def find_members(fleet: Fleet, path: Path) -> list[FleetMember]:
    """List the stations of a fleet, in the order of the file and of their names.

    Parameters
    ----------
    fleet
        The settings.
    path
        Their file: paths in it are relative to its folder.

    Raises
    ------
    ConfigError
        A name is there twice or cannot be one, or a pattern finds nothing; all mistakes at once.
    """
    folder = path.resolve().parent
    problems: list[str] = []
    members: dict[str, FleetMember] = {}
    owner: dict[str, int] = {}
    for i, entry in enumerate(fleet.stations):
        where = f"{path}: stations[{i}]"
        names, others = (entry.given, []) if entry.given else _names(entry, folder)
        for other in others:
            fix = "fix: rename it, or move it away"
            problems.append(f"{where}.files: got {other}, whose name is no station's, expected {_EXPECTED}; {fix}")
        if not names and not others:
            got = ", ".join(entry.patterns)
            problems.append(f"{where}.files: got {got}, which finds no station; fix: check the path and its folder")
        for name in names:
            if name in owner:
                again = "twice" if owner[name] == i else f"which stations[{owner[name]}] has already"
                problems.append(f'{where}.name: got "{name}" {again}, expected each station once')
                continue
            owner[name] = i
            if name in RESERVED:
                problems.append(f'{where}.files: got a station "{name}"; davylamp has a topic of that name')
            files = tuple(file for pattern in entry.patterns for file in _files(pattern, name, folder))
            if not entry.given:  # of a name that was found, not every pattern needs to have a file
                files = tuple(file for file in files if file.exists())
            if entry.patterns and not files and entry.bundle is None:
                got = ", ".join(pattern.replace(STATION_LEVEL, name) for pattern in entry.patterns)
                problems.append(f"{where}.files: got {got} for {name}, where there is no file; fix: check the path")
            members[name] = _member(name, files, entry, fleet, folder)
    if problems:
        raise ConfigError(problems)
    return list(members.values())


def folder_files(folder: Path) -> list[Path]:
    """List the CSV and Parquet files of a folder and of those below it, in natural order, none hidden, no alarms."""
    found = (path for path in folder.rglob("*") if path.suffix.lower() in RECORD_SUFFIXES and path.is_file())
    shown = (path for path in found if not any(part[0] in "._" for part in path.relative_to(folder).parts))
    return sorted((path for path in shown if not path.name.endswith(COLLECTED_ALARMS)), key=natural_order)


def natural_order(path: Path | str) -> list[str | int]:
    """Return a key that sorts paths with the numbers in them by value: day=2 comes before day=10.

    Examples
    --------
    >>> sorted(["day=10/a", "day=2/a", "day=2/b"], key=natural_order)
    ['day=2/a', 'day=2/b', 'day=10/a']
    """
    return [int(part) if i % 2 else part for i, part in enumerate(re.split(r"([0-9]+)", str(path)))]


def _member(name: str, files: Sequence[Path], entry: FleetEntry, fleet: Fleet, folder: Path) -> FleetMember:
    def place(text: str | None) -> Path | None:
        return None if text is None else folder / text

    topic = (entry.topic or fleet.topic).replace(STATION_LEVEL, name)
    bundle = folder / fleet.bundles / f"{name}.davy" if entry.bundle is None else folder / entry.bundle
    return FleetMember(
        name=name,
        files=tuple(files),
        station=place(entry.station or fleet.station),
        training=place(entry.training or fleet.training),
        bundle=bundle,
        run=folder / fleet.runs / name,
        topic=topic,
        absent=entry.absent,
        trained=entry.bundle is None,
    )


def _names(entry: FleetEntry, folder: Path) -> tuple[list[str], list[str]]:
    """Return what the patterns find in the place of the station's name, and paths with what can be no name."""
    found: set[str] = set()
    others: list[str] = []
    for pattern in entry.patterns:
        if STATION_LEVEL not in pattern:
            continue
        # Only the part up to the name is looked at: what lies below belongs to the station.
        levels = pattern.split("/")
        depth = next(i for i, level in enumerate(levels) if STATION_LEVEL in level) + 1
        before, after = map(_wildcards, levels[depth - 1].split(STATION_LEVEL))
        for path in sorted(_glob("/".join(levels[:depth]).replace(STATION_LEVEL, "*"), folder)):
            match = re.fullmatch(f"{before}(?P<station>.+){after}", Path(path).name, re.DOTALL)
            if match is None or Path(path).name[0] in "._" or path.endswith(COLLECTED_ALARMS):
                continue  # the file with the alarms stands beside a collected one
            if re.fullmatch(_NAME.pattern or "", match["station"]):
                found.add(match["station"])
            else:
                others.append(path)
    return sorted(found, key=natural_order), others


def _files(pattern: str, name: str, folder: Path) -> Iterator[Path]:
    """Return the files and folders that a pattern finds for a station; a file that is named stays, even if missing."""
    named = pattern.replace(STATION_LEVEL, name)
    if not any(mark in named for mark in "*?"):
        yield folder / named
        return
    for found in sorted(_glob(named, folder), key=natural_order):
        if not found.endswith(COLLECTED_ALARMS):
            yield folder / found


def _glob(pattern: str, folder: Path) -> Iterator[str]:
    """Find paths; ``*`` and ``?`` alone are wildcards, as a bracket may be part of a name."""
    # Path.glob knows no escaped names.
    return iglob(pattern.replace("[", "[[]"), root_dir=folder, recursive=True)  # noqa: PTH207


def _wildcards(pattern: str) -> str:
    """Translate ``*`` and ``?`` of a path's part into a regular expression."""
    marks = {"*": ".*", "?": "."}
    return "".join(marks.get(char, re.escape(char)) for char in pattern)
