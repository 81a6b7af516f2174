"""Scores a folder of Parquet files, partitioned by station and day: what `davylamp score` does with a folder."""

from __future__ import annotations

import json
import math
import re
import sys
from argparse import Namespace
from importlib.metadata import version
from pathlib import Path

from config.fleet_members import RECORD_SUFFIXES, folder_files
from edge.bundles.bundle import Bundle
from edge.errors import RequestError
from trainer.errors import FleetError
from trainer.fleet.fleet_job import FleetJob
from trainer.fleet.fleet_jobs import run_jobs
from trainer.fleet.outcome_table import follow_outcomes, outcome_table, outcomes_document

MEMORY_MB = 2048
"""Memory that the scoring of one station may take, unless it is said otherwise [MB]."""

_PARTITION = "station="
_RECORDS = "_davylamp"  # folder of what says that a station is done; readers of Parquet skip such names
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.:-]{0,63}")


def run(arguments: Namespace) -> int:
    """Score every station of the folder, and print one table; returns 1 if one failed."""
    jobs = folder_jobs(arguments, Path(arguments.files[0]))
    outcomes = follow_outcomes(run_jobs(jobs, arguments.jobs, dask=arguments.dask), len(jobs), sys.stderr)
    if arguments.json:
        document = {"output": str(arguments.output), "stations": outcomes_document(outcomes)}
        print(json.dumps(document, ensure_ascii=False))  # noqa: T201  # a verb's module
    else:
        print(*outcome_table(outcomes), sep="\n")  # noqa: T201
    return 1 if any(each.outcome == "failed" for each in outcomes) else 0


def folder_jobs(arguments: Namespace, folder: Path) -> list[FleetJob]:
    """Make the job of each station.

    Parameters
    ----------
    arguments
        Those of the command line.
    folder
        The folder.

    Raises
    ------
    RequestError
        There is no folder for the output, it lies in the other, or an option is out of its range.
    FleetError
        The folder has no file of a station.
    """
    output = arguments.output
    if output is None or (output.exists() and not output.is_dir()):
        raise RequestError(f"-o: got {output or 'none'}, expected a folder for the scores of {folder}")
    if output.resolve() == folder.resolve() or output.resolve().is_relative_to(folder.resolve()):
        raise RequestError(f"-o: got {output}, expected a folder outside {folder}")
    if arguments.request is not None and not 0 < arguments.request < 1:
        raise RequestError(f"request: got {arguments.request:g}, expected a rate in (0, 1); 0.001 is one in 1000")
    for name in ("enhancement", "limit"):
        level = getattr(arguments, name)
        if level is not None and not 0 < level < math.inf:
            raise RequestError(f"{name}: got {level:g}, expected a gas level above 0")
    stations = station_files(folder)
    if not stations:
        suffixes = " or ".join(RECORD_SUFFIXES)
        raise FleetError(f"{folder}: got no {suffixes} file below it, expected {_PARTITION}NAME/day=DATE/*.parquet")
    if not arguments.bundle.is_dir():
        Bundle.open(arguments.bundle)  # one for all: if it cannot be used, nothing starts
    return [
        FleetJob(
            name=name,
            function="trainer.fleet.station_scoring:score_station",
            arguments={
                "bundle": str(_bundle(arguments.bundle, name).resolve()),
                "station": None if arguments.station is None else str(arguments.station.resolve()),
                "folder": str(folder.resolve()),
                "files": files,
                "output": str(output.resolve() / f"{_PARTITION}{name}"),
                "request": arguments.request,
                "absent": list(arguments.absent),
                "adapt": arguments.adapt,
                "enhancement": arguments.enhancement,
                "limit": arguments.limit,
            },
            inputs=(
                str(_bundle(arguments.bundle, name).resolve()),
                *([] if arguments.station is None else [str(arguments.station.resolve())]),
                *(str(folder.resolve() / file) for file, _ in files),
            ),
            record=str(output.resolve() / _RECORDS / f"{name}.json"),
            memory_mb=arguments.memory or MEMORY_MB,
            version=version("davylamp"),
            again=arguments.again,
        )
        for name, files in sorted(stations.items())
    ]


def station_files(folder: Path) -> dict[str, list[tuple[str, str]]]:
    """Find the files of each station: its path below the folder, and that of its scores, in the order of the days.

    The station is the part ``station=NAME`` of the path, or without such a part the first one.

    Parameters
    ----------
    folder
        The folder.

    Raises
    ------
    FleetError
        A name cannot be that of a station.
    """
    found: dict[str, list[tuple[str, str]]] = {}
    for path in folder_files(folder):
        parts = path.relative_to(folder).parts
        at = next((i for i, part in enumerate(parts) if part.startswith(_PARTITION)), 0)
        rest = (*parts[:at], *parts[at + 1 :]) or parts
        name = parts[at].removeprefix(_PARTITION) if len(parts) > 1 else path.stem
        if not _NAME.fullmatch(name):
            raise FleetError(f'{path}: got the station "{name}", expected a name of letters, digits and _ . : -')
        written = Path(*rest).with_suffix(".parquet")
        files = found.setdefault(name, [])
        if str(written) in (other for _, other in files):
            written = Path(*rest).with_name(f"{path.name}.parquet")
        files.append((str(path.relative_to(folder)), str(written)))
    for files in found.values():
        files.sort(key=lambda each: each[1])
    return found


def _bundle(bundle: Path, name: str) -> Path:
    return bundle / f"{name}.davy" if bundle.is_dir() else bundle
