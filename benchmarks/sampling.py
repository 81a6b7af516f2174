"""Speed of synthetic rows on the gateway, and where the time goes.

davylamp's whole sampler on one thread (draws, mixture, decoder in ONNX Runtime with noise, calibration, quantile
tables, snapping and moisture) beside two peers in the same run that do less: torch runs the bare network of the decoder
on given codes, and numpy draws from the mixture and decodes nothing. The contenders take turns, so that a busy machine
slows all of them. The network has its full size and is trained on a simulated chamber; with --quick hardly, because
speed depends on sizes alone, except for the plume, whose rows are redrawn until they are in range.
"""

from __future__ import annotations

import argparse
import json
import platform
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from importlib.metadata import version
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import torch
from numpy.typing import ArrayLike

from config.settings.training import Training
from config.templates.templates import METHANE
from config.yaml.load import load_station
from edge.arrays import Arrays
from edge.models.generator import Generator
from edge.models.runtime import OnnxGraph, Runtime
from edge.simulation.simulator import simulate_chamber
from edge.synthesis.random_streams import normals, positions
from edge.synthesis.sampler import Sampler
from export.graphs import decoder_graph, encoder_graph
from trainer.generation.fit_generator import fit_generator
from trainer.generation.fitted_generator import FittedGenerator

SIZES = {"one row": 1, "1000 rows": 1000, "100,000 rows": 100_000}
GOALS_US = {"one row": 100.0, "1000 rows": 600.0, "100,000 rows": 100_000 / 1.5}
ROWS, COMPONENTS = 9000, 300

Turn = Callable[[int], object]


class Watched:
    """A graph that counts the time of its runs."""

    def __init__(self, runtime: Runtime) -> None:
        self.runtime, self.seconds = runtime, 0.0

    def run(self, **inputs: ArrayLike) -> Arrays:
        """Run the graph."""
        start = time.perf_counter()
        outputs = self.runtime.run(**inputs)
        self.seconds += time.perf_counter() - start
        return outputs


class Bare:
    """The decoder's network alone, in torch, a thousand rows at a time."""

    def __init__(self, fitted: FittedGenerator) -> None:
        self.network = fitted.codec.network
        self.codes = torch.randn(1000, fitted.codec.latent)

    @torch.inference_mode()
    def __call__(self, n: int) -> None:
        """Decode the same codes repeatedly."""
        assert self.network is not None
        for start in range(0, n, 1000):
            self.network.decode(self.codes[: min(1000, n - start)])


class Mixture:
    """Draws from the mixture alone, in numpy."""

    def __init__(self, generator: Generator) -> None:
        self.rng = np.random.default_rng(1)
        self.means, self.roots = generator.means, generator.roots
        self.chances = generator.weights.astype(np.float64) / generator.weights.sum(dtype=np.float64)

    def __call__(self, n: int) -> None:
        """Draw components and codes, a thousand at a time."""
        for start in range(0, n, 1000):
            rows = min(1000, n - start)
            component = self.rng.choice(len(self.chances), rows, p=self.chances)
            normal = self.rng.standard_normal((rows, self.means.shape[1]), dtype=np.float32)
            self.means[component] + np.einsum("nlk,nk->nl", self.roots[component], normal)


def fitted_generator(quick: bool) -> FittedGenerator:
    """Fit a generator of full size; with ``quick`` it is hardly trained."""
    rows = simulate_chamber(ROWS + 500, seed=1)
    settings = msgspec.structs.replace(Training(), generator="vae", components=COMPONENTS)
    if quick:
        settings = msgspec.structs.replace(settings, generator_epochs=1, generator_steps=1, components=30)
    return fit_generator(rows[:ROWS], rows[ROWS:], load_station(METHANE), settings)


def median_us(contenders: dict[str, Turn], n: int, rounds: int) -> dict[str, float]:
    """Median time of ``n`` rows by contender [us]."""
    seconds: dict[str, list[float]] = {name: [] for name in contenders}
    for _ in range(rounds):
        for name, contender in contenders.items():
            start = time.perf_counter()
            contender(n)
            seconds[name].append(time.perf_counter() - start)
    return {name: 1e6 * float(np.median(values)) for name, values in seconds.items()}


