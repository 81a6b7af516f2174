"""train: learn a station's readings; it lives here and not with the trainer because it can export the run as well."""

from __future__ import annotations

import json
import os
import sys
from argparse import ArgumentParser, Namespace
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

from config.arguments import natural
from config.heartbeat import heartbeat

if TYPE_CHECKING:
    from config.settings.training import Training
    from trainer.data.record import Record

EXAMPLE = "davylamp train data/station-1.csv --station methane.yaml --model both -o runs/one --bundle one.davy"


def add_arguments(parser: ArgumentParser) -> None:
    """Add the arguments of ``davylamp train``."""
    parser.add_argument("files", nargs="+", type=Path, metavar="FILE", help="each one is a contiguous segment")
    parser.add_argument("--station", type=Path, required=True, metavar="YAML", help="station file of the columns")
    parser.add_argument("-o", "--output", type=Path, required=True, metavar="RUN", help="run folder")
    parser.add_argument("--bundle", type=Path, metavar="DAVY", help="export as well")
    parser.add_argument("--training", type=Path, metavar="YAML", help="settings other than the defaults")
    preset = parser.add_mutually_exclusive_group()
    preset.add_argument("--quick", action="store_true", help="train for seconds, to see the whole loop")
    preset.add_argument("--reference", action="store_true", help="the published settings, as a baseline")
    parser.add_argument("--model", choices=("ae", "vae", "both"), help="both: the AE scores, the VAE generates")
    parser.add_argument("--generator", choices=("vae", "ae", "mixture"), help="another one than --model implies")
    parser.add_argument("--loss", choices=("mse", "mae"))
    parser.add_argument("--split", choices=("blocks", "random"), help="random leaks: for comparison only")
    parser.add_argument("--device", choices=("auto", "cpu", "cuda"))
    parser.add_argument("--seed", type=natural)
    parser.add_argument("--json", action="store_true", help="print the metrics as JSON, the rest as errors")


def run(arguments: Namespace) -> None:
    """Train, print the summary, draw the report unless it is ``--quick``, and export when ``--bundle`` asks for it."""
    with heartbeat(sys.stderr, "loading libraries") as progress:
        _run(arguments, progress)


def _run(arguments: Namespace, progress: TextIO) -> None:
    from trainer.commands.report import draw_report
    from trainer.summary import summary
    from trainer.train import train

    settings = _settings(arguments)
    out = sys.stderr if arguments.json else sys.stdout
    trained = train(
        _record(arguments, out, progress),  # not kept here: train gives back what it does not need of a long one
        settings,
        arguments.output,
        statistics=not arguments.quick,
        processes=len(os.sched_getaffinity(0)),
        progress=progress,
    )
    arguments.complete = True
    if "thinned" in trained.metrics:
        print(trained.metrics["thinned"], file=out)
    if not arguments.json:
        print(summary(trained))
    if arguments.bundle:
        from export.export import export

        export(trained, arguments.bundle, out=out)
    if not arguments.quick:
        draw_report([trained.folder], out=out)
    if arguments.json:
        bundle = None if arguments.bundle is None else str(arguments.bundle)
        document = {"run": str(trained.folder), "bundle": bundle, "metrics": trained.metrics}
        print(json.dumps(document, ensure_ascii=False))


def left_behind(arguments: Namespace) -> str:
    """Say what an interrupted training has left."""
    if not getattr(arguments, "complete", False):
        return f"{arguments.output} is as it was before: a run is written when it is complete"
    again = f"; davylamp export {arguments.output} -o {arguments.bundle} makes its bundle" if arguments.bundle else ""
    return f"the run in {arguments.output} is complete{again}"


def _record(arguments: Namespace, out: TextIO, progress: TextIO) -> Record:
    """Read the files, and print what was found in them."""
    from config.yaml.load import load_station
    from trainer.data.record import load_record

    record = load_record(arguments.files, load_station(arguments.station), progress=progress)
    for sentence in record.dropped:
        print(sentence, file=out)
    return record


def _settings(arguments: Namespace) -> Training:
    """Give the flags precedence over the file, and the file over the defaults."""
    from msgspec.structs import replace

    from config.settings.training import Training
    from config.yaml.load import load_training

    if arguments.reference:
        settings = Training.reference()
    elif arguments.quick:
        settings = Training.quick()
    else:
        settings = load_training(arguments.training)
    flags = ("model", "generator", "seed", "split", "loss", "device")
    return replace(settings, **{flag: value for flag in flags if (value := getattr(arguments, flag)) is not None})
