"""A bundle for readings of the simulated chamber, trained once and kept for the next benchmark."""

from __future__ import annotations

import tempfile
from pathlib import Path

from config.settings.training import Training
from config.templates.templates import METHANE
from config.yaml.load import load_station
from edge.bundles.bundle import Bundle
from edge.errors import BundleError
from edge.simulation.simulator import simulate_chamber


def quick_bundle() -> Path:
    """Return a quickly trained bundle; the first call takes 15 s, later ones return the kept file while it is valid."""
    kept = Path(tempfile.gettempdir()) / "davylamp-benchmarks" / "quick.davy"
    try:
        Bundle.open(kept).verify()
    except BundleError:
        _train(kept)
    return kept


def _train(target: Path) -> None:
    from export.export import export
    from trainer.data.record import Record
    from trainer.run import Run
    from trainer.train import train

    target.parent.mkdir(exist_ok=True)
    record = Record.from_values(simulate_chamber(3000, seed=1), load_station(METHANE))
    with tempfile.TemporaryDirectory(dir=target.parent) as folder:
        run = train(record, Training.quick(model="ae"), Path(folder) / "run")
        export(Run.open(run.folder), target)
