"""Names and texts as boards write them: with brackets, quotes and blanks, in Windows-1252 and UTF-16."""

from __future__ import annotations

import json
import math
from typing import Any

import pytest

from config.errors import ConfigError
from edge.readings.decoding.addresses import quote_step
from edge.readings.decoding.decoder import Decoder
from tests.edge.readings.messages import STATION, reading, refusal

NAMES = ["CH4 [ppb]", "CH4.ppb", "Temp °C", "a/b", "it's", 'q"x', "", " ch4 ", "$ch4", "メタン", "a\\b", "[0]"]


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("nested", [False, True])
def test_any_name_is_reached_by_its_quoted_address_flat_or_nested(name: str, nested: bool) -> None:
    step = quote_step(name)
    decoder = Decoder("st", STATION, {"ch4_ppb": f"data.{step}" if nested else step, "ts": quote_step(name + "t")})
    body = {name: 2031.5}
    found = reading((body if not nested else {"data": body}) | {name + "t": 5.0, "temperature_c": 15.0}, decoder)
    assert (found.values[0], found.ts) == (2031.5, 5.0)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1252", "latin-1", "utf-16", "utf-16-le", "utf-16-be"])
def test_degrees_are_found_in_every_encoding(encoding: str) -> None:
    decoder = Decoder("st", STATION, {"temperature_c": "Temp °C"})
    text = json.dumps({"Temp °C": 15.5, "humidity_pct": "51.5 %", "ch4_ppb": "2.5 µmol/mol"}, ensure_ascii=False)
    found = reading(text.encode(encoding), decoder)
    assert (found.values[2], found.values[3], found.values[0]) == (15.5, 51.5, 2500.0)


def test_what_is_strange_does_not_make_a_missing_value_of_a_later_message_strange() -> None:
    decoder = Decoder("st", STATION)
    reading({"ch4_ppb": True, "temperature_c": 15.0}, decoder)
    assert "ch4_ppb: got true" in str(decoder.notes.pop("values"))
    assert all(map(math.isnan, reading({"ch4_ppb": None}, decoder).values))


def test_a_refused_message_leaves_what_was_noted_to_be_cleared_later() -> None:
    decoder = Decoder("st", STATION)
    reading({"ch4_ppb": True, "temperature_c": 15.0}, decoder)
    decoder.notes.clear()
    assert "expected a number" in refusal({"temperature_c": [1]}, decoder).reason
    reading({"ch4_ppb": 2000.0, "temperature_c": 15.0}, decoder)
    notes: dict[str, Any] = decoder.notes
    assert notes == {"values": None}


def test_a_comma_that_can_be_two_things_is_refused_with_both() -> None:
    assert str(refusal({"ch4_ppb": "2,335 ppm"}, Decoder("st", STATION))) == (
        'ch4_ppb: got "2,335 ppm" (a string), which may be 2.335 or 2335, expected a number'
    )


@pytest.mark.parametrize("name", ["CH4 [ppb]", "$ch4", " ch4", "it's"])
def test_a_name_that_needs_quotes_is_refused_with_how_they_are_written(name: str) -> None:
    with pytest.raises(ConfigError, match=r"""in double quotes, within single ones: '"CH4 \[ppb\]"'"""):
        Decoder("st", STATION, {"ch4_ppb": name})


def test_two_channels_cannot_be_read_at_one_place_unless_one_is_absent() -> None:
    with pytest.raises(ConfigError, match=r'keys\.temperature_c: got "ch4_ppb", at which ch4_ppb is read, too'):
        Decoder("st", STATION, {"temperature_c": "ch4_ppb"})
    found = reading({"ch4_ppb": 15.5}, Decoder("st", STATION, {"temperature_c": "ch4_ppb"}, absent=["ch4_ppb"]))
    assert found.values[2] == 15.5
