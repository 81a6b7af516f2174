from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import msgspec
import numpy as np
import pandas as pd
import pytest

from config.settings.station import Feature, Station
from edge.readings.csv.writer import write_table
from trainer.data.record import load_record
from trainer.errors import RecordError

STATION = Station(
    name="two",
    features=(
        Feature(name="Temperature", key="temperature_c", unit="Cel", role="environment", range=(-40, 60)),
        Feature(name="RMQ4", key="rmq4_ohm", unit="Ohm", role="sensor", scale="log", range=(1, 1e9)),
    ),
)
TIMED = msgspec.structs.replace(STATION, time="Time", cadence=60.0)
MINUTES = pd.date_range("2026-01-31T12:00", periods=4, freq="min").delete(2)


def parquet(folder: Path, **columns: object) -> Path:
    path = folder / "station.parquet"
    pd.DataFrame(columns).to_parquet(path)
    return path


def refusal(path: Path, station: Station = STATION) -> str:
    with pytest.raises(RecordError) as caught:
        load_record([path], station)
    return str(caught.value).replace(f"{path.parent}/", "")


def test_the_same_rows_give_the_same_record_from_parquet_as_from_csv(tmp_path: Path) -> None:
    values = np.random.default_rng(0).uniform(1, 50, (40, 2))
    values[7, 1] = np.nan
    write_table(tmp_path / "station.csv", STATION.names, values)
    path = parquet(tmp_path, note=["calm"] * 40, RMQ4=values[:, 1], Temperature=values[:, 0])

    ours, other = load_record([path], STATION), load_record([tmp_path / "station.csv"], STATION)

    assert np.array_equal(ours.values, other.values)
    assert ours.segments == other.segments == ((0, 40),)
    assert np.argwhere(ours.held).tolist() == np.argwhere(other.held).tolist() == [[7, 1]]
    assert ours.dropped == ('station.parquet: 1 cell held at the last good value: missing ("RMQ4" 1) (first at row 8)',)


def test_sentinels_and_nulls_of_every_numeric_type_are_missing(tmp_path: Path) -> None:
    whole = pd.array([1, None, -200, 4], dtype="Int64")
    path = parquet(tmp_path, Temperature=whole, RMQ4=np.array([1, 2, 3, 4], dtype=np.float32))

    record = load_record([path], STATION)
    assert record.values[record.intact].tolist() == [[1, 1], [4, 4]]


@pytest.mark.parametrize(
    "stamps",
    [
        MINUTES,
        MINUTES.tz_localize("UTC").tz_convert("Europe/Paris"),
        MINUTES.astype("datetime64[ms]"),
        [f"{stamp}Z" for stamp in MINUTES],
        (MINUTES - pd.Timestamp(0)).total_seconds(),
        (MINUTES - pd.Timestamp(0)).total_seconds().astype(int),
    ],
)
def test_time_is_dates_texts_or_unix_seconds(tmp_path: Path, stamps: object) -> None:
    path = parquet(tmp_path, Time=stamps, Temperature=[1.0, 2, 3], RMQ4=[1.0, 2, 3])
    faster = msgspec.structs.replace(TIMED, cadence=25.0)

    assert load_record([path], faster).restarts == (2,)
    assert load_record([path], TIMED).restarts == ()


def test_a_time_that_is_the_index_is_found(tmp_path: Path) -> None:
    path = tmp_path / "station.parquet"
    pd.DataFrame({"Temperature": [1.0, 2, 3], "RMQ4": [1.0, 2, 3]}, index=MINUTES.rename("Time")).to_parquet(path)

    assert load_record([path], TIMED).restarts == ()


@pytest.mark.parametrize(
    "lost",
    [
        [0.0, None, 120.0],
        ["1970-01-01", "never", "later"],
        pd.DatetimeIndex([pd.Timestamp(0), pd.NaT, pd.Timestamp(2)]),
    ],
)
def test_a_time_that_is_none_is_named(tmp_path: Path, lost: object) -> None:
    path = parquet(tmp_path, Time=lost, Temperature=[1.0, 2, 3], RMQ4=[1.0, 2, 3])

    assert refusal(path, TIMED).startswith('station.parquet: row 2, column "Time": got "')


def test_a_missing_column_is_named_with_the_nearest(tmp_path: Path) -> None:
    path = parquet(tmp_path, temperature=[1.0], RMQ4=[1.0])

    assert 'station.parquet: got the columns "temperature", "RMQ4", expected also "Temperature" (nearest: "tempera' in (
        refusal(path)
    )


