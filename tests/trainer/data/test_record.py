from __future__ import annotations

import hashlib
from pathlib import Path

import msgspec
import numpy as np
import pytest

from config.settings.station import Feature, Station
from config.settings.windows import WindowSettings
from config.templates.templates import METHANE
from config.yaml.load import load_station
from trainer.data.record import Record, load_record
from trainer.data.window_rule import resolve_windows
from trainer.errors import RecordError

STATION = Station(
    name="two",
    features=(
        Feature(name="Temperature", key="temperature_c", unit="Cel", role="environment", range=(-40, 60)),
        Feature(name="RMQ4", key="rmq4_ohm", unit="Ohm", role="sensor", scale="log", range=(1, 1e9)),
    ),
)
TIMED = msgspec.structs.replace(STATION, time="Time", cadence=60.0)
NOTHING_GOOD = "no good value now or in the 12 rows before"


def csv(path: Path, *rows: str, header: str = "Temperature,RMQ4") -> Path:
    path.write_text("\n".join([header, *rows]) + "\n")
    return path


def test_files_become_segments_in_the_order_given(tmp_path: Path) -> None:
    one = csv(tmp_path / "one.csv", "1,10", "2,20")
    two = csv(tmp_path / "two.csv", "3,30")

    record = load_record([two, one], STATION)

    assert record.values.tolist() == [[3, 30], [1, 10], [2, 20]]
    assert record.segments == record.parts == ((0, 1), (1, 3))
    assert record.files == ("two.csv", "one.csv")
    assert record.sha256 == hashlib.sha256(two.read_bytes() + one.read_bytes()).hexdigest()
    assert record.dropped == ()
    assert record.station == STATION


def test_a_missing_cell_holds_the_last_good_value_and_memory_goes_on(tmp_path: Path) -> None:
    path = csv(
        tmp_path / "station.csv",
        "-200,20",
        "1,10",
        ",30",
        "4,NA",
        "5,50",
        "",
        "6,60",
        ",,",
        "7,70",
        header="Temperature,RMQ4,",
    )

    record = load_record([path], STATION)

    assert record.values.tolist() == [[1, 10], [1, 30], [4, 30], [5, 50], [6, 60], [7, 70]]
    assert record.held.tolist() == [[False, False], [True, False], [False, True], *[[False, False]] * 3]
    assert record.intact.tolist() == [True, False, False, True, True, True]
    assert record.places.tolist() == [1, 2, 3, 4, 5, 6]
    assert record.segments == ((0, 5), (5, 6))
    assert record.restarts == ()
    assert record.parts == ((0, 6),)
    assert record.dropped == (
        "station.csv: 2 rows dropped: blank (first at line 7)",
        'station.csv: 2 cells held at the last good value: missing ("Temperature" 1, "RMQ4" 1) (first at line 4)',
        f'station.csv: 1 row dropped: {NOTHING_GOOD} ("Temperature" 1) (first at line 2)',
    )


def test_a_value_that_is_physically_impossible_is_held_and_counted(tmp_path: Path) -> None:
    path = csv(tmp_path / "station.csv", "1,10", "-999,20", "3,30", "4,0")

    record = load_record([path], STATION)

    assert record.values.tolist() == [[1, 10], [1, 20], [3, 30], [4, 30]]
    assert record.segments == ((0, 4),)
    (sentence,) = record.dropped
    assert sentence == (
        "station.csv: 2 cells held at the last good value: outside the physical range "
        '("Temperature" 1, "RMQ4" 1) (first at line 3)'
    )


def test_a_value_is_held_for_twelve_rows_and_then_the_memory_restarts(tmp_path: Path) -> None:
    path = csv(tmp_path / "station.csv", "1,10", *(f",{20 + i}" for i in range(15)), "3,30", "4,40")

    record = load_record([path], STATION)

    assert record.values[:, 0].tolist() == [1] * 13 + [3, 4]
    assert record.places.tolist() == [*range(13), 16, 17]
    assert (record.segments, record.restarts) == (((0, 15),), (13,))
    assert record.dropped[1] == (f'station.csv: 3 rows dropped: {NOTHING_GOOD} ("Temperature" 3) (first at line 15)')


