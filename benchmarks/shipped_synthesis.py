"""Fits and draws by the commands of a user: ``davylamp train`` on a CSV of the rows, then ``davylamp synthesize``."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

import msgspec

from config.settings.station import Station
from config.settings.training import Training
from edge.arrays import Floats
from edge.readings.csv.reader import read_table
from edge.readings.csv.writer import write_table
from trainer.evaluation.synthesis.synthesisers import FittedSynthesiser


@dataclass(frozen=True)
class ShippedSynthesis:
    """A fit by the commands, each in a process of its own.

    Parameters
    ----------
    settings
        Settings of the training.
    """

    settings: Training

    def __call__(self, train: Floats, validation: Floats, station: Station, seed: int) -> FittedSynthesiser:
        """Train on rows [N, F], in their order; the validation rows are not used, as no row is kept from a bundle."""
        scratch = tempfile.TemporaryDirectory(prefix="davylamp-synthesis-")
        folder = Path(scratch.name)
        rows, yaml, settings = folder / "rows.csv", folder / "station.yaml", folder / "training.yaml"
        write_table(rows, station.names, train)
        yaml.write_bytes(msgspec.yaml.encode(station))
        # How alarms age is measured by fits that a bundle does not hold: one in each direction is the least.
        own = msgspec.structs.replace(self.settings, seed=seed, ageing_fits=1)
        settings.write_bytes(msgspec.yaml.encode(own))
        bundle, run = folder / "b.davy", folder / "run"
        _davylamp("train", rows, "--station", yaml, "--training", settings, "-o", run, "--bundle", bundle)
        seconds = json.loads((run / "metrics.json").read_text())["bundle"]["cpu_seconds"]

        def draw(n: int, seed: int) -> Floats:
            made = Path(scratch.name) / "synthetic.csv"  # keeps the folder while it may be drawn from
            _davylamp("synthesize", bundle, "-n", n, "--seed", seed, "-o", made)
            return read_table(made, station).values

        return FittedSynthesiser(draw, cpu_seconds=seconds)


def _davylamp(*arguments: object) -> None:
    command = [sys.executable, "-m", "davylamp", *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"{' '.join(command)}: exit {done.returncode}\n{done.stderr[-2000:]}")
