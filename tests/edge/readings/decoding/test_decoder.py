"""Payloads become readings, or refusals with a reason; nothing else ever comes out."""

from __future__ import annotations

import json
import math
from typing import Any

import pytest

from config.errors import ConfigError
from edge.errors import ReadingError
from edge.readings.decoding.decoder import REMARK, Decoder
from edge.readings.reading import Reading
from tests.edge.readings.messages import GOOD, STATION, VALUES, decode, reading, refusal, without


def test_an_object_is_a_reading_in_the_stations_order() -> None:
    shuffled = dict(reversed(GOOD.items())) | {"ts": 1753776000.25, "seq": 7, "firmware": "1.2"}
    found = reading(shuffled)
    assert found == Reading(station="st-01", values=VALUES, ts=1753776000.25, seq=7, received=1.0)
    assert all(type(value) is float for value in found.values)


def test_an_array_is_that_many_readings() -> None:
    found = decode([GOOD | {"seq": 1}, GOOD | {"seq": 2}])
    assert [item.seq for item in found if isinstance(item, Reading)] == [1, 2]


def test_what_is_no_reading_in_an_array_loses_only_itself() -> None:
    found = decode([GOOD, {"uptime": 5}, 5, GOOD | {"seq": 3}])
    assert [type(item) for item in found] == [Reading, ReadingError, ReadingError, Reading]
    assert str(found[1]).startswith("[1]: none of the 9 keys is there (ch4_ppb, h2o_ppm, ")
    assert str(found[1]).endswith("), but uptime; fix: name their places under keys")
    assert str(found[2]) == "[2]: got 5, expected an object with the station's keys"


@pytest.mark.parametrize(
    "token",
    ["NaN", "nan", "Infinity", "-Infinity", "1e999", "-1e999", "9" * 5000, '"nan"', '"N/A"', '""', "undefined", "ERR",
     '" unavailable "', "null", "None", "-200", "-2e2", '"-200.0"'],
)  # fmt: skip
def test_one_missing_channel_costs_itself_alone(token: str) -> None:
    bad = json.dumps(GOOD).replace("12000", token)
    decoder = Decoder("st-01", STATION)
    for found in decoder.decode(f"[{json.dumps(GOOD)}, {bad}]".encode(), 1.0)[1:] + decoder.decode(bad.encode(), 1.0):
        assert isinstance(found, Reading)
        assert [math.isnan(value) for value in found.values] == [False, True] + [False] * 7
        assert found.values[2:] == VALUES[2:]
    assert not decoder.notes


@pytest.mark.parametrize(
    "junk",
    [
        b'"rssi": {"dbm": [1, NaN]}, ',
        b'"x": 1e999, ',
        b'"x": ' + b"9" * 5000 + b", ",
        b'"x": 1, "x": 2, ',
        b'"x": ' + b"[" * 5000 + b"]" * 5000 + b", ",
        b'"x": ' + b'{"y":' * 5000 + b"NaN" + b"}" * 5000 + b", ",
        b'"x": "\xff\xfe", ',
        b'"x": "tab\there", ',
        b"\"x\": 'single', ",
        b'"x": "\\ud800", ',
        b'"x": , ',
        b"x: 1, ",
        b",",
    ],
)
def test_what_nobody_reads_spoils_nothing(junk: bytes) -> None:
    assert reading(b"{" + junk + json.dumps(GOOD).encode()[1:]).values == VALUES


@pytest.mark.parametrize(
    ("before", "behind"),
    [
        (b"\xef\xbb\xbf", b""),
        (b"", b"\0"),
        (b"", b"\0" * 40 + b"left over"),
        (b"data: ", b"\n\n"),
        (b"reading=", b";"),
        (b"", b" trailing"),
        (b"", b"}"),
        (b"\n\0 ", b"\r\n"),
    ],
)
def test_what_stands_around_the_json_spoils_nothing(before: bytes, behind: bytes) -> None:
    assert reading(before + json.dumps(GOOD).encode() + behind).values == VALUES


def test_json_of_python_and_javascript_is_read() -> None:
    assert reading(str(GOOD | {"note": None, "ok": True}).encode()).values == VALUES
    assert reading(json.dumps(json.dumps(GOOD)).encode()).values == VALUES
    assert reading(json.dumps(GOOD).replace("}", ",}").encode()).values == VALUES
    assert reading(json.dumps(GOOD).encode("utf-16")).values == VALUES


def test_several_objects_are_several_readings() -> None:
    text = json.dumps(GOOD).encode()
    assert [isinstance(each, Reading) for each in decode(text + b"\n" + text)] == [True, True]
    first, second = decode(text + b" {}")
    assert isinstance(first, Reading)
    assert "none of the 9 keys is there" in str(second)


