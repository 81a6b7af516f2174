"""Payloads of formats that are not read are refused with what they are and what to do."""

from __future__ import annotations

import base64
import bz2
import gzip
import json
import lzma
import zlib
from typing import Any

import msgspec
import pytest

from config.settings.gateway import Format
from edge.errors import ReadingError
from edge.readings.decoding.decoder import Decoder
from edge.readings.reading import Reading
from tests.edge.readings.messages import GOOD, STATION, refusal

TEXT = json.dumps(GOOD).encode()
CBOR = bytes.fromhex("a36763683470706266fb409fa200000000006d74656d70657261747572655f631814626f6ef5")


@pytest.mark.parametrize(
    ("payload", "what"),
    [
        (gzip.compress(TEXT), "compressed (gzip)"),
        (zlib.compress(TEXT), "compressed (zlib)"),
        (bz2.compress(TEXT), "compressed (bzip2)"),
        (lzma.compress(TEXT), "compressed (xz)"),
        (msgspec.msgpack.encode(GOOD), "no text (MessagePack, CBOR"),
        (msgspec.msgpack.encode({"ch4_ppb": 2000.5, "n": 123, "m": 125}), "no text (MessagePack, CBOR"),
        (CBOR, "no text (MessagePack, CBOR"),
        (b"\x08\x96\x01\x12\x07ch4_ppb\x65\x00\x00\xfaD", "Protocol Buffers"),
        (base64.b64encode(TEXT), "JSON in Base64"),
        (b'<?xml version="1.0"?><r><ch4_ppb>2000</ch4_ppb></r>', "got XML or HTML"),
        (b'<reading ch4_ppb="2000"/>', "got XML or HTML"),
        (b"ch4_ppb=2000 temperature_c=15", "names and values in no format that is known"),
        (b"CH4: 2000 ppb; T: 15.2", "names and values in no format that is known"),
        (b"reboot", 'got "reboot" (a string), expected JSON'),
    ],
)
def test_the_refusal_says_what_came(payload: bytes, what: str) -> None:
    assert what in refusal(payload, Decoder("st", STATION)).reason


@pytest.mark.parametrize("text", ["2000 15", "2000.5;15,25", "1.8e9\t2000\t15"])
def test_values_without_names_are_refused_with_the_line_to_write(text: str) -> None:
    assert "fix: format: csv, and their names under columns" in refusal(text.encode(), Decoder("st", STATION)).reason


def test_the_frame_of_a_serial_line_costs_nothing() -> None:
    (found,) = Decoder("st", STATION).decode(b'\x02{"ch4_ppb":2001.5}\x03', 1.0)
    assert isinstance(found, Reading)


@pytest.mark.parametrize("form", ["auto", "json"])
def test_readings_before_a_torn_end_are_used(form: Format) -> None:
    for text in (b"\n".join([TEXT, TEXT, TEXT[:-9]]), b"[" + b",".join([TEXT, TEXT, TEXT[:-9]])):
        found = Decoder("st", STATION, form=form).decode(text, 1.0)
        assert [type(each) for each in found] == [Reading, Reading, ReadingError]
        assert "ends too early (cut off?)" in str(found[2])


@pytest.mark.parametrize("form", ["auto", "senml"])
def test_a_torn_pack_of_senml_is_what_came_of_it(form: Format) -> None:
    pack = json.dumps([{"bt": 1.8e9, "n": key, "v": value} for key, value in GOOD.items()])
    found: list[Any] = Decoder("st", STATION, form=form).decode(pack[:-9].encode(), 1.0)
    assert found[0].values[:8] == tuple(GOOD.values())[:8]
    assert isinstance(found[1], ReadingError)