def test_a_gap_in_time_of_more_than_three_cadences_restarts(tmp_path: Path) -> None:
    stamps = ("2026-01-31T12:00:00", "2026-01-31T12:03:00Z", "2026-01-31T12:06:01Z", "1769861221")
    path = csv(
        tmp_path / "station.csv",
        *(f"{stamp},1,{i + 1}" for i, stamp in enumerate(stamps)),
        header="Time,Temperature,RMQ4",
    )

    record = load_record([path], TIMED)

    assert (record.segments, record.restarts) == (((0, 4),), (2,))
    assert record.time is not None
    assert np.diff(record.time).tolist() == [180, 181, 60]


def test_a_gap_of_more_than_240_cadences_begins_a_segment(tmp_path: Path) -> None:
    times = (0, 60, 14460, 14520, 28980, 29040)  # 240 cadences, then 241
    path = csv(tmp_path / "station.csv", *(f"{t},1,{t + 1}" for t in times), header="Time,Temperature,RMQ4")

    record = load_record([path], TIMED)

    assert (record.segments, record.restarts) == (((0, 4), (4, 6)), (2,))


def test_a_baseline_that_reaches_far_back_outlives_as_long_a_gap(tmp_path: Path) -> None:
    station = msgspec.structs.replace(TIMED, cadence=2.0, windows=WindowSettings(recenter="1 h"))
    forget = resolve_windows(station, 2.0, 7).forget
    assert forget > 240
    times = np.cumsum([0, 2, 2, 2 * forget, 2, 2 * forget + 2, 2])
    path = csv(tmp_path / "station.csv", *(f"{t},1,{t + 1}" for t in times), header="Time,Temperature,RMQ4")

    record = load_record([path], station)

    assert (record.segments, record.restarts) == (((0, 5), (5, 7)), (3,))


def test_a_cadence_that_the_station_does_not_tell_is_learnt_as_on_a_gateway(tmp_path: Path) -> None:
    times = (0, 10, 20, 30, 40, 50, 81, 91)
    path = csv(tmp_path / "station.csv", *(f"{t},1,{t + 1}" for t in times), header="Time,Temperature,RMQ4")

    assert load_record([path], msgspec.structs.replace(TIMED, cadence=None)).restarts == (6,)


def test_a_value_from_before_a_gap_is_not_held(tmp_path: Path) -> None:
    rows = ("0,1,1", "60,1,2", "5000,,3", "5060,1,4", "5120,,5")
    path = csv(tmp_path / "station.csv", *rows, header="Time,Temperature,RMQ4")

    record = load_record([path], TIMED)

    assert record.places.tolist() == [0, 1, 3, 4]
    assert (record.segments, record.restarts) == (((0, 4),), (2,))
    assert record.held[:, 0].tolist() == [False, False, False, True]


GASSY = msgspec.structs.replace(
    STATION,
    features=(
        Feature(name="CO", key="co_mg_m3", unit="mg/m3", role="gas", range=(0.1, 50)),
        *STATION.features,
    ),
)


def test_rows_that_lack_only_the_gas_are_complete_for_the_model_without_it(tmp_path: Path) -> None:
    rows = ["2,1,10", *(f",{i},20" for i in range(2, 17)), "3,17,30", "99,,40"]
    path = csv(tmp_path / "station.csv", *rows, header="CO,Temperature,RMQ4")

    record = load_record([path], GASSY)
    other = record.without_gas

    assert record.values[:, 0].tolist() == [2] * 13 + [3, 3]
    assert record.intact.tolist() == [True, *[False] * 12, True, False]
    assert (record.segments, record.restarts) == (((0, 15),), (13,))
    assert np.array_equal(other.values[:, 0], [2, *[np.nan] * 15, 3, np.nan], equal_nan=True)
    assert (other.segments, other.restarts) == (((0, 18),), ())
    assert other.intact.tolist() == [True] * 17 + [False]
    assert record.rows_without_gas(np.arange(13)).tolist() == list(range(16))
    assert record.rows_without_gas(np.array([14])).tolist() == [17]
    assert other.without_gas is other
    assert record.dropped[-1] == (
        'station.csv: 3 rows used only for the model without "CO": no level now or in the 12 rows before '
        "(first at line 15)"
    )


