"""A record with gaps and missing cells trains, or is refused before anything is fitted, with the cause."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from edge.arrays import Floats
from edge.readings.csv.writer import write_table
from tests.trainer.test_train import SHORT
from trainer.data.record import Record, load_record
from trainer.errors import TrainingError
from trainer.train import train


def test_gaps_too_close_for_the_latest_readings_are_refused(chamber: Record, tmp_path: Path) -> None:
    gappy = Record.from_values(chamber.values, chamber.station, restarts=range(14, 3000, 14))
    with pytest.raises(TrainingError, match="got 0 rows behind 32 others without a gap"):
        train(gappy, SHORT, tmp_path / "run")


def written(path: Path, short: Record, values: Floats) -> Record:
    write_table(path, short.station.names, values)
    return load_record([path], short.station)


def test_a_record_in_fragments_is_refused_before_training_with_the_cause(chamber: Record, tmp_path: Path) -> None:
    values = chamber.values.copy()
    values[np.arange(3000) % 20 < 16, 5] = np.nan  # longer than a value is held
    with pytest.raises(TrainingError) as caught:
        train(written(tmp_path / "most.csv", chamber, values), SHORT, tmp_path / "run")
    text = str(caught.value)
    assert text.startswith("most.csv: got 0 rows behind 32 others without a gap, expected at least 200; fix: a longer ")
    assert '; the cause: most.csv: 1788 cells held at the last good value: missing ("R2600" 1788)' in text
    assert not (tmp_path / "run").exists()


def test_a_gas_level_that_is_there_too_seldom_has_another_fix(chamber: Record, tmp_path: Path) -> None:
    values = chamber.values.copy()
    values[np.arange(3000) % 20 < 16, 0] = np.nan
    with pytest.raises(TrainingError, match="fix: leave ch4_ppb out of the station file: without it there are rows en"):
        train(written(tmp_path / "seldom.csv", chamber, values), SHORT, tmp_path / "run")


@pytest.mark.parametrize("column", [0, 5], ids=["the gas", "a sensor"])
def test_a_record_that_lacks_every_tenth_cell_of_a_column_trains(chamber: Record, tmp_path: Path, column: int) -> None:
    values = chamber.values[:1000].copy()
    values[::10, column] = np.nan
    record = written(tmp_path / "tenth.csv", chamber, values)

    run = train(record, SHORT, tmp_path / "run")

    counts = {name: scorer["rows"] for name, scorer in run.metrics["scorers"].items()}
    assert counts["scorer"] < 0.95 * counts["scorer-absent"] if column == 0 else counts["scorer"]
    assert sum(run.metrics["rows"].values()) < 900


def test_nights_without_a_gas_level_are_rows_of_the_model_without_it(chamber: Record, tmp_path: Path) -> None:
    values = chamber.values[:2400].copy()
    values[np.arange(2400) % 300 >= 200, 0] = np.nan

    run = train(written(tmp_path / "nights.csv", chamber, values), SHORT, tmp_path / "run")

    counts = {name: scorer["rows"] for name, scorer in run.metrics["scorers"].items()}
    assert counts["scorer"] < 1600 < counts["scorer-absent"]
    for scorer in run.metrics["scorers"].values():
        assert scorer["realised"][0]["consistency"] is not None


def test_segments_that_are_mostly_memory_are_refused(chamber: Record, tmp_path: Path) -> None:
    segments = [(i, i + 40) for i in range(0, 600, 40)]
    record = Record.from_values(chamber.values[:600], chamber.station, segments)
    with pytest.raises(TrainingError, match="got 120 rows behind 32 others without a gap, expected at least 200"):
        train(record, SHORT, tmp_path / "run")
