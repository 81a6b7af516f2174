"""CSVs of any layout are read; whatever else is refused with file, line and column."""

from __future__ import annotations

import tempfile
from pathlib import Path

import msgspec
import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from config.templates.templates import METHANE
from config.yaml.load import load_station
from edge.errors import TableError
from edge.readings.csv.reader import Dropped, read_table
from edge.readings.csv.writer import write_table
from tests.edge.readings.csv.three_columns import HEADER, STATION, TIMED, read

# ---- what is found -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    [
        "Methane (ppb),Temperature,RMQ4\n2000.5,20,5e4\n",
        "Methane (ppb);Temperature;RMQ4\n2000.5;20;5e4\n",
        "Methane (ppb)\tTemperature\tRMQ4\n2000.5\t20\t5e4\n",
        "Methane (ppb);Temperature;RMQ4\n2000,5;20,0;50000\n",
        "Methane (ppb)\tTemperature\tRMQ4\n2000,5\t20,\t5,0e4\n",
        'Methane (ppb),Temperature,RMQ4\n"2000,5","20,0",50000\n',
        '"Methane (ppb)","Temperature","RMQ4"\r\n"2000.5","20","50000"\r\n',
        " Methane (ppb) , Temperature , RMQ4 \n 2000.5 , +20.0 , 50000 ",
        '"Methane (ppb)", "Temperature", "RMQ4"\n"2000,5", 20, "50000"\n',
        "RMQ4,note,Temperature,Methane (ppb)\n5e4,calm,2e1,.20005e4\n",
        "\n\nMethane (ppb),Temperature,RMQ4\n2000.5,20,50000\n",
        "Methane (ppb);Temperature;RMQ4;;\r\n2000,5;20;50000;;\r\n",
        "Methane (ppb);Temperature;RMQ4;;\r\n2000,5;20;50000\r\n",
        "Methane (ppb);Temperature;RMQ4\r\n2000,5;20;50000;;\r\n",
        "Methane (ppb),Temperature,RMQ4\r2000.5,20,50000\r",
        "\ufeffMethane (ppb),Temperature,RMQ4\n2000.5,20,50000\n",
    ],
)
def test_separators_decimal_signs_quotes_and_line_ends_are_found(tmp_path: Path, text: str) -> None:
    table = read(tmp_path, text)

    assert table.values.tolist() == [[2000.5, 20.0, 50000.0]]
    assert table.values.dtype == np.float64
    assert table.names == STATION.names
    assert table.file == "station.csv"
    assert table.time is None
    assert table.dropped == ()


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-16-le", "utf-16-be"])
def test_a_byte_order_mark_gives_the_encoding(tmp_path: Path, encoding: str) -> None:
    mark = "\ufeff" if encoding[-2:] in ("le", "be") else ""

    assert read(tmp_path, f"{mark}{HEADER}\n1,2,3\n".encode(encoding)).values.tolist() == [[1, 2, 3]]


def test_a_header_with_commas_does_not_fool_the_search_for_the_separator(tmp_path: Path) -> None:
    features = tuple(
        msgspec.structs.replace(feature, name=f"{feature.name}, raw, {feature.unit}") for feature in STATION.features
    )
    station = msgspec.structs.replace(STATION, features=features)
    text = ";".join(station.names) + "\n1,5;2,5;3,5\n"

    assert read(tmp_path, text, station).values.tolist() == [[1.5, 2.5, 3.5]]


def test_the_classic_air_quality_file_is_read_to_its_last_reading(tmp_path: Path) -> None:
    rows = "10/03/2004;18.00.00;2,6;1360,25;48,9;;\r\n11/03/2004;19.00.00;-200;-200,0;;;\r\n"
    text = f"Date;Time;Methane (ppb);Temperature;RMQ4;;\r\n{rows}" + ";;;;;;\r\n" * 114

    table = read(tmp_path, text)

    assert np.array_equal(table.values, [[2.6, 1360.25, 48.9], [np.nan, np.nan, np.nan]], equal_nan=True)
    assert table.dropped == (Dropped("blank", 114, 4),)
    assert table.breaks == ()


@pytest.mark.parametrize(
    "text",
    ["", " ", "NA", "NaN", "nan", "null", "None", "n/a", "-", "--", "-200", "-200.00", "inf", "1e999", "unavailable"],
)
def test_a_missing_cell_is_nan_and_its_row_stays(tmp_path: Path, text: str) -> None:
    table = read(tmp_path, f"{HEADER}\n1,{text},3\n4,5,6\n")

    assert np.array_equal(table.values, [[1.0, np.nan, 3.0], [4.0, 5.0, 6.0]], equal_nan=True)
    assert table.lines.tolist() == [2, 3]
    assert table.dropped == ()


def test_sentinels_are_the_columns_own_and_are_compared_after_the_decimal_comma(tmp_path: Path) -> None:
    table = read(tmp_path, "Methane (ppb);Temperature;RMQ4\n-200,0;-999,5;-999,5\n")

    assert np.array_equal(table.values, [[np.nan, -999.5, np.nan]], equal_nan=True)