@pytest.mark.parametrize("values", [[True, False], pd.to_datetime([0, 1]), pd.to_timedelta([0, 1])])
def test_a_column_that_holds_no_numbers_is_named(tmp_path: Path, values: object) -> None:
    text = refusal(parquet(tmp_path, Temperature=values, RMQ4=[1.0, 2.0]))

    assert text.startswith('station.parquet: column "Temperature": got ')
    assert text.endswith("expected numbers; convert the column")


@pytest.mark.parametrize(
    "values",
    [
        ["1", " 2.5 ", "NaN", "unavailable", "5"],
        pd.Categorical(["1", "2.5", "n/a", None, "5"]),
        [Decimal(1), Decimal("2.5"), None, None, Decimal(5)],
        pd.array([1, 2.5, None, np.inf, 5], dtype="Float32"),
        [1.0, 2.5, -200.0, np.inf, 5.0],
        ["1", "2.5", "", None, "5e0"],
        [b"1", b"2.5", b"", b"ERR", b"5"],
    ],
)
def test_texts_and_decimals_are_numbers_and_the_words_for_missing_are_those_of_a_csv(
    tmp_path: Path, values: object
) -> None:
    path = parquet(tmp_path, Temperature=values, RMQ4=[1.0, 2, 3, 4, 5])

    record = load_record([path], STATION)
    assert record.values[record.intact].tolist() == [[1, 1], [2.5, 2], [5, 5]]


def test_a_text_that_is_no_number_is_named_with_its_row_and_a_few_such_rows_are_left_out(tmp_path: Path) -> None:
    few = parquet(tmp_path, Temperature=[*map(str, range(1, 40)), "x"], RMQ4=np.arange(1.0, 41.0))
    assert load_record([few], STATION).dropped == (
        'station.parquet: 1 row dropped: no number ("x" in "Temperature") (first at row 40)',
    )
    assert refusal(parquet(tmp_path, Temperature=["1", "x"], RMQ4=[1.0, 2.0])) == (
        'station.parquet: row 2, column "Temperature": got "x", expected a number; fix the cell or leave it empty, '
        'or write missing: ["x"] into the station file if it stands for no reading'
    )


def test_a_damaged_file_and_one_without_rows_are_refused_in_one_line(tmp_path: Path) -> None:
    path = parquet(tmp_path, Temperature=[1.0], RMQ4=[1.0])
    path.write_bytes(path.read_bytes()[:-20])
    damaged = refusal(path)
    nothing = refusal(parquet(tmp_path, Temperature=np.array([]), RMQ4=np.array([])))

    assert damaged.startswith("station.parquet: got a damaged Parquet file")
    assert "\n" not in damaged
    assert nothing.startswith("station.parquet: got columns and no rows")


@pytest.mark.parametrize("days", [MINUTES.normalize(), MINUTES.date, [f"{day:%Y-%m-%d}" for day in MINUTES]])
def test_a_date_and_a_time_of_day_may_have_a_column_each(tmp_path: Path, days: object) -> None:
    path = parquet(tmp_path, Day=days, Clock=MINUTES.time, Temperature=[1.0, 2, 3], RMQ4=[1.0, 2, 3])
    station = msgspec.structs.replace(TIMED, time=("Day", "Clock"), cadence=25.0)

    assert load_record([path], station).restarts == (2,)


def test_days_of_a_spreadsheet_and_a_column_of_times_that_is_not_named_are_as_in_a_csv(tmp_path: Path) -> None:
    serials = 46_000.25 + np.arange(30) / 1440
    path = parquet(tmp_path, Time=serials, Temperature=np.arange(30.0), RMQ4=np.arange(1.0, 31.0))
    assert "counted in days as spreadsheets do" in refusal(path, TIMED)

    times = pd.date_range("2026-05-07T21:40", periods=30, freq="min")[::-1]
    path = parquet(tmp_path, when=times, Temperature=np.arange(30.0), RMQ4=np.arange(1.0, 31.0))
    record = load_record([path], STATION)
    assert record.values[0].tolist() == [29, 30]
    assert 'its column "when" holds times' in record.dropped[0]
    assert "newest first" in record.dropped[1]


def test_an_index_of_times_without_a_name_is_reported_and_can_be_named(tmp_path: Path) -> None:
    path = tmp_path / "station.parquet"
    rows = pd.DataFrame({"Temperature": np.arange(8.0), "RMQ4": np.arange(8.0) + 1})
    rows.index = pd.date_range("2026-01-31T12:00", periods=9, freq="min").delete(4)
    rows.to_parquet(path)
    (note,) = load_record([path], STATION).dropped
    assert note.endswith("fix: write time: index into the station file")
    named = msgspec.structs.replace(STATION, time="index", cadence=20.0)
    assert load_record([path], named).restarts == (4,)


