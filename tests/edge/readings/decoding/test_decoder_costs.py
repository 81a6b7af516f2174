"""Payloads that are made to cost much cost little: time, memory and lines of the log."""

from __future__ import annotations

import json
import time

import pytest

from edge.errors import ReadingError
from edge.readings.decoding.decoder import Decoder
from edge.readings.decoding.formats.format import SIZE_LIMIT
from edge.readings.reading import Reading
from tests.edge.readings.messages import GOOD, STATION, decode

_ROOM = SIZE_LIMIT - 1000
_DIGITS = "1" * (_ROOM // 10)


@pytest.mark.parametrize(
    "payload",
    [
        json.dumps(dict.fromkeys(GOOD, f"{_DIGITS},")).encode(),
        json.dumps(dict.fromkeys(GOOD, f"{_DIGITS} V V")).encode(),
        json.dumps(dict.fromkeys(GOOD, " " * 20_000 + "x y")).encode(),
        json.dumps({**GOOD, "ts": "2026-01-01" + " " * _ROOM + "x"}).encode(),
        json.dumps({**GOOD, "seq": "9" * _ROOM}).encode(),
        b"air ch4_ppb=" + b"1" * _ROOM + b"x",
        b"air ch4_ppb=1" + b"\n" * _ROOM + b'"',
        b'air ch4_ppb=1,s="' + b'\\"' * (_ROOM // 2),
        b'air ch4_ppb=1,s="' + b'"' * _ROOM,
        b"{" * _ROOM,
        b'{"' * (_ROOM // 2),
        b"[" * _ROOM,
        b'{"a":' + b"9" * _ROOM + b"}",
    ],
    ids=lambda payload: payload[:24].decode(),
)
def test_the_longest_payload_is_decoded_in_no_time(payload: bytes) -> None:
    decoder = Decoder("st-01", STATION)
    began = time.process_time()
    assert decode(payload, decoder)
    assert time.process_time() - began < 1.0


def test_a_long_base_name_is_not_repeated_in_every_name() -> None:
    pack = [{"bn": "x" * 100_000}, *({"n": f"a{i}", "v": 1} for i in range(1000))]
    (found,) = decode(pack)
    assert isinstance(found, ReadingError)
    assert found.reason == "got a base name (bn) of more than 256 characters, expected less"


def test_a_pack_has_no_more_readings_than_an_array_may_have() -> None:
    (found,) = decode([{"bn": "x:"}, *({"n": "ch4_ppb", "v": 1, "t": 2**29 + i} for i in range(5001))])
    assert isinstance(found, ReadingError)
    assert "5001" in found.reason


def test_a_unit_that_is_an_essay_is_neither_repeated_nor_remembered() -> None:
    decoder = Decoder("st-01", STATION)
    (found,) = decode([{"n": "ch4_ppb", "v": 1}, {"n": "temperature_c", "v": 20, "u": "x\n" * 50_000}], decoder)
    assert isinstance(found, Reading)
    sentence = decoder.notes["values"]
    assert sentence is not None
    assert len(sentence) < 500
    assert "\n" not in sentence


def test_a_unit_of_time_is_named_once_however_often_it_changes() -> None:
    decoder = Decoder("st-01", STATION)
    remarks: list[str | None] = []
    for n in range(20):
        decoder.decode(json.dumps({**GOOD, "ts": (1_796_005_227 + n) * 10 ** (3 + 3 * (n % 2))}).encode(), 1.0)
        remarks += [note for what, note in decoder.notes.items() if what == "remark"]
        decoder.notes.clear()
    assert [str(remark).split()[4] for remark in remarks] == ["milliseconds", "microseconds"]
