"""evaluate: measure how well the scores, or the synthetic rows, of a station do on rows that were held out."""

from __future__ import annotations

import os
import sys
from argparse import ArgumentParser, Namespace
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

from config.errors import DavylampError
from config.heartbeat import heartbeat

if TYPE_CHECKING:
    from config.settings.station import Station
    from config.settings.training import Training

EXAMPLE = "davylamp evaluate data/station-1.csv --run runs/one"


def add_arguments(parser: ArgumentParser) -> None:
    """Add the arguments of ``davylamp evaluate``."""
    parser.add_argument("files", nargs="+", type=Path, metavar="FILE", help="each one is judged on its own")
    subject = parser.add_mutually_exclusive_group(required=True)
    subject.add_argument("--station", type=Path, metavar="YAML", help="station file of the columns")
    subject.add_argument(
        "--run",
        type=Path,
        metavar="RUN",
        help="station and settings of a run, and the results into its folder, for report",
    )
    settings = parser.add_mutually_exclusive_group()
    settings.add_argument("--training", type=Path, metavar="YAML", help="settings other than the defaults")
    settings.add_argument("--quick", action="store_true", help="fewer cases, little training: a look")
    parser.add_argument("--synthesis", action="store_true", help="judge the synthetic rows instead of the scores")
    parser.add_argument("-o", "--output", type=Path, metavar="JSON", help="write the numbers there, too")
    parser.add_argument("--json", action="store_true", help="print the numbers as JSON in place of the tables")


def run(arguments: Namespace) -> None:
    """Print the results as tables, and write them to the run's folder and to ``--output``."""
    with heartbeat(sys.stderr, "loading libraries") as progress:
        _run(arguments, progress)


def left_behind(arguments: Namespace) -> str:
    """Say what an interrupted evaluation has left."""
    kept = " and ".join(str(path) for path in (arguments.run, arguments.output) if path is not None)
    return f"nothing is written{f', and nothing has changed in {kept}' if kept else ''}"


def _run(arguments: Namespace, progress: TextIO) -> None:
    import msgspec

    from config.atomic import write_bytes
    from trainer.data.record import load_record
    from trainer.evaluation.detection.evaluate import DEFAULT, evaluate
    from trainer.evaluation.detection.labelled_cases import evaluate_labelled
    from trainer.evaluation.detection.results import DETECTION, Evaluation
    from trainer.evaluation.detection.table import print_evaluation
    from trainer.evaluation.synthesis.evaluate import evaluate_synthesis
    from trainer.evaluation.synthesis.results import SYNTHESIS, SynthesisEvaluation
    from trainer.evaluation.synthesis.table import print_synthesis
    from trainer.statistics.json_arrays import encode_arrays

    station, settings = _subject(arguments)
    records = [load_record([file], station) for file in arguments.files]
    progress.write(f"read: {sum(len(record.values) for record in records):,} rows\n")
    for sentence in (sentence for record in records for sentence in record.dropped):
        print(sentence, file=sys.stderr)
    options: dict[str, Any] = {
        "quick": arguments.quick,
        "pictures": arguments.run is not None,
        "processes": len(os.sched_getaffinity(0)),
        "progress": progress,
    }
    results: Evaluation | SynthesisEvaluation
    if arguments.synthesis:
        results = evaluate_synthesis(records, settings, **options)
    else:
        results = evaluate(records, settings, **options)
        labelled = evaluate_labelled(arguments.files, station, settings, rate=DEFAULT, quick=arguments.quick)
        results = msgspec.structs.replace(results, labelled=labelled)
    data = encode_arrays(results)
    if arguments.json:
        print(data.decode(), end="")
    elif isinstance(results, SynthesisEvaluation):
        print_synthesis(results, sys.stdout)
    else:
        print_evaluation(results, sys.stdout)
    if arguments.run:
        write_bytes(arguments.run / (SYNTHESIS if arguments.synthesis else DETECTION), data)
    if arguments.output:
        write_bytes(arguments.output, msgspec.json.format(data, indent=2) + b"\n")


def _subject(arguments: Namespace) -> tuple[Station, Training]:
    """Resolve what is evaluated: a run's station and settings, or a station and the settings given."""
    from config.settings.training import Training
    from config.yaml.load import load_station, load_training
    from trainer.run import Run

    if arguments.run and arguments.training:
        raise DavylampError(
            f"--training: got {arguments.training}, expected none: --run brings its own settings; fix: drop it"
        )
    if arguments.run:
        run = Run.open(arguments.run)
        return run.station, run.settings
    return load_station(arguments.station), Training.quick() if arguments.quick else load_training(arguments.training)
