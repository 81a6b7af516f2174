"""Writes the station file of what was recognised, with its guesses commented."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from config.settings.station import Feature
from edge.moisture import magnus
from edge.readings.decoding.addresses import Address
from edge.sniffing.column_guess import ColumnGuess
from edge.sniffing.topic_group import TopicGroup
from edge.sniffing.yaml_text import comment_text, yaml_text

_AGREE = 0.25  # largest median difference of moisture measured and computed, as a share
_MOISTURE = ("h2o_ppm", "temperature_c", "humidity_pct")
_TITLES = {
    "gas": "Gas, by an analyser",
    "environment": "Climate",
    "sensor": "Sensors",
}


def station_yaml(group: TopicGroup, guesses: Sequence[ColumnGuess], name: str) -> str:
    """Return the text of a station file.

    Parameters
    ----------
    group
        The stations.
    guesses
        Its columns, in order.
    name
        Name of this kind of station.
    """
    return "\n".join(_lines(group, guesses, name)) + "\n"


def _lines(group: TopicGroup, guesses: Sequence[ColumnGuess], name: str) -> Iterator[str]:
    yield "# Columns of a station, guessed by `davylamp sniff`. Check each: what it is, its unit, and the range in"
    yield "# which a value is physically possible: a reading outside of it is flagged as failed."
    yield "#   role   gas (methane by an analyser) | environment (climate) | sensor"
    yield "#   scale  log | linear, for the models: log for what covers decades, such as resistances"
    yield f"name: {name}"
    yield ""
    yield "features:"
    role = ""
    for guess in guesses:
        if guess.feature.role != role:
            role = guess.feature.role
            yield f"  # {_TITLES[role]}"
        yield f"  - {{{_feature(guess.feature)}}}{f'   # {comment_text(guess.remark)}' if guess.remark else ''}"
    yield ""
    yield from _ratio(group, guesses)
    cadence = group.cadence
    measured = f"{_seconds(cadence)} s were measured" if cadence else "too few readings came to measure it"
    if group.columns.ts is None and cadence:
        measured += " between arrivals"
    value = _seconds(cadence) if cadence and group.columns.ts is not None else "null"
    yield "time: time       # name of the time column in files: `davylamp record` writes it"
    yield f"cadence: {value}    # [s] between rows; {measured}"


def _feature(feature: Feature) -> str:
    low, high = feature.range
    scale = "scale: log, " if feature.scale == "log" else ""
    return (
        f"name: {yaml_text(feature.name)}, key: {yaml_text(feature.key)}, unit: {yaml_text(feature.unit)}, "
        f"role: {feature.role}, {scale}range: [{_number(low)}, {_number(high)}]"
    )


def _ratio(group: TopicGroup, guesses: Sequence[ColumnGuess]) -> Iterator[str]:
    """Declare moisture as redundant if it agrees with temperature and humidity."""
    by_key = {guess.feature.key: guess for guess in guesses}
    if not set(_MOISTURE) <= by_key.keys():
        return
    yield "# Moisture is measured, and also follows from temperature and humidity: if they disagree, one is wrong."
    agree = _agrees(group, [by_key[key] for key in _MOISTURE])
    mark = "" if agree else "# "
    if not agree:
        yield "# In what came they do not agree, so that this is not declared:"
    yield f"{mark}ratio:"
    yield f"{mark}  of: h2o_ppm"
    yield f"{mark}  to: magnus(temperature_c, humidity_pct)"
    yield ""


def _agrees(group: TopicGroup, guesses: Sequence[ColumnGuess]) -> bool:
    """Return whether moisture follows from temperature and humidity in what came."""
    if any(guess.comes_in is not None for guess in guesses):
        return False
    medians = [_median(group, guess) for guess in guesses]
    water, temperature, humidity = medians
    expected = float(magnus(temperature, humidity))
    return abs(water - expected) <= _AGREE * expected


def _median(group: TopicGroup, guess: ColumnGuess) -> float:
    address = Address(guess.address)
    numbers = []
    for document in group.documents:
        try:
            numbers.append(float(address.look(document, "nan")))
        except (TypeError, ValueError):
            continue
    finite = [number for number in numbers if number == number]  # noqa: PLR0124  # not nan
    return float(np.median(finite)) if finite else float("nan")


def _seconds(seconds: float) -> str:
    return f"{seconds:.3g}" if seconds < 1000 else f"{seconds:.0f}"


def _number(value: float) -> str:
    return f"{value:.0f}" if value == int(value) and abs(value) < 1e15 else f"{value:g}"
