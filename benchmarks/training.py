"""What it costs to train: CPU time to the same validation loss, ours against the published loop.

Both loops get the same network and first weights, rows, split, scaler and objective (a VAE with beta 1), and one torch
thread. They take turns, so that a busy machine slows both. The target of each seed is the best validation loss that
the published loop reached. The published loop pays for its whole run, because it knows only in the end that there was
nothing left to win; what it paid until it first reached that loss is told beside it. Ours pays until it first reaches
the target. Both are judged alike: for a VAE by one draw of the codes' noise, the same for all epochs of both loops.
"""

from __future__ import annotations

import argparse
import json
import platform
import sys
from importlib.metadata import version
from pathlib import Path
from typing import Any, Literal

import msgspec
import numpy as np
import reference_loop
import torch
from numpy.typing import NDArray

from config.loading import load_station
from config.starting import METHANE
from config.training import Training
from edge.manifest import Network
from edge.simulator import simulate_chamber
from trainer.fit import History, fit
from trainer.models import TabularAE, TabularVAE, seeded
from trainer.record import Record, load_record
from trainer.splits import blocked
from trainer.transform import fit_scaler

Kind = Literal["ae", "vae"]
Rows = NDArray[np.float32]
Model = TabularAE | TabularVAE

RECORD = Path(__file__).parent.parent.parent / "shared" / "data"
PUBLISHED = Training.reference()
# The published problem, solved with our own defaults for everything that decides how fast.
OURS = msgspec.structs.replace(
    Training(),
    hidden=PUBLISHED.hidden,
    latent=PUBLISHED.latent,
    loss=PUBLISHED.loss,
    beta=PUBLISHED.beta,
    scaler=PUBLISHED.scaler,
    device="cpu",
)
KNOBS = ("batch_size", "learning_rate", "schedule", "epochs", "patience")
GOALS: dict[Kind, float] = {"ae": 3.0, "vae": 6.0}
QUICK_ROWS = 3000


class Problem:
    """One network to train on one record, with one seed.

    Parameters
    ----------
    kind
        Which network.
    train, validation
        Scaled rows [N, F], [M, F].
    seed
        Of the first weights, of the order of rows and of a VAE's noise.
    """

    def __init__(self, kind: Kind, train: Rows, validation: Rows, seed: int) -> None:
        self.train, self.validation, self.seed = train, validation, seed
        beta = OURS.beta if kind == "vae" else 0.0
        self.network = Network(kind=kind, hidden=OURS.hidden, latent=OURS.latent, loss=OURS.loss, beta=beta)
        self.held_out = torch.from_numpy(validation)
        # The draw that fit() makes first, for its own validation loss.
        generator = torch.Generator().manual_seed(seed)
        self.noise = torch.randn(len(validation), OURS.latent, generator=generator)

    def start(self) -> Model:
        """Return the network with its first weights."""
        return seeded(self.network, self.train.shape[1], self.seed)

    @torch.no_grad()
    def judge(self, model: Model) -> float:
        """Return the validation loss."""
        return float(reference_loop.objective(model, self.held_out, self.noise))

    def published(self, epochs: int = reference_loop.EPOCHS) -> reference_loop.Course:
        """Train by the published loop."""
        return reference_loop.train(
            self.start(), self.train, self.validation, seed=self.seed, judge=self.judge, epochs=epochs
        )

    def ours(self, settings: Training) -> History:
        """Train by ours, and make sure that its validation loss is what the judge says."""
        model = self.start()
        history = fit(model, self.train, self.validation, settings, seed=self.seed)
        told, judged = history.losses["validation"][history.chosen - 1], self.judge(model)
        if not np.isclose(told, judged, rtol=1e-4):
            raise SystemExit(f"fit() tells a validation loss of {told:.6f}, the judge {judged:.6f}; they must agree")
        return history


def race(problem: Problem, *, ours_first: bool) -> dict[str, Any]:
    """Both loops, one after the other; CPU times in seconds."""
    history = problem.ours(OURS) if ours_first else None
    course = problem.published()
    history = history or problem.ours(OURS)
    target = min(course.judged)
    losses = history.losses["validation"]
    published = {"best": round(target, 6)} | _costs(course.cpu_seconds, course.judged.index(target))
    reached = next((epoch for epoch, loss in enumerate(losses) if loss <= target), None)
    ours = {"best": round(min(losses), 6)} | _costs(history.cpu_seconds, reached)
    return {
        "seed": problem.seed,
        "target": published["best"],
        "published": published,
        "ours": ours,
        "times": {
            "whole_to_target": _ratio(published["cpu_s"], ours["cpu_s_to_target"]),
            "target_to_target": _ratio(published["cpu_s_to_target"], ours["cpu_s_to_target"]),
            "whole_to_whole": _ratio(published["cpu_s"], ours["cpu_s"]),
        },
    }


def _costs(cpu_seconds: list[float], reached: int | None) -> dict[str, Any]:
    return {
        "epochs": len(cpu_seconds),
        "cpu_s": round(cpu_seconds[-1], 3),
        "epochs_to_target": None if reached is None else reached + 1,
        "cpu_s_to_target": None if reached is None else round(cpu_seconds[reached], 3),
    }


def _ratio(published: float, ours: float | None) -> float | None:
    return None if ours is None else round(published / ours, 2)


def median(values: list[float | None]) -> float | None:
    """Median; a missed target counts as 0 times less."""
    middle = float(np.median([value or 0.0 for value in values]))
    return round(middle, 2) or None


