"""How long the gateway takes to score readings.

The scorer graph in the gateway's own session (one thread) against the same network in torch (one thread): row by row,
as a first script would do it, and in one batch. Every contender does the whole work: scaling, reconstruction,
residuals, contributions, error. The contenders take turns, so that a busy machine slows all of them.
"""

from __future__ import annotations

import argparse
import json
import platform
import sys
import tempfile
import time
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path
from typing import Any, Literal

import numpy as np
import torch
from numpy.typing import NDArray

from config.loading import load_station
from config.starting import METHANE
from config.training import Training
from edge.bundle import Bundle
from edge.scaler import Scaler
from edge.simulator import simulate_chamber
from export import export
from trainer.models import TabularAE, TabularVAE
from trainer.record import Record
from trainer.run import Run
from trainer.train import train

BATCHES = (1, 16, 256)
WARM_UP = 20

Readings = NDArray[np.float32]
Score = Callable[[Readings], NDArray[np.floating]]


class TorchScorer:
    """What the scorer graph does, written in torch."""

    def __init__(self, network: TabularAE | TabularVAE, scaler: Scaler) -> None:
        self.network = network
        self.is_log = torch.from_numpy(scaler.is_log)
        self.least = torch.from_numpy(scaler.least)
        self.mean, self.std = torch.tensor([scaler.mean, scaler.std], dtype=torch.float64)

    @torch.inference_mode()
    def batch(self, readings: Readings) -> NDArray[np.floating]:
        """Errors [N] of readings [N, F]."""
        wide = torch.from_numpy(readings).double()
        shaped = torch.where(self.is_log, torch.log(torch.maximum(wide, self.least)), wide)
        z = ((shaped - self.mean) / self.std).float()
        contributions = (z - self.network.reconstruct(z)) ** 2 / z.shape[1]
        return np.asarray(contributions.sum(dim=1).numpy())

    def rows(self, readings: Readings) -> NDArray[np.floating]:
        """The same, one row after the other."""
        return np.concatenate([self.batch(readings[i : i + 1]) for i in range(len(readings))])


def timed(contenders: dict[str, Score], readings: Readings, rounds: int) -> dict[str, dict[str, float]]:
    """p50 and p99 of the time per row [us]."""
    seconds: dict[str, list[float]] = {name: [] for name in contenders}
    for turn in range(WARM_UP + rounds):
        for name, score in contenders.items():
            start = time.perf_counter()
            score(readings)
            if turn >= WARM_UP:
                seconds[name].append(time.perf_counter() - start)
    return {
        name: {f"p{q}_us": round(float(np.percentile(values, q)) / len(readings) * 1e6, 2) for q in (50, 99)}
        for name, values in seconds.items()
    }


def measure(model: Literal["ae", "vae"], rounds: int) -> dict[str, Any]:
    torch.set_num_threads(1)
    record = Record.from_values(simulate_chamber(3000, seed=1), load_station(METHANE))
    with tempfile.TemporaryDirectory() as folder:
        run = train(record, Training.quick(model=model), Path(folder) / "run")
        export(Run.open(run.folder), Path(folder) / "one.davy")
        bundle, network = Bundle.open(Path(folder) / "one.davy"), run.reconstruction
    assert isinstance(network, TabularAE | TabularVAE)
    reference = TorchScorer(network, bundle.scaler)
    contenders: dict[str, Score] = {
        "ONNX Runtime": lambda readings: bundle.scorer.run(readings=readings)["error"],
        "torch, row by row": reference.rows,
        "torch, one batch": reference.batch,
    }
    readings = record.values[: max(BATCHES)].astype(np.float32)
    for name, score in contenders.items():
        np.testing.assert_allclose(score(readings), reference.batch(readings), rtol=1e-4, atol=1e-5, err_msg=name)
    results = []
    for batch in BATCHES:
        times = timed(contenders, readings[:batch], rounds)
        speedup = times["torch, row by row"]["p50_us"] / times["ONNX Runtime"]["p50_us"]
        results.append({"rows": batch, "us_per_row": times, "times_torch_row_by_row": round(speedup, 1)})
    return {
        "benchmark": "latency",
        "model": model,
        "network": f"{bundle.station.size} columns, hidden {list(run.settings.hidden)}, latent {run.settings.latent}",
        "rounds": rounds,
        "machine": platform.machine(),
        "versions": {name: version(name) for name in ("onnxruntime", "torch", "numpy")},
        "results": results,
    }


def show(report: dict[str, Any]) -> None:
    versions = ", ".join(f"{name} {version}" for name, version in report["versions"].items())
    print(f"Scoring latency on {report['machine']}, one thread; {report['model']}: {report['network']}")
    print(f"{versions}; {report['rounds']} rounds\n")
    print(f"{'us per row':<24}" + "".join(f"{result['rows']:>15} rows" for result in report["results"]))
    print(f"{'':<24}" + f"{'p50':>12}{'p99':>8}" * len(report["results"]))
    for name in report["results"][0]["us_per_row"]:
        times = [result["us_per_row"][name] for result in report["results"]]
        print(f"{name:<24}" + "".join(f"{one['p50_us']:>12.1f}{one['p99_us']:>8.1f}" for one in times))
    print(
        f"{'times as fast':<24}"
        + "".join(f"{result['times_torch_row_by_row']:>12}x{'':7}" for result in report["results"]).rstrip()
    )


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--model", choices=("ae", "vae"), default="ae", help="the network that scores")
    parser.add_argument("--rounds", type=int, default=500, help="measurements per batch size (default: %(default)s)")
    parser.add_argument("--json", type=Path, help="write the report there, too")
    arguments = parser.parse_args()
    report = measure(arguments.model, arguments.rounds)
    show(report)
    if arguments.json:
        arguments.json.write_text(json.dumps(report, indent=2) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
