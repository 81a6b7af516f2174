"""train-fleet: learn the readings of many stations, several at a time, on this machine or on a Dask cluster."""

from __future__ import annotations

import json
import sys
from argparse import ArgumentParser, Namespace
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from config.arguments import positive

if TYPE_CHECKING:
    from config.fleet_members import FleetMember
    from trainer.fleet.fleet_job import FleetJob

EXAMPLE = "davylamp train-fleet fleet.yaml --jobs 2"

_S = TypeVar("_S")


def add_arguments(parser: ArgumentParser) -> None:
    """Add the arguments of ``davylamp train-fleet``."""
    parser.add_argument("fleet", type=Path, metavar="YAML", help="fleet file: the stations and their records")
    parser.add_argument("--jobs", type=positive, metavar="N", help="stations at a time; default: one per processor")
    parser.add_argument(
        "--dask", metavar="ADDRESS", help="scheduler of an existing Dask cluster, tcp://HOST:8786; default: here"
    )
    parser.add_argument("--only", action="append", default=[], metavar="NAME", help="this station; may be repeated")
    parser.add_argument("--quick", action="store_true", help="train for seconds each, to see the whole loop")
    parser.add_argument("--again", action="store_true", help="train also what is done and has not changed")
    parser.add_argument(
        "--memory", type=positive, metavar="MB", help="limit of each; default: the fleet file's memory_mb"
    )
    parser.add_argument("--json", action="store_true", help="print the table as JSON")


def run(arguments: Namespace) -> int:
    """Train every station, and print one table; returns 1 if one failed."""
    from config.fleet_members import find_members
    from config.yaml.load import load_fleet
    from trainer.errors import FleetError
    from trainer.fleet.fleet_jobs import run_jobs
    from trainer.fleet.outcome_table import follow_outcomes, outcome_table, outcomes_document

    fleet = load_fleet(arguments.fleet)
    members = [member for member in find_members(fleet, arguments.fleet) if member.trained]
    names = {member.name for member in members}
    if unknown := [name for name in arguments.only if name not in names]:
        raise FleetError(f"--only: got {', '.join(unknown)}, expected stations of {arguments.fleet} that are trained")
    wanted = [member for member in members if not arguments.only or member.name in arguments.only]
    if not wanted:
        raise FleetError(
            f"{arguments.fleet}: no station is trained, because each has a bundle; fix: give one its files"
        )
    jobs = fleet_training_jobs(
        wanted, memory_mb=arguments.memory or fleet.memory_mb, quick=arguments.quick, again=arguments.again
    )
    outcomes = follow_outcomes(run_jobs(jobs, arguments.jobs, dask=arguments.dask), len(jobs), sys.stderr)
    if arguments.json:
        print(json.dumps({"stations": outcomes_document(outcomes)}, ensure_ascii=False))
    else:
        print(*outcome_table(outcomes), sep="\n")
    return 1 if any(each.outcome == "failed" for each in outcomes) else 0


def left_behind(_: Namespace) -> str:
    """Say what an interrupted training has left."""
    return "the stations that were done are kept; the same command goes on with the others"


def fleet_training_jobs(members: list[FleetMember], *, memory_mb: int, quick: bool, again: bool) -> list[FleetJob]:
    """Make the job of each station.

    Parameters
    ----------
    members
        The stations.
    memory_mb
        Limit of each job's memory [MB].
    quick
        Whether to train for seconds.
    again
        Whether to do also what is done.

    Raises
    ------
    ConfigError
        Station files or training files are wrong; all of them at once.
    """
    from importlib.metadata import version

    import msgspec

    from config.errors import ConfigError
    from config.settings.training import Training
    from config.templates.templates import METHANE
    from config.yaml.load import load_station, load_training
    from trainer.fleet.fleet_job import FleetJob

    problems: list[str] = []
    stations = _load_each([each.station for each in members], lambda path: load_station(path or METHANE), problems)
    settings = _load_each([each.training for each in members], load_training, problems)
    if problems:
        raise ConfigError(problems)
    if quick:
        settings = dict.fromkeys(settings, Training.quick())
    return [
        FleetJob(
            name=each.name,
            function="export.fleet_training:train_member",
            arguments={
                "files": [str(file) for file in each.files],
                "station": msgspec.to_builtins(stations[each.station]),
                "training": msgspec.to_builtins(settings[each.training]),
                "run": str(each.run),
                "bundle": str(each.bundle),
            },
            inputs=tuple(str(file) for file in each.files),
            record=str(each.bundle.with_suffix(".json")),
            memory_mb=memory_mb,
            version=version("davylamp"),
            again=again,
        )
        for each in members
    ]


def _load_each(
    paths: Iterable[Path | None], load: Callable[[Path | None], _S], problems: list[str]
) -> dict[Path | None, _S]:
    """Load each file once, and collect what is wrong with any of them."""
    from config.errors import ConfigError

    loaded = {}
    for path in dict.fromkeys(paths):
        try:
            loaded[path] = load(path)
        except ConfigError as error:
            problems += error.problems
    return loaded