def measure(record: Record, source: str, seeds: int) -> dict[str, Any]:
    torch.set_num_threads(1)
    split = blocked(record)
    scaler = fit_scaler(record.values[split.train], record.station, OURS.scaler)
    train, validation = (
        scaler.forward(record.values[part]).astype(np.float32) for part in (split.train, split.validation)
    )
    results = []
    for kind, goal in GOALS.items():
        # What the first use of torch costs belongs to neither.
        warm_up = Problem(kind, train[:256], validation[:64], 0)
        warm_up.published(epochs=1)
        warm_up.ours(msgspec.structs.replace(OURS, epochs=1))
        races = [race(Problem(kind, train, validation, seed), ours_first=seed % 2 == 1) for seed in range(seeds)]
        times = {name: median([one["times"][name] for one in races]) for name in races[0]["times"]}
        missed = sum(one["times"]["whole_to_target"] is None for one in races)
        met = not missed and (times["whole_to_target"] or 0.0) >= goal
        results.append({"model": kind, "seeds": races, "missed": missed, "median": times, "goal": goal, "met": met})
    return {
        "benchmark": "training",
        "data": source,
        "rows": {"train": len(train), "validation": len(validation)},
        "network": f"{train.shape[1]} columns, hidden {list(OURS.hidden)}, latent {OURS.latent}, "
        f"{OURS.scaler} scaler, VAE beta {OURS.beta:g}",
        "ours": {knob: getattr(OURS, knob) for knob in KNOBS},
        "machine": platform.machine(),
        "versions": {name: version(name) for name in ("torch", "numpy")},
        "results": results,
        "met": all(result["met"] for result in results),
    }


def show(report: dict[str, Any]) -> None:
    versions = ", ".join(f"{name} {version}" for name, version in report["versions"].items())
    rows = report["rows"]
    print(f"CPU time to the same validation loss on {report['machine']}, one thread; {versions}")
    print(f"{report['data']}; blocked split: {rows['train']} training and {rows['validation']} validation rows")
    print(f"{report['network']}; the target is the published loop's best validation loss")
    print("ours: " + ", ".join(f"{knob} {value}" for knob, value in report["ours"].items()) + "\n")
    print(f"{'':<20}{'published, CPU s (epochs)':>26}{'ours, CPU s (epochs)':>26}{'published / ours':>35}")
    print(
        f"{'model seed':<11}{'target':>9}{'whole run':>13}{'to target':>13}{'to target':>13}{'whole run':>13}"
        f"{'whole/target':>14}{'target/target':>14}{'whole/whole':>12}"
    )
    for result in report["results"]:
        for one in result["seeds"]:
            cells = [_cost(one[loop], run) for loop, run in (("published", ""), ("published", "_to_target"))]
            cells += [_cost(one["ours"], run) for run in ("_to_target", "")]
            print(
                f"{result['model']:<4}{one['seed']:>6} {one['target']:>9.5f}"
                + "".join(f"{cell:>13}" for cell in cells)
                + _times(one["times"])
            )
        print(f"{result['model']:<4}{'median':<68} " + _times(result["median"]))
    print()
    for result in report["results"]:
        misses = f"; {result['missed']} of {len(result['seeds'])} seeds MISSED the target" if result["missed"] else ""
        times = result["median"]["whole_to_target"]
        print(
            f"{result['model'].upper()}: {f'{times:g}x' if times else 'no'} less CPU than the published run, "
            f"goal >= {result['goal']:g}x: {'pass' if result['met'] else 'SHORT'}{misses}"
        )
        for one in result["seeds"]:
            if one["times"]["whole_to_target"] is None:
                print(f"  seed {one['seed']}: ours came to {one['ours']['best']:.5f}, target {one['target']:.5f}")


def _cost(loop: dict[str, Any], run: str) -> str:
    seconds, epochs = loop[f"cpu_s{run}"], loop[f"epochs{run}"]
    return "missed" if seconds is None else f"{seconds:.2f} ({epochs:>2})"


def _times(times: dict[str, float | None]) -> str:
    cells = ("missed" if value is None else f"{value:.1f}x" for value in times.values())
    return "".join(f"{cell:>{width}}" for cell, width in zip(cells, (14, 14, 12), strict=True))


def find(folder: Path, rows: int | None) -> tuple[Record, str]:
    """Return station 1's record where it is there, else the simulated chamber; at most ``rows`` of it, and its name."""
    station = load_station(METHANE)
    path = folder / "station-1.csv"
    if path.is_file():
        values, source = load_record([path], station).values, "station 1's record"
    else:
        values, source = simulate_chamber(seed=1), f"the simulated chamber (there is no station-1.csv in {folder})"
    return Record.from_values(values[:rows], station), source


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--data", type=Path, default=RECORD, help="folder of station-1.csv (default: %(default)s)")
    parser.add_argument("--seeds", type=int, default=3, help="races per network (default: %(default)s)")
    parser.add_argument("--quick", action="store_true", help=f"one seed, {QUICK_ROWS} rows: a look, no verdict")
    parser.add_argument("--json", type=Path, help="write the report there, too")
    arguments = parser.parse_args()
    record, source = find(arguments.data, QUICK_ROWS if arguments.quick else None)
    report = measure(record, source, 1 if arguments.quick else arguments.seeds)
    show(report)
    if arguments.json:
        arguments.json.write_text(json.dumps(report, indent=2) + "\n")
    return 0 if report["met"] or arguments.quick else 1


if __name__ == "__main__":
    sys.exit(main())
