"""How good synthetic rows are and what they are good for: three boards, three seeds, beside others' rows and copies.

Ours, the published networks resampled as published, a plain Gaussian mixture, and two ways to copy are fitted on the
same rows, and judged by how they are distributed, whether they can be told from real ones, what a regression learns
from them, and whether they repeat what they were made from. The last table holds it all against the least to reach.
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
from trainer.evaluation.synthesis import evaluate_synthesis
from trainer.evaluation.synthesis_goals import synthesis_goals
from trainer.evaluation.synthesis_table import print_synthesis


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--data", type=Path, default=RECORD, help="folder of station-1.csv (default: %(default)s)")
    parser.add_argument("--boards", type=int, nargs="+", default=BOARDS, help="default: %(default)s")
    parser.add_argument("--quick", action="store_true", help="one board, one seed, few epochs: a look")
    parser.add_argument("--processes", type=int, default=2, help="default: %(default)s")
    parser.add_argument("--json", type=Path, help="write the report there, too")
    arguments = parser.parse_args()
    boards = BOARDS[:1] if arguments.quick else tuple(arguments.boards)
    settings = Training.quick() if arguments.quick else Training()
    records, source = find(arguments.data, boards)
    started = time.perf_counter()
    evaluation = evaluate_synthesis(
        records,
        settings,
        quick=arguments.quick,
        processes=arguments.processes,
        progress=sys.stderr if sys.stderr.isatty() else None,
    )
    seconds = time.perf_counter() - started
    print(f"Synthesis on {source}, board {', '.join(map(str, boards))}; {seconds:.0f} s on {platform.machine()}\n")
    print_synthesis(evaluation, sys.stdout)
    every = synthesis_goals(evaluation)
    if arguments.json:
        report: dict[str, Any] = {
            "benchmark": "synthesis",
            "data": source,
            "boards": boards,
            "quick": arguments.quick,
            "settings": settings,
            "seconds": round(seconds),
            "versions": {name: version(name) for name in ("numpy", "torch", "scikit-learn", "onnxruntime")},
            "results": evaluation,
            "goals": [goal._asdict() | {"met": goal.met} for goal in every],
        }
        arguments.json.write_text(json.dumps(msgspec.to_builtins(report), indent=2) + "\n")
    return 0 if all(goal.met for goal in every) or arguments.quick else 1


if __name__ == "__main__":
    sys.exit(main())
