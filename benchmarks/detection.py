"""How trustworthy the scores are: faults found, false alarms and methane onsets on held-out rows of three boards.

Every board is split in three ways: other times in the same climate, and other climates forwards and backwards. Ours,
the published networks and textbook detectors are fitted on the same training rows and judged on the same others, with
33 cases of faults put into them. The last table holds the figures against the least to reach.
"""

from __future__ import annotations

import argparse
import json
import platform
import sys
import time
from importlib.metadata import version
from pathlib import Path
from typing import Any

import msgspec
from boards import BOARDS, RECORD, find

from config.training import Training
from trainer.evaluation.evaluate import evaluate
from trainer.evaluation.goals import goals
from trainer.evaluation.table import print_evaluation


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--data", type=Path, default=RECORD, help="folder of station-1.csv (default: %(default)s)")
    parser.add_argument("--quick", action="store_true", help="one board, a third of the cases, few epochs: a look")
    parser.add_argument("--processes", type=int, default=2, help="default: %(default)s")
    parser.add_argument("--json", type=Path, help="write the report there, too")
    arguments = parser.parse_args()
    boards = BOARDS[:1] if arguments.quick else BOARDS
    settings = Training.quick() if arguments.quick else Training()
    records, source = find(arguments.data, boards)
    started = time.perf_counter()
    evaluation = evaluate(
        records,
        settings,
        quick=arguments.quick,
        processes=arguments.processes,
        progress=sys.stderr if sys.stderr.isatty() else None,
    )
    seconds = time.perf_counter() - started
    print(f"Detection on {source}, board {', '.join(map(str, boards))}; {seconds:.0f} s on {platform.machine()}\n")
    print_evaluation(evaluation, sys.stdout)
    every = goals(evaluation)
    if arguments.json:
        report: dict[str, Any] = {
            "benchmark": "detection",
            "data": source,
            "boards": boards,
            "quick": arguments.quick,
            "settings": settings,
            "seconds": round(seconds),
            "versions": {name: version(name) for name in ("numpy", "torch", "scikit-learn")},
            "results": evaluation,
            "goals": [goal._asdict() | {"met": goal.met} for goal in every],
        }
        arguments.json.write_text(json.dumps(msgspec.to_builtins(report), indent=2) + "\n")
    return 0 if all(goal.met for goal in every) or arguments.quick else 1


if __name__ == "__main__":
    sys.exit(main())
