"""Fixtures shared by all tests: the real record when it is there, a small trained run and its bundle, a broker."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from trainer.record import Record

ROOT = Path(__file__).parent.parent
RECORD_FOLDER = ROOT.parent / "shared" / "data"


@pytest.fixture(scope="session")
def record_folder() -> Path:
    """Folder of the real record (station-1.csv ...); the test is skipped, loudly, where it is not there."""
    if not (RECORD_FOLDER / "station-1.csv").is_file():
        pytest.skip("the real record is not beside the project (expected ../shared/data/station-1.csv)")
    return RECORD_FOLDER


@pytest.fixture(scope="session")
def chamber() -> Record:
    """3,000 simulated chamber rows of board 1 as a record."""
    from config.loading import load_station
    from config.starting import METHANE
    from edge.simulator import simulate_chamber
    from trainer.record import Record

    return Record.from_values(simulate_chamber(3000, seed=1), load_station(METHANE))


@pytest.fixture(scope="session")
def runs(chamber: Record, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Quickly trained run folders, one per ``--model``: ae, vae, both."""
    from config.training import Training
    from trainer.train import train

    folder = tmp_path_factory.mktemp("runs")
    for model in ("ae", "vae", "both"):
        train(chamber, Training.quick(model=model), folder / model)
    return {model: folder / model for model in ("ae", "vae", "both")}


@pytest.fixture(scope="session")
def bundles(runs: dict[str, Path], tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """The bundles exported from ``runs``."""
    from export.pack import export
    from trainer.run import Run

    folder = tmp_path_factory.mktemp("bundles")
    for model, run in runs.items():
        export(Run.open(run), folder / f"{model}.davy")
    return {model: folder / f"{model}.davy" for model in runs}