def test_null_absent_and_sentinel_are_missing() -> None:
    found = reading(without("ch4_ppb") | {"temperature_c": None, "humidity_pct": -200})
    assert [math.isnan(value) for value in found.values] == [True, False, True, True] + [False] * 5


def test_one_channel_makes_a_reading_and_none_a_refusal() -> None:
    found = reading({"rmq4_ohm": 64000.0})
    assert [math.isnan(value) for value in found.values] == [True] * 8 + [False]
    assert all(map(math.isnan, reading(dict.fromkeys(GOOD)).values))  # a board that runs while its sensors do not
    assert "none of the 9 keys is there" in refusal({"temperature": 20.5, "data": {"x": [1]}}).reason
    assert "but temperature, data.x[0]; fix" in refusal({"temperature": 20.5, "data": {"x": [1]}}).reason


def test_names_of_a_foreign_message_are_printed_on_one_line() -> None:
    found = refusal(b'{"line\nbreak": 1, "\xff": 2, "long' + b"x" * 99 + b'": 3}')
    assert 'but "line\\nbreak", \xff, long' in found.reason
    assert "\n" not in found.reason
    assert len(found.reason) < 300


def test_a_message_in_which_nothing_is_a_number_is_refused_with_the_first_place() -> None:
    found = refusal({key: {"value": value} for key, value in GOOD.items()})
    assert str(found) == "ch4_ppb: got an object, expected a number"


def test_absent_keys_are_neither_read_nor_counted_as_missing() -> None:
    decoder = Decoder("st-01", STATION, absent=["ch4_ppb"])
    found = reading(GOOD, decoder)
    assert math.isnan(found.values[0])
    assert found.values[1:] == VALUES[1:]
    keys = list(GOOD)
    assert reading(without(*keys[:5]), decoder).values[5:] == VALUES[5:]


def test_keys_are_found_under_their_dotted_paths() -> None:
    keys = {"ch4_ppb": "data.gas.ch4", "h2o_ppm": "H2O", "ts": "meta.time", "seq": "meta.count"}
    decoder = Decoder("st-01", STATION, keys)
    message = without("ch4_ppb", "h2o_ppm") | {
        "data": {"gas": {"ch4": 2000.5}}, "H2O": 12000, "meta": {"time": 5.0, "count": 9}
    }  # fmt: skip
    found = reading(message, decoder)
    assert (found.values, found.ts, found.seq) == (VALUES, 5.0, 9)
    assert math.isnan(reading(message | {"data": 5}, decoder).values[0])
    assert math.isnan(reading(message | {"data": {"gas": {"ch4": True}}}, decoder).values[0])
    assert reading(message | {"meta": {"time": "noon"}}, decoder).ts is None


def test_keys_that_the_station_has_not_are_refused_with_the_nearest() -> None:
    with pytest.raises(ConfigError, match='keys: got "ch4_pbb"; did you mean "ch4_ppb"'):
        Decoder("st-01", STATION, {"ch4_pbb": "x"})
    with pytest.raises(ConfigError, match='absent: got "humidity"; did you mean "humidity_pct"'):
        Decoder("st-01", STATION, absent=["humidity"])


@pytest.mark.parametrize(
    ("value", "got"),
    [
        ("29.4 bananas", "29.4 bananas (a unit that cannot be converted to the column's)"),
        ("2,335", '"2,335" (a string), which may be 2.335 or 2335'),
        ("x" * 99, f'"{"x" * 40}..." (a string)'),
        ("12\n3", '"12\\n3" (a string)'),
        (True, "true (a boolean)"),
        (False, "false (a boolean)"),
        ({"value": 1}, "an object"),
        ([1], "an array"),
    ],
)
def test_what_is_no_number_is_missing_and_named_until_a_number_comes(value: Any, got: str) -> None:
    decoder = Decoder("st-01", STATION)
    assert math.isnan(reading(GOOD | {"temperature_c": value}, decoder).values[2])
    sentence = decoder.notes["values"]
    assert sentence is not None
    assert sentence.startswith(f"temperature_c: got {got}, expected a number; such a value is flagged as missing")
    assert "\n" not in sentence
    decoder.notes.clear()
    reading(GOOD | {"temperature_c": "other"}, decoder)
    assert decoder.notes == {"values": sentence}  # the same, so that it is logged once
    reading(GOOD, decoder)
    assert decoder.notes == {"values": None}
    decoder.notes.clear()
    reading(GOOD, decoder)
    assert not decoder.notes


def test_an_integer_that_no_float_can_hold_is_missing() -> None:
    assert math.isnan(reading(GOOD | {"temperature_c": 10**350}).values[2])


@pytest.mark.parametrize("text", ["2000.5", " 2000.5 ", "2.0005e3", "+2000.5", "2000,5", "2000.5\0"])
def test_a_text_that_is_a_number_is_that_number(text: str) -> None:
    assert reading(GOOD | {"ch4_ppb": text}).values == VALUES


