"""The raw channels of a station, read by Home Assistant from the station's own messages."""

from __future__ import annotations

import json
import math
from typing import Any, Final

from config.address_syntax import Step, address_steps
from config.settings.gateway import StationEntry
from config.settings.station import Feature, Station
from config.settings.unit_settings import UnitSettings
from config.topic_filters import KEY_LEVEL, strip_share
from edge.discovery.component import MEASURED
from edge.discovery.home_assistant_units import home_assistant_unit
from edge.mqtt.topics import Pattern

_READ_AS_JSON: Final = ("auto", "json")
_DIGITS: Final = 3  # of a column's range that are shown: half a degree of 100 is seen
_ICONS: Final = {"ohm": "mdi:omega", "h2o": "mdi:water", "moist": "mdi:water", "volt": "mdi:flash"}
_READ_ALONE: Final = (*_READ_AS_JSON, "number")  # formats of a message that is one value


def raw_channels(
    owner: str, station: Station, entry: StationEntry, topic: str, *, score: str | None = None
) -> dict[str, dict[str, Any]]:
    """Return the components of a station's columns, without the gas, whose level the score has.

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
    score
        Topic of its score messages if they have its values; ``None``: they are in its own messages.
    """
    made = {}
    for feature in station.features:
        if feature.role == "gas" or feature.key in entry.absent:
            continue
        body: dict[str, Any] = {
            "p": "sensor",
            "uniq_id": f"{owner}_raw_{feature.key}",
            "name": feature.name,
            "qos": 1,
        }
        if score is not None:
            of_column = f"(value_json['values'] | default({{}}))[{json.dumps(feature.key)}]"
            body |= {"stat_t": score, "val_tpl": f"{{{{ {of_column} | default(none) }}}}"}
        else:
            place = _place(entry, feature.key)
            assert place is not None, "hides_columns said so"
            sentinels = [*feature.sentinels, *station.missing, *entry.missing]
            body |= {"stat_t": _topic(entry, place[0], topic), "val_tpl": _number(place[1], sentinels)}
        sent = feature.unit if score is not None else entry.units.get(feature.key, feature.unit)
        made[f"raw_{feature.key}"] = {**body, **_kind(feature, sent), **MEASURED}
    return made


def hides_columns(entry: StationEntry, station: Station) -> bool:
    """Return whether another program may not find some column in the messages of an entry, in the form of each reading.

    It does not if the messages say whose they are, or come in parts, or are not JSON, or if one of its addresses is no
    path of names and numbers. The score messages have the values then.
    """
    return any(_place(entry, key) is None for key in station.keys if key not in entry.absent)


def _place(entry: StationEntry, key: str) -> tuple[str | None, str] | None:
    """Return the ``{key}`` of a column's topic, if it has one, and the expression that finds it in the message."""
    if entry.station_from is not None or len(entry.topics) > 1:
        return None
    steps = address_steps(entry.keys.get(key, key))
    if Pattern(entry.topics[0]).splits:
        if entry.format not in _READ_ALONE or not isinstance(steps[0], str):
            return None
        expression = "value" if len(steps) == 1 else _member(steps[1:])
        return None if expression is None else (steps[0], expression)
    if entry.join is not None or entry.format not in _READ_AS_JSON:
        return None
    expression = _member(steps)
    return None if expression is None else (None, expression)


def _topic(entry: StationEntry, level: str | None, topic: str) -> str:
    """Return the topic of a column of a station that publishes on a topic, or beside it."""
    if level is None:
        return topic
    levels = topic.split("/")
    levels[strip_share(entry.topics[0]).split("/").index(KEY_LEVEL)] = level
    return "/".join(levels)


def _member(steps: tuple[Step, ...]) -> str | None:
    """Return the expression of a member of the message, which is none where there is no such member."""
    found = "(value_json | default({}))"
    for number, step in enumerate(steps, 1):
        if not isinstance(step, str | int):
            return None
        otherwise = "none" if number == len(steps) else "{}"
        found = f"({found}[{json.dumps(step, ensure_ascii=False)}] | default({otherwise}))"
    return found


def _number(expression: str, sentinels: list[float | str]) -> str:
    """Return the template of a number: none for what is no finite number, or stands for no reading."""
    missing = [float(each) for each in sentinels if not isinstance(each, str) and math.isfinite(each)]
    allowed = f" and v not in {json.dumps(missing)}" if missing else ""
    return (
        f"{{% set v = {expression} | float(none) %}}"
        f"{{{{ v if v is not none and (v | abs) < 1e30{allowed} else none }}}}"
    )


def _kind(feature: Feature, sent: str | UnitSettings) -> dict[str, Any]:
    """Return what Home Assistant makes of a column that comes in some unit."""
    key = f"{feature.key} {feature.name}".lower()
    unit = home_assistant_unit(sent) if isinstance(sent, str) else None  # else: counts or volts of a divider
    kind: dict[str, Any] = {} if unit is None else {"unit_of_meas": unit}
    if sent == feature.unit:
        low, high = feature.range
        kind["sug_dsp_prc"] = max(0, _DIGITS - math.floor(math.log10(high - low)))
    if unit in ("°C", "°F", "K"):
        kind["dev_cla"] = "temperature"
    elif unit == "%" and "humid" in key:
        kind["dev_cla"] = "humidity"
    elif unit in ("hPa", "Pa", "kPa", "mbar") and "press" in key:
        kind["dev_cla"] = "atmospheric_pressure"
    if feature.role == "sensor":
        kind["ent_cat"] = "diagnostic"
    if "dev_cla" not in kind:
        kind["ic"] = next((icon for word, icon in _ICONS.items() if word in key), "mdi:chart-line")
    return kind
