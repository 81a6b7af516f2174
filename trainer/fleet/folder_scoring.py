"""Scores a folder of Parquet files, partitioned by station and day: what `davylamp score` does with a folder."""

from __future__ import annotations

import json
import sys
from argparse import Namespace
from importlib.metadata import version
from pathlib import Path
from urllib.parse import unquote

from config.fleet_members import RECORD_SUFFIXES, folder_files
from config.yaml.load import load_station
from edge.bundles.bundle import Bundle
from edge.bundles.file_station import file_station
from edge.errors import RequestError
from edge.scoring.file_scorer import check_request, file_scorer
from trainer.errors import FleetError
from trainer.fleet.fleet_job import FleetJob
from trainer.fleet.fleet_jobs import run_jobs
from trainer.fleet.outcome_table import follow_outcomes, outcome_table, outcomes_document

MEMORY_MB = 2048
"""Memory that the scoring of one station may take, unless it is said otherwise [MB]."""

_PARTITION = "station="
_RECORDS = "_davylamp"  # folder of what says that a station is done; readers of Parquet skip such names


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
        The folder has no file of a station, or files of which it is not clear whose they are.
    DavylampError
        The bundle that scores all stations, or the station file, cannot be used.
    """
    output = arguments.output
    if output is None or (output.exists() and not output.is_dir()):
        raise RequestError(f"-o: got {output or 'none'}, expected a folder for the scores of {folder}")
    if output.resolve().is_relative_to(folder.resolve()):
        raise RequestError(f"-o: got {output}, expected a folder outside {folder}")
    stations = station_files(folder)
    if not stations:
        suffixes = " or ".join(RECORD_SUFFIXES)
        raise FleetError(f"{folder}: got no {suffixes} file below it, expected {_PARTITION}NAME/day=DATE/*.parquet")
    options = {key: getattr(arguments, key) for key in ("request", "enhancement", "limit")}
    if arguments.bundle.is_dir():
        check_request(**options)
        if arguments.station is not None:
            load_station(arguments.station)
    else:  # one for all: if it cannot be used, nothing starts
        bundle = Bundle.open(arguments.bundle)
        file_scorer(bundle, absent=arguments.absent, **options)
        file_station(bundle, arguments.station)
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
                "absent": list(arguments.absent),
                "adapt": arguments.adapt,
                **options,
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
    """Find the files of each station: its path below the folder, and that of its scores, in the order of their paths.

    The station is the part ``station=NAME`` of the path, or without such a part the first one. Numbers in paths count
    by their value.

    Parameters
    ----------
    folder
        The folder.

    Raises
    ------
    FleetError
        It is not clear whose files some are; all of them at once.
    """
    found: dict[str, list[tuple[str, str]]] = {}
    faults: dict[str, str] = {}
    for path in folder_files(folder):
        parts = path.relative_to(folder).parts
        at = next((i for i, part in enumerate(parts) if part.startswith(_PARTITION)), 0)
        rest = (*parts[:at], *parts[at + 1 :]) or parts
        name = parts[at].removeprefix(_PARTITION) if len(parts) > 1 else path.stem
        if not name or ("=" in parts[at] and not parts[at].startswith(_PARTITION)):
            got = Path(*parts[: at + 1])
            faults[str(got)] = f"{folder / got}: got no station in the path of its files, expected {_PARTITION}NAME"
            continue
        written = Path(*rest).with_suffix(".parquet")
        files = found.setdefault(name, [])
        if str(written) in (other for _, other in files):
            written = Path(*rest).with_name(f"{path.name}.parquet")
        files.append((str(path.relative_to(folder)), str(written)))
    if faults:
        raise FleetError("\n".join(faults.values()))
    return found


def _bundle(bundle: Path, name: str) -> Path:
    """Return the bundle of a station; Spark writes some characters of its name into a path as ``%20``."""
    if not bundle.is_dir():
        return bundle
    written = bundle / f"{name}.davy"
    return written if written.exists() else bundle / f"{unquote(name)}.davy"
