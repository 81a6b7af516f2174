"""A bundle trained in seconds on simulated rows: what it finds does not matter here, only that it is scored."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

from config.settings.training import Training
from config.templates.templates import METHANE
from config.yaml.load import load_station
from edge.simulation.simulator import simulate_chamber
from export.export import export
from trainer.data.record import Record
from trainer.run import Run
from trainer.train import train


def make_bundle(path: Path) -> Path:
    """Train and export."""
    run = path.with_suffix(".run")
    shutil.rmtree(run, ignore_errors=True)
    path.unlink(missing_ok=True)
    train(Record.from_values(simulate_chamber(3000, seed=1), load_station(METHANE)), Training.quick(model="ae"), run)
    export(Run.open(run), path)
    return path


if __name__ == "__main__":
    make_bundle(Path(sys.argv[1]))
