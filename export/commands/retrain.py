"""retrain: train a station's bundle again with what its gateway has collected, and say which one to keep."""

from __future__ import annotations

import json
import os
import sys
from argparse import ArgumentParser, Namespace
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

from config.arguments import natural
from config.heartbeat import heartbeat

if TYPE_CHECKING:
    from config.settings.training import Training
    from export.adopt import Adopted
    from export.retrain import Retrained, Retraining

EXAMPLE = "davylamp retrain data/station-1.csv --collected recent.csv --bundle one.davy -o new.davy"


def add_arguments(parser: ArgumentParser) -> None:
    """Add the arguments of ``davylamp retrain``."""
    parser.add_argument(
        "files", nargs="*", type=Path, metavar="OLD", help="what was trained on before, from the oldest to the newest"
    )
    parser.add_argument(
        "--collected",
        type=Path,
        required=True,
        action="append",
        metavar="FILE",
        help="what came since then, as `davylamp collect` or `record` writes it; may be repeated",
    )
    parser.add_argument("--bundle", type=Path, required=True, metavar="DAVY", help="the bundle that runs")
    parser.add_argument("-o", "--output", type=Path, required=True, metavar="DAVY", help="the new bundle")
    parser.add_argument("--run", type=Path, metavar="RUN", help="keep the run folder, for `davylamp report`")
    parser.add_argument("--station", type=Path, metavar="YAML", help="station file; default: the station of the bundle")
    parser.add_argument(
        "--adopt", action="store_true", help="move the bundle's level only, as where few readings were collected"
    )
    parser.add_argument("--force", action="store_true", help="write the new bundle although it is not better")
    preset = parser.add_mutually_exclusive_group()
    preset.add_argument("--training", type=Path, metavar="YAML", help="settings other than the defaults")
    preset.add_argument("--quick", action="store_true", help="train for seconds, to see the whole loop")
    parser.add_argument("--seed", type=natural)
    parser.add_argument("--json", action="store_true", help="print the comparison as JSON, the rest as errors")


def run(arguments: Namespace) -> int:
    """Retrain, compare, and write the new bundle if it is better; 1 if the old one is to be kept."""
    with heartbeat(sys.stderr, "loading libraries") as progress:
        return _run(arguments, progress)


def left_behind(arguments: Namespace) -> str:
    """Say what an interrupted retraining has left."""
    return f"{arguments.output} is as it was before"


def _run(arguments: Namespace, progress: TextIO) -> int:
    from export.errors import ExportError
    from export.retrain import Retraining

    out = sys.stderr if arguments.json else sys.stdout
    settings = _settings(arguments)
    if arguments.output.is_dir() or not arguments.output.resolve().parent.is_dir():  # before minutes of training
        raise ExportError(
            f"{arguments.output}: got a folder, or a path in one that does not exist, expected a file to write; "
            "fix: another path after -o"
        )
    retraining = Retraining(
        arguments.files,
        arguments.collected,
        arguments.bundle,
        station=arguments.station,
        progress=progress,
    )
    for sentence in retraining.record.dropped:
        print(sentence, file=out)
    if arguments.adopt or retraining.few:
        return _adopt(retraining, arguments, out)
    done = retraining.retrain(
        arguments.output,
        settings,
        run=arguments.run,
        force=arguments.force,
        statistics=arguments.run is not None and not arguments.quick,
        processes=len(os.sched_getaffinity(0)),
        progress=progress,
    )
    return _tell(done, arguments, out)


def _tell(done: Retrained, arguments: Namespace, out: TextIO) -> int:
    import msgspec

    from trainer.evaluation.retraining.table import comparison_lines

    print(*comparison_lines(done.comparison), sep="\n", file=out)
    if done.written:
        print(f"{arguments.output}: bundle {done.id}", file=out)
    else:
        _refuse(arguments)
    if arguments.json:
        _print_json(arguments, done.written, done.id, comparison=msgspec.to_builtins(done.comparison),
                    keep="new" if done.verdict.keep_new else "old", why=done.verdict.sentence)  # fmt: skip
    return 0 if done.written else 1


def _adopt(retraining: Retraining, arguments: Namespace, out: TextIO) -> int:
    from export.retrain import FEW

    if not arguments.adopt:
        print(
            f"{retraining.readings:,} collected readings are too few to train again, which takes {FEW:,}: the bundle "
            "adopts: its networks and tables stay, its virtual gas level moves, and thresholds follow the station",
            file=out,
        )
    adopted: Adopted = retraining.adopt(arguments.output, force=arguments.force)
    print(
        f"the level is multiplied by {adopted.factor:.4f}, by {adopted.readings:,} readings; on the newest ones, which "
        f"it was not taken from, it is off by {100 * adopted.after:.1f} %, and was by {100 * adopted.before:.1f} %",
        adopted.why,
        sep="\n",
        file=out,
    )
    if arguments.run is not None:
        print(f"{arguments.run}: not written: nothing was trained", file=out)
    written = adopted.better or arguments.force
    if written:
        print(f"{arguments.output}: bundle {adopted.id}", file=out)
    else:
        _refuse(arguments)
    if arguments.json:
        numbers = {"factor": adopted.factor, "before": adopted.before, "after": adopted.after}
        keep = "new" if adopted.better else "old"
        _print_json(arguments, written, adopted.id, adopted=numbers, keep=keep, why=adopted.why)
    return 0 if written else 1


def _refuse(arguments: Namespace) -> None:
    what = "stays as it was" if arguments.output.exists() else "is not written"
    print(
        f"{arguments.output} {what}: the old bundle is to be kept; --force writes the new one all the same",
        file=sys.stderr,
    )


def _print_json(arguments: Namespace, written: bool, name: str, **found: Any) -> None:
    document = {"bundle": str(arguments.output) if written else None, "id": name, **found}
    print(json.dumps(document, ensure_ascii=False))


def _settings(arguments: Namespace) -> Training:
    from msgspec.structs import replace

    from config.settings.training import Training
    from config.yaml.load import load_training

    settings = Training.quick() if arguments.quick else load_training(arguments.training)
    return settings if arguments.seed is None else replace(settings, seed=arguments.seed)