def shares(generator: Generator, rounds: int) -> dict[str, float]:
    """Time of a thousand rows by part of the sampler [us]."""
    watched = Watched(generator.decoder)
    sampler = Sampler(replace(generator, decoder=watched))
    total = drawing = 0.0
    for seed in range(rounds):
        start = time.perf_counter()
        sampler.prior(1000, seed)
        total += time.perf_counter() - start
        start = time.perf_counter()
        positions(seed, 0, 1000)
        normals(seed, 0, 1000, generator.latent + generator.station.size)
        drawing += time.perf_counter() - start
    spent = {"draws": drawing, "decoder": watched.seconds, "mixture and the rest": total - drawing - watched.seconds}
    return {name: 1e6 * seconds / rounds for name, seconds in spent.items()}


def measure(rounds: int, quick: bool) -> dict[str, Any]:
    torch.set_num_threads(1)
    fitted = fitted_generator(quick)
    encoder, decoder = encoder_graph(fitted.codec), decoder_graph(fitted.codec)
    generator = replace(fitted.generator, encoder=OnnxGraph(encoder, "encoder"), decoder=OnnxGraph(decoder, "decoder"))
    sampler = Sampler(generator)
    sampler.within(sampler.regime("plume"), 1, 1)  # learns the shares of the components, once
    contenders: dict[str, Turn] = {
        "davylamp": lambda n: sampler.prior(n, 1),
        "torch, bare network": Bare(fitted),
        "numpy, mixture alone": Mixture(generator),
        "davylamp, plume": lambda n: sampler.within(sampler.regime("plume"), n, 1),
    }
    results = []
    for size, n in SIZES.items():
        us = median_us(contenders, n, max(2, rounds // (1 + n // 1000)))
        results += [
            {"contender": name, "rows": n, "us": round(value, 1), "rows_per_s": round(n / value * 1e6),
             "goal_us": GOALS_US[size] if name == "davylamp" else None}
            for name, value in us.items()
        ]  # fmt: skip
    sizes = f"{generator.latent} latents, hidden {list(Training().generator_hidden)}"
    return {
        "benchmark": "sampling",
        "network": f"{sizes}, {len(generator.weights)} components",
        "rounds": rounds,
        "machine": platform.machine(),
        "versions": {name: version(name) for name in ("onnxruntime", "torch", "numpy")},
        "results": results,
        "spent_us_per_1000": {name: round(us, 1) for name, us in shares(generator, rounds).items()},
    }


def show(report: dict[str, Any]) -> None:
    versions = ", ".join(f"{name} {version}" for name, version in report["versions"].items())
    print(f"Synthetic rows on {report['machine']}, one thread; {report['network']}")
    print(f"{versions}; median of {report['rounds']} rounds, fewer of the longest\n")
    names = list(dict.fromkeys(result["contender"] for result in report["results"]))
    print(f"{'':<24}{'one row, us':>14}{'1000 rows, ms':>16}{'rows/s of 100,000':>20}")
    for name in names:
        one, thousand, many = (result for result in report["results"] if result["contender"] == name)
        print(f"{name:<24}{one['us']:>14.1f}{thousand['us'] / 1000:>16.3f}{many['rows_per_s']:>20,}")
    print(f"{'to reach':<24}{100:>14.1f}{0.6:>16.3f}{1_500_000:>20,}\n")
    for name, us in report["spent_us_per_1000"].items():
        print(f"of 1000 rows, {name:<30}{us:>8.1f} us")
    print("The decoder is the floor: no sampler is faster than its network.")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=500)
    parser.add_argument("--quick", action="store_true", help="few rounds, and a mixture of few components")
    parser.add_argument("--json", type=Path, metavar="PATH", help="also write the figures to PATH")
    arguments = parser.parse_args()
    report = measure(20 if arguments.quick else arguments.rounds, arguments.quick)
    show(report)
    if arguments.json:
        arguments.json.write_text(json.dumps(report, indent=2) + "\n", encoding="utf-8")
    return int(any(result["goal_us"] is not None and result["us"] > result["goal_us"] for result in report["results"]))


if __name__ == "__main__":
    sys.exit(main())
