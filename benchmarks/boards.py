"""The boards of a benchmark: those of the reference record where it is present, else simulated ones."""

from __future__ import annotations

from pathlib import Path

from config.templates.templates import METHANE
from config.yaml.load import load_station
from edge.simulation.simulator import simulate_chamber
from trainer.data.record import Record, load_record

RECORD = Path(__file__).parent.parent.parent / "shared" / "data"
BOARDS = (1, 2, 3)


def find(folder: Path, boards: tuple[int, ...]) -> tuple[list[Record], str]:
    """Return the boards' records where they are present, else simulated chambers; and a description of the source."""
    station = load_station(METHANE)
    paths = [folder / f"station-{board}.csv" for board in boards]
    if all(path.is_file() for path in paths):
        return [load_record([path], station) for path in paths], "the reference record"
    simulated = [Record.from_values(simulate_chamber(seed=board), station) for board in boards]
    return simulated, f"the simulated chamber (there is no {paths[0].name} in {folder})"
