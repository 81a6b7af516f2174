"""Time of a verdict with all its scores on the gateway, and the memory of a station's state.

davylamp's whole scorer on one thread (quality rules, features, consistency, reconstruction, virtual methane, p-values,
adaptation, the verdict itself) beside two peers in the same run: the bare reconstruction network in torch, row by row
as in a first script, and in one batch. The contenders take turns, so that a busy machine slows all of them.
"""

from __future__ import annotations

import argparse
import gc
import json
import platform
import tempfile
import time
import tracemalloc
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import torch

from config.settings.training import Training
from config.templates.templates import METHANE
from config.yaml.load import load_station
from edge.arrays import Singles
from edge.bundles.bundle import Bundle
from edge.bundles.manifest import SCORER
from edge.readings.reading import Reading
from edge.scoring.scorer import Scorer
from edge.scoring.state import StationState
from edge.simulation.simulator import simulate_chamber
from export.export import export
from trainer.data.record import Record
from trainer.networks.autoencoder import TabularAE, TabularVAE
from trainer.run import Run
from trainer.scoring.reconstruction import WhitenedReconstruction
from trainer.train import train

RUN_IN = 2000
TRACED = 10
BATCH = 64
GOALS = {"one station, one at a time": 200.0, "one station, 64 at once": 15.0, "64 stations, one each": 15.0}

Values = list[tuple[float, ...]]
Turn = Callable[[int], None]


class Verdicts:
    """davylamp's scorer: 64 readings a round, in batches, of one station or of 64."""

    def __init__(self, scorer: Scorer, values: Values, stations: int, at_once: int) -> None:
        self.scorer, self.values, self.at_once = scorer, values, at_once
        self.states = [ran_in(scorer, values) for _ in range(stations)]

    def __call__(self, turn: int) -> None:
        """Score the readings of a round."""
        first = RUN_IN + turn * BATCH % (len(self.values) - RUN_IN - BATCH)
        batch = [
            (self.states[i % len(self.states)], reading(values))
            for i, values in enumerate(self.values[first : first + BATCH])
        ]
        for i in range(0, BATCH, self.at_once):
            self.scorer.score(batch[i : i + self.at_once])


class Bare:
    """Reconstruction error alone, in torch."""

    def __init__(self, network: TabularAE | TabularVAE, features: Singles, at_once: int) -> None:
        self.network, self.features, self.at_once = network, features, at_once

    @torch.inference_mode()
    def __call__(self, turn: int) -> None:
        """Score the same 64 rows."""
        for i in range(0, BATCH, self.at_once):
            rows = torch.from_numpy(self.features[i : i + self.at_once])
            torch.square(rows - self.network.reconstruct(rows)).mean(dim=1).tolist()


def reading(values: tuple[float, ...]) -> Reading:
    return Reading(station="st-1", values=values, received=1.8e9)


def ran_in(scorer: Scorer, values: Values) -> StationState:
    """Return a station's state after 2,000 readings, from which on it does not grow."""
    state = scorer.new_state()
    for first in range(0, RUN_IN, 500):
        scorer.score([(state, reading(row)) for row in values[first : first + 500]])
    return state


def state_bytes(scorer: Scorer, values: Values, traced: int) -> int:
    """Memory of a station's state [bytes], as counted by the interpreter."""
    tracemalloc.start()
    states = [ran_in(scorer, values)]  # the first one fills caches that belong to no state
    gc.collect()
    before = tracemalloc.get_traced_memory()[0]
    states += [ran_in(scorer, values) for _ in range(traced)]
    gc.collect()
    held = tracemalloc.get_traced_memory()[0] - before
    tracemalloc.stop()
    return held // traced


def timed(contenders: dict[str, Verdicts | Bare], rounds: int) -> dict[str, dict[str, float]]:
    """p50 and p99 of the time per reading [us]."""
    seconds: dict[str, list[float]] = {name: [] for name in contenders}
    for turn in range(rounds):
        for name, contender in contenders.items():
            start = time.perf_counter()
            contender(turn)
            if turn >= rounds // 10:
                seconds[name].append((time.perf_counter() - start) / BATCH)
    return {
        name: {f"p{q}_us": round(float(np.percentile(values, q)) * 1e6, 2) for q in (50, 99)}
        for name, values in seconds.items()
    }


def measure(rounds: int) -> dict[str, Any]:
    torch.set_num_threads(1)
    record = Record.from_values(simulate_chamber(4000, seed=1), load_station(METHANE))
    with tempfile.TemporaryDirectory() as folder:
        # Nothing is generated.
        settings = msgspec.structs.replace(
            Training.quick(model="ae"), generator_epochs=1, generator_steps=1, components=10
        )
        run = train(record, settings, Path(folder) / "run")
        export(Run.open(run.folder), Path(folder) / "one.davy")
        bundle = Bundle.open(Path(folder) / "one.davy")
        scoring = run.scoring_models[SCORER].network
    assert isinstance(scoring, WhitenedReconstruction)
    network = scoring.module
    scorer = Scorer(bundle, adapt=True)
    values = [tuple(row) for row in record.values.tolist()]
    features = bundle.scaler.forward(record.values[:BATCH]).astype(np.float32)
    contenders: dict[str, Verdicts | Bare] = {
        "one station, one at a time": Verdicts(scorer, values, 1, 1),
        "one station, 64 at once": Verdicts(scorer, values, 1, BATCH),
        "64 stations, one each": Verdicts(scorer, values, BATCH, BATCH),
        "torch, bare network, row by row": Bare(network, features, 1),
        "torch, bare network, 64 at once": Bare(network, features, BATCH),
    }
    tables = sum(array.nbytes for name, array in bundle.tables.items() if name.startswith("scorer/"))
    return {
        "benchmark": "latency",
        "network": f"{bundle.station.size} columns, hidden {list(run.settings.hidden)}, latent {run.settings.latent}",
        "rounds": rounds,
        "machine": platform.machine(),
        "versions": {name: version(name) for name in ("onnxruntime", "torch", "numpy")},
        "results": [
            {"contender": name, "us_per_reading": times, "goal_us": GOALS.get(name)}
            for name, times in timed(contenders, rounds).items()
        ],
        "state_bytes": state_bytes(scorer, values, min(TRACED, rounds)),
        "scorer_bytes": bundle.manifest.members["scorer.onnx"].bytes + tables,
    }


def show(report: dict[str, Any]) -> None:
    versions = ", ".join(f"{name} {version}" for name, version in report["versions"].items())
    print(f"A verdict with all its scores on {report['machine']}, one thread; {report['network']}")
    print(f"{versions}; {report['rounds']} rounds\n")
    print(f"{'us per reading':<36}{'p50':>9}{'p99':>9}{'goal':>9}")
    for result in report["results"]:
        times, goal = result["us_per_reading"], result["goal_us"]
        print(
            f"{result['contender']:<36}{times['p50_us']:>9.1f}{times['p99_us']:>9.1f}{f'{goal:g}' if goal else '':>9}"
        )
    print()
    for what, key, goal in (
        ("state of a station", "state_bytes", 30_000),
        ("scorer and its tables", "scorer_bytes", 150_000),
    ):
        print(f"{what + ', bytes':<36}{report[key]:>9,}{'':>9}{goal:>9,}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=400)
    parser.add_argument("--json", type=Path, metavar="PATH", help="also write the figures to PATH")
    arguments = parser.parse_args()
    report = measure(arguments.rounds)
    show(report)
    if arguments.json:
        arguments.json.write_text(json.dumps(report, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