def test_blank_rows_are_dropped_and_counted_and_the_others_keep_their_lines(tmp_path: Path) -> None:
    table = read(tmp_path, f"{HEADER}\n1,2,3\n\n4,5,6\n , ,\n7,8,9\n\n")

    assert table.lines.tolist() == [2, 4, 6]
    assert table.dropped == (Dropped("blank", 3, 3),)


def test_a_row_of_separators_between_readings_breaks_the_record_and_an_empty_line_does_not(tmp_path: Path) -> None:
    doubled = read(tmp_path, f"{HEADER}\r\r\n1,2,3\r\r\n4,5,6\r\r\n")
    broken = read(tmp_path, f"{HEADER}\n,,\n1,2,3\n4,5,6\n,,\n,,\n7,8,9\n,,\n")

    assert doubled.breaks == ()
    assert doubled.values.tolist() == [[1, 2, 3], [4, 5, 6]]
    assert broken.breaks == (2,)


def test_a_quoted_note_over_two_lines_does_not_shift_the_lines_that_are_named(tmp_path: Path) -> None:
    table = read(tmp_path, 'note,Methane (ppb),Temperature,RMQ4\n"windy\nand wet",1,2,3\ndry,4,5,6\n')

    assert table.lines.tolist() == [2, 4]


def test_an_absent_column_is_nan_whether_the_file_has_it_or_not(tmp_path: Path) -> None:
    without = read(tmp_path, "Temperature,RMQ4\n2,3\n", absent=("ch4_ppb",))
    withheld = read(tmp_path, f"{HEADER}\n1,2,3\n", absent=("ch4_ppb",))

    for table in (without, withheld):
        assert np.array_equal(table.values, [[np.nan, 2, 3]], equal_nan=True)


def test_an_absent_key_that_the_station_does_not_have_is_answered_with_the_nearest(tmp_path: Path) -> None:
    with pytest.raises(TableError, match='absent: got "ch4_pbb"; did you mean "ch4_ppb"'):
        read(tmp_path, f"{HEADER}\n1,2,3\n", absent=("ch4_pbb",))


@pytest.mark.parametrize(
    "text",
    [
        "2026-01-31T12:00:00Z",
        "2026-01-31 12:00:00",
        "2026-01-31T13:00:00+01:00",
        "1769860800",
        "1769860800.0",
        '"1769860800,0"',
    ],
)
def test_time_is_rfc_3339_or_unix_seconds_and_utc_where_it_names_no_zone(tmp_path: Path, text: str) -> None:
    table = read(tmp_path, f"Time,{HEADER}\n{text},1,2,3\n", TIMED)

    assert table.time is not None
    assert table.time.tolist() == [1769860800.0]


# ---- for all inputs ----------------------------------------------------------------------------------------------

cells = st.one_of(st.sampled_from([*'0123456789.,;-\t"\n\r ', "NA", "-200", "2026-01-31"]), st.text(max_size=4))


@given(
    st.one_of(
        st.binary(max_size=200),
        st.lists(cells, max_size=60).map(lambda parts: ("Time," + HEADER + "\n" + "".join(parts)).encode()),
        st.lists(cells, max_size=60).map(lambda parts: "".join(parts).encode("utf-16")),
    )
)
def test_whatever_the_bytes_only_a_table_error_is_raised(data: bytes) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "x.csv"
        path.write_bytes(data)
        try:
            table = read_table(path, TIMED)
        except TableError:
            return
    assert table.time is not None
    assert table.values.shape == (len(table.time), 3)
    assert not np.isinf(table.values).any()


numbers = st.floats(allow_nan=True, allow_infinity=False).filter(lambda x: x not in (-200.0, -999.5))
layouts = st.sampled_from([(separator, decimal) for separator in ",;\t" for decimal in ".,"])


@given(st.lists(st.tuples(numbers, numbers, numbers), min_size=1, max_size=8), layouts)
def test_what_is_written_is_read_back_bit_for_bit(rows: list[tuple[float, ...]], layout: tuple[str, str]) -> None:
    values = np.array(rows)
    assume(not np.isnan(values).all(axis=1).any())  # such a row is blank
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "x.csv"
        write_table(path, STATION.names, values, separator=layout[0], decimal=layout[1])
        table = read_table(path, STATION)

    assert np.array_equal(table.values.view(np.int64)[~np.isnan(values)], values.view(np.int64)[~np.isnan(values)])
    assert np.array_equal(np.isnan(table.values), np.isnan(values))


# ---- the real record ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("board", [1, 2, 3])
def test_the_real_record_is_read_whole(record_folder: Path, board: int) -> None:
    station = load_station(METHANE)
    path = record_folder / f"station-{board}.csv"

    table = read_table(path, station)

    assert table.values.shape == (14186, 9)
    assert not np.isnan(table.values).any()
    assert np.array_equal(table.values, np.loadtxt(path, delimiter=",", skiprows=1))
    assert table.lines.tolist() == list(range(2, 14188))
    assert table.dropped == ()
