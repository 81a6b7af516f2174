"""A good message of the methane station, and its decoder."""

from __future__ import annotations

import json
from typing import Any

from config.templates.templates import METHANE
from config.yaml.load import load_station
from edge.errors import ReadingError
from edge.readings.decoding.decoder import Decoder
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
