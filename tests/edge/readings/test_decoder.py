"""Payloads become readings, or refusals with a reason; nothing else ever comes out."""

from __future__ import annotations

import json
import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from config.errors import ConfigError
from config.templates.templates import METHANE
from config.yaml.load import load_station
from edge.clock import rfc3339
from edge.errors import ReadingError
from edge.readings.decoder import SIZE_LIMIT, Decoder
from edge.readings.reading import Reading

STATION = load_station(METHANE)
GOOD: dict[str, Any] = {
    "ch4_ppb": 2000.5, "h2o_ppm": 12000, "temperature_c": 20.25, "humidity_pct": 50, "r2611e_ohm": 80000,
    "r2600_ohm": 17000, "r2602_ohm": 23000, "r2611c_ohm": 33000, "rmq4_ohm": 64000,
}  # fmt: skip
VALUES = tuple(float(value) for value in GOOD.values())
DECODER = Decoder("st-01", STATION)


def decode(payload: bytes | Any, decoder: Decoder = DECODER) -> list[Reading | ReadingError]:
    return decoder.decode(payload if isinstance(payload, bytes) else json.dumps(payload).encode(), 1.0)


def reading(payload: bytes | Any, decoder: Decoder = DECODER) -> Reading:
    (found,) = decode(payload, decoder)
    assert isinstance(found, Reading), found
    return found


def refusal(payload: bytes | Any, decoder: Decoder = DECODER) -> ReadingError:
    (found,) = decode(payload, decoder)
    assert isinstance(found, ReadingError), found
    return found


def without(*keys: str) -> dict[str, Any]:
    return {key: value for key, value in GOOD.items() if key not in keys}


def test_an_object_is_a_reading_in_the_stations_order() -> None:
    shuffled = dict(reversed(GOOD.items())) | {"ts": 1753776000.25, "seq": 7, "firmware": "1.2"}
    found = reading(shuffled)
    assert found == Reading(station="st-01", values=VALUES, ts=1753776000.25, seq=7, received=1.0)
    assert all(type(value) is float for value in found.values)


def test_an_array_is_that_many_readings() -> None:
    found = decode([GOOD | {"seq": 1}, GOOD | {"seq": 2}])
    assert [item.seq for item in found if isinstance(item, Reading)] == [1, 2]


def test_one_bad_reading_in_an_array_loses_only_itself() -> None:
    found = decode([GOOD, GOOD | {"temperature_c": "12.3"}, 5, GOOD | {"seq": 3}])
    assert [type(item) for item in found] == [Reading, ReadingError, ReadingError, Reading]
    assert str(found[1]) == '[1].temperature_c: got "12.3" (a string), expected a number or null'
    assert str(found[2]) == "[2]: got 5, expected an object with the station's keys"


@pytest.mark.parametrize("token", ["NaN", "Infinity", "-Infinity", "1e999", "-1e999", "9" * 5000])
def test_what_is_no_finite_number_loses_only_its_own_reading(token: str) -> None:
    bad = json.dumps(GOOD).replace("12000", token)
    found = decode(f"[{json.dumps(GOOD)}, {bad}]".encode())
    assert [type(item) for item in found] == [Reading, ReadingError]
    assert isinstance(found[1], ReadingError)
    assert found[1].at == "[1].h2o_ppm"
    assert found[1].reason == f"got {token[:40]}, which is no finite number, expected one or null"
    assert refusal(bad.encode()).at == "h2o_ppm"


def test_a_nan_is_refused_even_in_a_key_that_nobody_reads() -> None:
    found = refusal(b'{"rssi": {"dbm": [1, NaN]}, ' + json.dumps(GOOD).encode()[1:])
    assert found.at == "rssi.dbm[1]"


def test_null_absent_and_sentinel_are_missing() -> None:
    found = reading(without("ch4_ppb") | {"temperature_c": None, "humidity_pct": -200})
    assert [math.isnan(value) for value in found.values] == [True, False, True, True] + [False] * 5


def test_more_than_half_of_the_keys_missing_is_refused_with_their_count_and_names() -> None:
    keys = list(GOOD)
    assert reading(without(*keys[:4])).values[4:] == VALUES[4:]
    found = refusal(without(*keys[:4]) | {"rmq4_ohm": None})
    assert found.reason.startswith(
        "5 of 9 keys are missing or null (ch4_ppb, h2o_ppm, temperature_c, humidity_pct, rmq4_ohm), expected at least"
    )
    assert found.at is None
    assert isinstance(decode([without(*keys[:5])])[0], ReadingError)


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
    assert refusal(message | {"data": {"gas": {"ch4": True}}}, decoder).at == "data.gas.ch4"
    assert refusal(message | {"meta": {"time": "noon"}}, decoder).at == "meta.time"


def test_keys_that_the_station_has_not_are_refused_with_the_nearest() -> None:
    with pytest.raises(ConfigError, match='keys: got "ch4_pbb"; did you mean "ch4_ppb"'):
        Decoder("st-01", STATION, {"ch4_pbb": "x"})
    with pytest.raises(ConfigError, match='absent: got "humidity"; did you mean "humidity_pct"'):
        Decoder("st-01", STATION, absent=["humidity"])