@pytest.mark.parametrize(
    ("temperature", "plain"),
    [
        (20.5, True), ("20.5", True), (" 20.5 ", True), ("unavailable", True), ("nan °C", True), (None, True),
        ("20,5", False), ("\u221220.5", False), ("20.5 °C", False), ("68 °F", False),
    ],
)  # fmt: skip
def test_it_says_whether_others_find_the_same_number(temperature: Any, plain: bool) -> None:
    decoder = Decoder("st-1", STATION)
    decoder.decode(json.dumps(GOOD | {"temperature_c": temperature}).encode(), 0.0)
    assert decoder.plain == plain
    decoder.decode(json.dumps(GOOD).encode(), 0.0)
    assert decoder.plain == plain, "a form that was seen once may come again"


@pytest.mark.parametrize(
    ("address", "message", "plain"),
    [
        ("air.t", {"air": {"t": 20.5}}, True), ("air[0]", {"air": [20.5]}, True), ("air.t", {"air": None}, True),
        ("air.t", {"air.t": 20.5}, False), ("air.0", {"air": [20.5]}, False), ("air.t", {"air": '{"t": 20.5}'}, False),
    ],
)  # fmt: skip
def test_it_says_whether_others_find_the_same_member(address: str, message: dict[str, Any], plain: bool) -> None:
    decoder = Decoder("st-1", STATION, {"temperature_c": address})
    decoder.decode(json.dumps(without("temperature_c") | message).encode(), 0.0)
    assert decoder.plain == plain


@pytest.mark.parametrize(("unit", "plain"), [("°C", True), ("°F", False)])
def test_a_number_beside_a_unit_that_is_converted_is_another_one_for_others(unit: str, plain: bool) -> None:
    decoder = Decoder("st-1", STATION, {"temperature_c": "air.value"})
    decoder.decode(json.dumps(GOOD | {"air": {"value": 20.5, "unit": unit}}).encode(), 0.0)
    assert decoder.plain == plain


def test_a_byte_order_mark_is_stripped() -> None:
    assert reading(b"\xef\xbb\xbf" + json.dumps(GOOD).encode()).values == VALUES


@pytest.mark.parametrize(
    ("ts", "unix"),
    [
        (1753776000, 1753776000.0),
        ("2025-07-29T08:00:00.250Z", 1753776000.25),
        ("2025-07-29T10:00:00+02:00", 1753776000.0),
        (None, None),
    ],
)
def test_ts_is_rfc_3339_or_unix_seconds(ts: Any, unix: float | None) -> None:
    assert reading(GOOD | {"ts": ts}).ts == unix


@pytest.mark.parametrize(
    ("ts", "why"),
    [
        ("noon", "expected RFC 3339"),
        (True, "expected RFC 3339"),
        ([1], "expected RFC 3339"),
        ("0001-01-01T00:00:00+14:00", "not in the calendar"),
        (46356.0975, "spreadsheets"),
        ("03/04/2026 12:00", "mistaken for one another"),
        ("12:00:00", "without a date"),
    ],
)
def test_a_ts_that_is_no_time_costs_the_time_alone_and_says_why(ts: Any, why: str) -> None:
    decoder = Decoder("st-01", STATION)
    (found,) = decoder.decode(json.dumps(GOOD | {"ts": ts}).encode(), 1796005227.0)
    assert isinstance(found, Reading)
    assert (found.values, found.ts) == (VALUES, None)
    assert why in (decoder.notes["clock"] or "")
    reading(GOOD | {"ts": 1796005227}, decoder)
    assert decoder.notes == {"clock": None}


def test_ts_received_ignores_the_clock_of_the_station() -> None:
    decoder = Decoder("st-01", STATION, ts="received")
    assert reading(GOOD | {"ts": 1753776000}, decoder).ts is None
    assert reading(GOOD | {"ts": "noon"}, decoder).ts is None
    assert not decoder.notes


@pytest.mark.parametrize(("seq", "count"), [("5", 5), (5.0, 5), (5.5, None), (True, None), (2**63, None), ([5], None)])
def test_a_seq_that_is_no_64_bit_integer_is_left_out(seq: Any, count: int | None) -> None:
    found = reading(GOOD | {"seq": seq})
    assert (found.seq, found.values) == (count, VALUES)


def test_a_seq_that_is_none_is_said_once() -> None:
    decoder = Decoder("st-01", STATION)
    for seq in ("A7", "A8"):
        assert reading(GOOD | {"seq": seq}, decoder).seq is None
    assert decoder.notes == {REMARK: 'seq: got "A7" (a string), expected an integer of 64 bits; it is left out'}