def test_what_is_reported_about_times_is_numbered_by_rows(tmp_path: Path) -> None:
    back = MINUTES[::-1].append(MINUTES + pd.Timedelta(days=-1))
    path = parquet(tmp_path, Time=back[1:], Temperature=np.arange(5.0), RMQ4=np.arange(5.0) + 1)
    assert any("(first at row " in sentence for sentence in load_record([path], TIMED).dropped)


def test_days_beside_times_of_day_are_reported(tmp_path: Path) -> None:
    columns = {"Temperature": np.arange(3.0), "RMQ4": np.arange(3.0) + 1, "Clock": list(MINUTES.time)}
    path = parquet(tmp_path, Time=list(MINUTES.date), **columns)
    (note,) = load_record([path], msgspec.structs.replace(TIMED, cadence=None)).dropped
    assert "gives days only" in note
    assert "write time: [Time, Clock] into the station file" in note


def test_numbers_in_single_precision_are_those_that_were_written(tmp_path: Path) -> None:
    tenths = np.array([21.3, -999.9, 0.1, np.nan, 22.7], dtype=np.float32)
    station = msgspec.structs.replace(
        STATION, features=(msgspec.structs.replace(STATION.features[0], missing=(-999.9,)), STATION.features[1])
    )
    path = parquet(tmp_path, Temperature=tenths, RMQ4=np.array([1, 2, 3, 4, 5e4], dtype=np.float32))
    record = load_record([path], station)
    assert record.values[record.intact].tolist() == [[21.3, 1], [0.1, 3], [22.7, 5e4]]


def test_the_files_of_days_are_one_record_in_the_order_of_their_times(tmp_path: Path) -> None:
    time = pd.date_range("2026-01-31T12:00", periods=900, freq="min", tz="Europe/Berlin")
    frame = pd.DataFrame({"Time": time, "Temperature": np.linspace(1, 30, 900), "RMQ4": np.linspace(10, 900, 900)})
    parts = {
        "day=10/a": frame[600:].sample(frac=1, random_state=1),  # in no order, and of a later day than its name's
        "day=2/b": frame[300:600:2].astype({"Temperature": np.float32}),
        "day=2/a": frame[301:600:2].assign(Time=lambda part: part["Time"].dt.tz_convert("UTC")),
        "day=1/copy": frame[:300],
        "day=1/a": frame[:300],
        "day=3/a": frame[:0],
    }
    files = []
    for name, part in parts.items():
        files.append(tmp_path / f"{name}.parquet")
        files[-1].parent.mkdir(exist_ok=True)
        part.to_parquet(files[-1], index=False)
    record = load_record(files, TIMED, days=True)
    assert record.segments == ((0, 900),)
    assert record.restarts == ()
    np.testing.assert_allclose(record.values, frame[["Temperature", "RMQ4"]], rtol=1e-6)
    said = [sentence.replace(f"{tmp_path}/", "") for sentence in record.dropped]
    assert said == [
        "4-files.parquet: day=10/a.parquet: its rows are in no order of their times; they were sorted",
        "day=3/a.parquet: got columns and no rows, expected readings; is it the right file?",
        "a.parquet: the same content as day=1/copy.parquet, counted once",
    ]


def test_a_day_that_lacks_a_column_is_told_and_most_columns_must_be_there(tmp_path: Path) -> None:
    frame = pd.DataFrame({"Temperature": np.linspace(1, 30, 100), "RMQ4": np.linspace(10, 900, 100)})
    frame[:80].to_parquet(tmp_path / "1.parquet")
    frame[80:].drop(columns="RMQ4").to_parquet(tmp_path / "2.parquet")
    record = load_record([tmp_path / "1.parquet", tmp_path / "2.parquet"], STATION, days=True)
    assert len(record.values) == 92  # 12 rows hold the last good value
    assert '2-files.parquet: 2.parquet: no column "RMQ4", whose values count as missing' in record.dropped
    with pytest.raises(RecordError, match='got the columns "Temperature", expected also "RMQ4"'):
        load_record([tmp_path / "2.parquet"], STATION)
    frame[["RMQ4"]].rename(columns={"RMQ4": "other"}).to_parquet(tmp_path / "3.parquet")
    with pytest.raises(RecordError, match=r'3[.]parquet: got the columns "other", expected also "Temperature", "RMQ4"'):
        load_record([tmp_path / "1.parquet", tmp_path / "3.parquet"], STATION, days=True)