@pytest.mark.parametrize(
    ("value", "got"),
    [
        ("12.3", '"12.3" (a string)'),
        ("", '"" (a string)'),
        ("x" * 99, f'"{"x" * 40}..." (a string)'),
        ("12\n3", '"12\\n3" (a string)'),
        (True, "true (a boolean)"),
        (False, "false (a boolean)"),
        ({"value": 1}, "an object"),
        ([1], "an array"),
        (10**350, "1" + "0" * 39 + "..."),
    ],
)
def test_what_is_no_number_is_named_with_its_path(value: Any, got: str) -> None:
    assert str(refusal(GOOD | {"temperature_c": value})) == f"temperature_c: got {got}, expected a number or null"


def test_half_a_surrogate_pair_is_refused_in_words_that_can_be_published() -> None:
    assert "not JSON" in refusal(GOOD | {"temperature_c": "\ud800"}).reason
    assert refusal(json.dumps({"\ud800": math.nan}).encode()).at == "\\ud800"


@pytest.mark.parametrize(
    ("payload", "reason"),
    [
        (b"", "the payload is empty, expected JSON"),
        (b" \n", "the payload is empty, expected JSON"),
        (b"\xef\xbb\xbf", "the payload is empty, expected JSON"),
        (b"ch4=2000", "the payload is not JSON: invalid character (byte 0)"),
        (b'{"ch4_ppb": 1', "the payload is not JSON: Input data was truncated"),
        (b'{"ch4_ppb": 1} {}', "the payload is not JSON: trailing characters (byte 16)"),
        (b'{"ch4_ppb": NaN', "the payload is not JSON: invalid character (byte 12)"),
        (b'{"a": "\xff"}', "the payload is not UTF-8 (byte 7: 0xff)"),
        ('{"a": 1}'.encode("utf-16"), "the payload is not UTF-8 (byte 0: 0xff)"),
        (b"[]", "got an empty array, expected readings"),
        (b"5", "got 5, expected an object with the station's keys"),
        (b"null", "got null, expected an object with the station's keys"),
        (b"[" * 10_000 + b"]" * 10_000, "the payload is nested too deep, expected an object or an array of objects"),
        (b'{"a":' * 10_000, "the payload is nested too deep, expected an object or an array of objects"),
    ],
)
def test_what_is_no_message_is_refused_whole(payload: bytes, reason: str) -> None:
    found = refusal(payload)
    assert (found.reason, found.at) == (reason, None)


def test_a_payload_is_looked_at_up_to_its_size_limit() -> None:
    def padded(size: int) -> bytes:
        text = json.dumps(GOOD).encode()
        return text + b" " * (size - len(text))

    assert reading(padded(SIZE_LIMIT)).values == VALUES
    assert refusal(padded(300_000)).reason == "the payload is 300000 bytes long, expected at most 262144"
    assert isinstance(decode(padded(SIZE_LIMIT + 1))[0], ReadingError)


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
    "ts", ["noon", "", True, [1], 1753776000250, "0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59.9999Z"]
)
def test_a_ts_that_no_calendar_holds_refuses_the_reading(ts: Any) -> None:
    assert refusal(GOOD | {"ts": ts}).at == "ts"


@pytest.mark.parametrize("seq", ["5", 5.5, True, 2**63, [5]])
def test_a_seq_that_is_no_64_bit_integer_refuses_the_reading(seq: Any) -> None:
    found = refusal(GOOD | {"seq": seq})
    assert found.at == "seq"
    assert found.reason.endswith("expected an integer of 64 bits or null")


_KEYS = st.sampled_from([*GOOD, "ts", "seq"]) | st.text()
_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(_KEYS, inner),
    max_leaves=12,
)
_ALMOST = st.fixed_dictionaries({}, optional={key: _JSON | st.floats() for key in (*GOOD, "ts", "seq")})


def _sound(found: list[Reading | ReadingError]) -> None:
    assert found
    for item in found:
        if isinstance(item, Reading):
            assert len(item.values) == STATION.size
            assert not any(map(math.isinf, item.values))
            assert item.ts is None or rfc3339(item.ts)
        else:
            assert type(item) is ReadingError
            text = str(item)
            assert text.encode()  # fit for a dead letter
            assert "\n" not in text
            assert len(text) < 500


@given(st.binary(max_size=200))
def test_any_bytes_are_readings_or_refusals(payload: bytes) -> None:
    _sound(DECODER.decode(payload, 1.0))


@given(_JSON | _ALMOST | st.lists(_ALMOST, max_size=3), st.booleans())
def test_any_json_is_readings_or_refusals(message: Any, nested: bool) -> None:
    decoder = Decoder("st-01", STATION, {"ch4_ppb": "data.ch4"}) if nested else DECODER
    _sound(decode(message, decoder))


@given(st.lists(st.floats(allow_nan=False, allow_infinity=False), min_size=9, max_size=9))
def test_numbers_come_through_exactly(values: list[float]) -> None:
    found = reading(dict(zip(GOOD, values, strict=True)))
    assert all(a == b or (math.isnan(a) and b == -200) for a, b in zip(found.values, values, strict=True))