def test_files_that_lack_the_gas_altogether_are_parts_of_the_other_record_alone(tmp_path: Path) -> None:
    one = csv(tmp_path / "one.csv", "2,1,10", "2,2,20", header="CO,Temperature,RMQ4")
    two = csv(tmp_path / "two.csv", ",1,10", ",2,20", ",3,30", header="CO,Temperature,RMQ4")

    record = load_record([two, one], GASSY)

    assert record.parts == ((0, 2),)
    assert record.without_gas.parts == ((0, 3), (3, 5))
    assert record.rows_without_gas(np.array([0])).tolist() == [0, 1, 2, 3]
    with pytest.raises(RecordError, match='no row has "CO" beside every other column; fix: leave the column out'):
        load_record([two], GASSY)


def test_the_faults_of_all_files_are_reported_at_once(tmp_path: Path) -> None:
    good = csv(tmp_path / "good.csv", "1,10")
    wrong = csv(tmp_path / "wrong.csv", "1,abc")
    empty = csv(tmp_path / "empty.csv", ",10", ",20")
    copy = csv(tmp_path / "copy.csv", "1,10")

    with pytest.raises(RecordError) as caught:
        load_record([good, wrong, tmp_path / "none.csv", empty, copy, tmp_path], STATION)

    lines = str(caught.value).replace(f"{tmp_path}/", "").splitlines()
    assert lines[0].startswith('wrong.csv: line 2, column "RMQ4": got "abc", expected a number')
    assert lines[1].startswith("none.csv: No such file or directory; expected a CSV or Parquet file")
    assert lines[2] == (
        f'empty.csv: no complete row is left; 2 rows dropped: {NOTHING_GOOD} ("Temperature" 2) (first at line 2)'
    )
    assert lines[3] == "copy.csv: got the same content as good.csv, expected each file once; leave one out"
    assert "Is a directory" in lines[4]
    assert len(lines) == 5


def test_no_files_are_refused() -> None:
    with pytest.raises(RecordError, match="got no files"):
        load_record([], STATION)


def test_rows_in_memory_are_one_segment_by_default() -> None:
    values = np.arange(12.0).reshape(6, 2)

    assert Record.from_values(values, STATION).segments == ((0, 6),)
    assert Record.from_values(values, STATION, [(0, 2), (2, 6)]).segments == ((0, 2), (2, 6))
    assert Record.from_values(values, STATION).sha256 != Record.from_values(values + 1, STATION).sha256


def test_rows_in_memory_must_fit_the_station_and_be_complete() -> None:
    with pytest.raises(RecordError, match=r"got an array of shape \(6, 3\), expected \[N, 2\]"):
        Record.from_values(np.zeros((6, 3)), STATION)
    with pytest.raises(RecordError, match="missing or infinite"):
        Record.from_values(np.full((6, 2), np.nan), STATION)


def test_the_real_record_is_taken_whole(record_folder: Path) -> None:
    paths = [record_folder / f"station-{board}.csv" for board in (1, 2, 3)]

    record = load_record(paths, load_station(METHANE))

    assert record.values.shape == (3 * 14186, 9)
    assert record.segments == record.parts == ((0, 14186), (14186, 28372), (28372, 42558))
    assert record.dropped == ()
    assert record.sha256 == hashlib.sha256(b"".join(path.read_bytes() for path in paths)).hexdigest()


# ---- rows that are there twice, and rows that do not follow one another -----------
