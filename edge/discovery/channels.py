"""The raw channels of a station, read by Home Assistant from the station's own messages."""

from __future__ import annotations

import json
from typing import Any, Final

from config.address_syntax import Step, address_steps
from config.settings.gateway import StationEntry
from config.settings.station import Feature, Station
from config.topic_filters import KEY_LEVEL, strip_share
from edge.discovery.component import MEASURED
from edge.discovery.home_assistant_units import home_assistant_unit
from edge.mqtt.topics import Pattern

_READ_AS_JSON: Final = ("auto", "json")
_READ_ALONE: Final = (*_READ_AS_JSON, "number")  # formats of a message that is one value


def raw_channels(owner: str, station: Station, entry: StationEntry, topic: str) -> dict[str, dict[str, Any]]:
    """Return the components of a station's columns, without the gas, whose level the score has.

    A column is left out if its place in the messages cannot be given to Home Assistant: the entry finds stations in the
    message, has several topics without ``{key}``, or a format that is not JSON.

    Parameters
    ----------
    owner
        Object id of the device.
    station
        Its columns.
    entry
        Its entry in gateway.yaml.
    topic
        Where it publishes.
    """
    made = {}
    for feature in station.features:
        if feature.role == "gas" or feature.key in entry.absent:
            continue
        place = _place(entry, feature.key, topic)
        if place is None:
            continue
        body: dict[str, Any] = {
            "p": "sensor",
            "uniq_id": f"{owner}_raw_{feature.key}",
            "name": feature.name,
            "qos": 1,
            "stat_t": place[0],
            "val_tpl": _number(place[1], [*feature.sentinels, *station.missing, *entry.missing]),
        }
        made[f"raw_{feature.key}"] = {**body, **_kind(feature, entry), **MEASURED}
    return made


def _place(entry: StationEntry, key: str, topic: str) -> tuple[str, str] | None:
    """Return the topic of a column and the expression that finds it there; ``None`` if there is none."""
    if entry.station_from is not None:
        return None
    steps = address_steps(entry.keys.get(key, key))
    pattern = next((each for each in map(Pattern, entry.topics) if each.matches(topic)), None)
    if pattern is None:
        return None
    if pattern.splits:
        if entry.format not in _READ_ALONE or not isinstance(steps[0], str):
            return None
        levels = topic.split("/")
        levels[strip_share(pattern.template).split("/").index(KEY_LEVEL)] = steps[0]
        found = "/".join(levels)
        expression = "value" if len(steps) == 1 else _member(steps[1:])
        return None if expression is None else (found, expression)
    if len(entry.topics) > 1 or entry.format not in _READ_AS_JSON:
        return None
    expression = _member(steps)
    return None if expression is None else (topic, expression)


def _member(steps: tuple[Step, ...]) -> str | None:
    """Return the expression of a member of the message, which is none where there is no such member."""
    found = "(value_json | default({}))"
    for number, step in enumerate(steps, 1):
        if not isinstance(step, str | int):
            return None
        otherwise = "none" if number == len(steps) else "{}"
        found = f"({found}[{json.dumps(step)}] | default({otherwise}))"
    return found


def _number(expression: str, sentinels: list[float | str]) -> str:
    """Return the template of a number: none for what is no finite number, or stands for no reading."""
    missing = [float(each) for each in sentinels if not isinstance(each, str)]
    allowed = f" and v not in {json.dumps(missing)}" if missing else ""
    return (
        f"{{% set v = {expression} | float(none) %}}"
        f"{{{{ v if v is not none and (v | abs) < 1e30{allowed} else none }}}}"
    )


def _kind(feature: Feature, entry: StationEntry) -> dict[str, Any]:
    """Return the unit and the device class of a column."""
    sent = entry.units.get(feature.key, feature.unit)
    unit = home_assistant_unit(sent) if isinstance(sent, str) else None  # else: counts or volts of a divider
    kind: dict[str, Any] = {} if unit is None else {"unit_of_meas": unit}
    if unit in ("°C", "°F", "K"):
        kind["dev_cla"] = "temperature"
    elif unit == "%" and "humid" in f"{feature.key} {feature.name}".lower():
        kind["dev_cla"] = "humidity"
    elif unit in ("hPa", "Pa", "kPa", "mbar") and "press" in f"{feature.key} {feature.name}".lower():
        kind["dev_cla"] = "atmospheric_pressure"
    if feature.role == "sensor":
        kind["ent_cat"] = "diagnostic"
    return kind
