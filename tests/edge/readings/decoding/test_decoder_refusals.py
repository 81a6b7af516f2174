"""What is no message is refused with a reason; no bytes and no JSON get past the decoder."""

from __future__ import annotations

import json
import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.clock import rfc3339
from edge.errors import ReadingError
from edge.readings.decoding.decoder import Decoder
from edge.readings.decoding.formats.format import SIZE_LIMIT
from edge.readings.reading import Reading
from tests.edge.readings.messages import DECODER, GOOD, STATION, VALUES, decode, reading, refusal


@pytest.mark.parametrize(
    ("payload", "reason"),
    [
        (b"", "the payload is empty, expected JSON"),
        (b" \n", "the payload is empty, expected JSON"),
        (b"\xef\xbb\xbf", "the payload is empty, expected JSON"),
        (b"\0\0", "the payload is empty, expected JSON"),
        (b"Online", 'got "Online" (a string), expected JSON'),
        (b'{"ch4_ppb": 1', "the payload is not JSON: it ends too early (cut off?)"),
        (b'{"ch4_ppb": NaN', "the payload is not JSON: it ends too early (cut off?)"),
        (b'{"ch4_ppb": 2100,5, "h2o_ppm": 1}', "the payload is not JSON: object keys must be strings (byte 17)"),
        (b"[]", "got an empty array, expected readings"),
        (b"true", "got true (a boolean), expected an object with the station's keys"),
        (b'{"a":' * 10_000, "the payload is not JSON: it ends too early (cut off?)"),
        (b"\x00\x01spBv1.0\x08\x96", None),
    ],
)
def test_what_is_no_message_is_refused_whole(payload: bytes, reason: str | None) -> None:
    found = refusal(payload)
    assert found.at is None
    assert reason is None or found.reason == reason


def test_a_bare_number_is_refused_with_the_fix_unless_a_key_takes_it() -> None:
    assert refusal(b"5").reason.startswith(
        'got "5" (a string), expected an object with the station\'s keys; fix: write {key}'
    )
    assert reading(b"5", Decoder("st-01", STATION, {"temperature_c": "value"})).values[2] == 5.0


def test_a_payload_is_looked_at_up_to_its_size_limit() -> None:
    def padded(size: int) -> bytes:
        text = json.dumps(GOOD).encode()
        return text + b" " * (size - len(text))

    assert reading(padded(SIZE_LIMIT)).values == VALUES
    assert refusal(padded(300_000)).reason == "the payload is 300000 bytes long, expected at most 262144"
    assert isinstance(decode(padded(SIZE_LIMIT + 1))[0], ReadingError)


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
