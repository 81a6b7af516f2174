"""Rows that people have labelled as a plume or a fault are in no fit, whatever the file looks like."""

from __future__ import annotations

import gzip
from collections.abc import Sequence
from pathlib import Path

import msgspec
import numpy as np
import pytest

from config.settings.station import Station
from config.templates.templates import METHANE
from config.yaml.load import load_station
from edge.arrays import Floats
from edge.clock import rfc3339
from edge.readings.csv.collected_columns import COLLECTED
from edge.simulation.simulator import simulate_chamber
from trainer.data.record import load_record

STATION: Station = msgspec.structs.replace(load_station(METHANE), time="time")
ROWS = 300
SPANS = ((100, 140, "plume"), (200, 203, "fault"), (250, 260, "false"))


def write(path: Path, values: Floats, labels: Sequence[str], *, separator: str = ",") -> Path:
    """Write a file as ``davylamp collect`` does."""
    lines = [separator.join(["time", *STATION.names, *COLLECTED])]
    for i, (row, label) in enumerate(zip(values.tolist(), labels, strict=True)):
        cells = [rfc3339(1.79e9 + 60 * i), *map(repr, row), "alarm" if label else "ok", "a-1" if label else "", label]
        lines.append(separator.join(cells))
    text = "\n".join(lines) + "\n"
    if path.suffix == ".gz":
        path.write_bytes(gzip.compress(text.encode()))
    else:
        path.write_text(text)
    return path


def labelled() -> tuple[Floats, list[str]]:
    labels = [""] * ROWS
    for start, end, label in SPANS:
        labels[start:end] = [label] * (end - start)
    return simulate_chamber(3000, seed=4)[:ROWS], labels


def intact_times(path: Path, station: Station = STATION) -> list[int]:
    """Return the numbers of the rows that may be fitted on."""
    record = load_record([path], station)
    assert record.time is not None
    return [round((time - 1.79e9) / 60) for time in record.time[record.intact].tolist()]


BACKGROUND = [i for i in range(ROWS) if not (96 <= i < 140 or 196 <= i < 203)]


@pytest.mark.parametrize("name", ["recent.csv", "recent.csv.gz"])
@pytest.mark.parametrize("separator", [",", ";"])
def test_plumes_and_faults_are_left_out_with_the_rows_that_opened_their_alarms(
    tmp_path: Path, name: str, separator: str
) -> None:
    assert intact_times(write(tmp_path / name, *labelled(), separator=separator)) == BACKGROUND


def test_it_is_said_what_was_left_out(tmp_path: Path) -> None:
    record = load_record([write(tmp_path / "recent.csv", *labelled())], STATION)
    sentence = "51 rows dropped: labelled fault 3, plume 40, and up to 4 before each (first at line 98)"
    assert f"recent.csv: {sentence}" in record.dropped


def test_a_parquet_file_is_read_alike(tmp_path: Path) -> None:
    import pandas as pd

    frame = pd.read_csv(write(tmp_path / "recent.csv", *labelled()))
    frame.to_parquet(tmp_path / "recent.parquet")
    assert intact_times(tmp_path / "recent.parquet") == BACKGROUND


def test_several_labels_of_one_row_count_each(tmp_path: Path) -> None:
    values, labels = labelled()
    labels[20:22] = ["false+plume", "false"]
    assert {16, 17, 18, 19, 20}.isdisjoint(intact_times(write(tmp_path / "recent.csv", values, labels)))
    assert 21 in intact_times(tmp_path / "recent.csv")


def test_the_memory_forgets_the_latest_readings_behind_a_long_label_and_keeps_its_baseline(tmp_path: Path) -> None:
    record = load_record([write(tmp_path / "recent.csv", *labelled())], STATION)
    assert record.segments == ((0, len(record.values)),)
    assert len(record.restarts) == 1


def test_a_file_that_is_newest_first_keeps_its_labels_at_their_rows(tmp_path: Path) -> None:
    path = write(tmp_path / "recent.csv", *labelled())
    head, *rows = path.read_text().splitlines()
    path.write_text("\n".join([head, *reversed(rows)]) + "\n")
    assert intact_times(path) == BACKGROUND


def test_rows_that_another_file_has_already_keep_their_labels_apart(tmp_path: Path) -> None:
    values, labels = labelled()
    one = write(tmp_path / "one.csv", values[:150], labels[:150])
    both = write(tmp_path / "both.csv", values, labels)
    record = load_record([one, both], STATION)
    assert record.time is not None
    found = ((record.time[record.intact] - 1.79e9) / 60).round().astype(int).tolist()
    assert sorted(found) == BACKGROUND


def test_a_file_without_labels_is_read_as_before(tmp_path: Path) -> None:
    values, _ = labelled()
    record = load_record([write(tmp_path / "recent.csv", values, [""] * ROWS)], STATION)
    assert record.intact.all()
    assert np.array_equal(record.values, values)
    assert record.dropped == ()


def test_a_row_that_is_in_two_files_has_the_label_of_the_one_given_last(tmp_path: Path) -> None:
    values, labels = labelled()
    earlier = write(tmp_path / "earlier.csv", values[:250], [""] * 250)  # collected before people had labelled it
    later = write(tmp_path / "later.csv", values, labels)
    record = load_record([earlier, later], STATION)
    assert record.time is not None
    found = ((record.time[record.intact] - 1.79e9) / 60).round().astype(int).tolist()
    assert sorted(found) == BACKGROUND
    withdrawn = write(tmp_path / "last.csv", values[:150], ["false" if each else "" for each in labels[:150]])
    record = load_record([earlier, later, withdrawn], STATION)
    assert record.time is not None
    assert {110.0, 139.0} <= set(((record.time[record.intact] - 1.79e9) / 60).round().tolist())


@pytest.mark.parametrize("name", ["recent.csv", "recent.parquet"])
def test_labels_of_a_person_are_read_in_any_case_and_other_words_are_said(tmp_path: Path, name: str) -> None:
    import pandas as pd

    values, labels = labelled()
    labels[100:140] = ["Plume "] * 40
    labels[200:203] = ["FAULT", " fault + false", "fault"]
    labels[250:260] = ["leak"] * 9 + ["nan"]
    path = write(tmp_path / "recent.csv", values, labels)
    if name.endswith("parquet"):
        pd.read_csv(path, keep_default_na=False).to_parquet(tmp_path / name)
    assert intact_times(tmp_path / name) == BACKGROUND
    (remark,) = [each for each in load_record([tmp_path / name], STATION).dropped if "davylamp_label" in each]
    assert (
        'davylamp_label: got "leak" in 9 rows, expected plume, fault or false; taken as background (first at' in remark
    )
