"""The table of a station's components; its raw channels are in :mod:`edge.discovery.channels`."""

from __future__ import annotations

from typing import Final, get_args

from edge.alarms.event import EventType
from edge.discovery.component import CONTROL, DIAGNOSTIC, MEASURED, Component, Need
from edge.scoring.verdict import State

_OF_METHANE: Final = (
    "{{ {'standing': (value_json.standing if value_json is defined else [])"
    " | selectattr('kind', 'eq', 'methane') | list} | tojson }}"
)
_OF_OTHERS: Final = _OF_METHANE.replace("selectattr", "rejectattr")
# A name with an id is no version that could be compared, so that Home Assistant takes any other one for newer.
_UPDATE: Final = (
    "{%- if value_json is defined -%}"
    "{%- set active = value_json.active.file ~ ' ' ~ value_json.active.bundle -%}"
    # Not `.model`: Home Assistant logs a warning for each name that it does not find.
    "{%- set waiting = (value_json.waiting or {}).get('model') or {} -%}"
    "{{ {'installed_version': active,"
    " 'latest_version': waiting.file ~ ' ' ~ waiting.bundle if waiting.get('bundle') else active} | tojson }}"
    "{%- endif -%}"
)
_OF_MODELS: Final = (
    "{{ {'waiting': value_json.waiting, 'kept': value_json.kept, 'last': value_json.last} | tojson"
    " if value_json is defined else '{}' }}"
)


def _level(ident: str, name: str, meaning: str, key: str, needs: Need) -> Component:
    return Component(
        ident, "sensor", name, meaning, "score", f"{{{{ value_json.methane.{key} if value_json.methane else none }}}}",
        options={"ic": "mdi:molecule", **MEASURED}, needs=needs, in_gas_unit=True, expires=True,
    )  # fmt: skip


def _score(ident: str, name: str, meaning: str, kind: str, needs: Need | None = None) -> Component:
    return Component(
        ident, "sensor", name, meaning, "score", f"{{{{ value_json.{kind}.score if value_json.{kind} else none }}}}",
        options={"ic": "mdi:chart-bell-curve", "sug_dsp_prc": 1, **MEASURED, **DIAGNOSTIC}, needs=needs, expires=True,
    )  # fmt: skip


STATION_COMPONENTS: Final = (
    _level("ch4", "Methane", "Level of the gas column.", "level", "analyser"),
    _level("ch4_bg", "Methane background", "What is usual here lately.", "background", "gas"),
    _level("ch4_virtual", "Methane inferred", "Level inferred from the other sensors.", "virtual", "gas"),
    _score("s_methane", "Methane score", "-log10 of the p-value of the onset.", "methane", "onset"),
    _score("s_cons", "Consistency score", "-log10 of the p-value of the channels given one another.", "consistency"),
    _score("s_rec", "Reconstruction score", "-log10 of the p-value of the network's error.", "reconstruction"),
    Component(
        "culprit", "sensor", "Channel at fault", "The strangest while the consistency exceeds, else none.", "score",
        # A reading's strangest channel is another one every time; as a state it would fill the logbook.
        "{{ value_json.consistency.culprit if 'consistency' in value_json.exceeds else 'none' }}",
        options={"ic": "mdi:stethoscope", **DIAGNOSTIC}, expires=True,
    ),
    Component(
        "trust", "sensor", "Verdict state", "The state of the last score.", "score", "{{ value_json.state }}",
        options={"ic": "mdi:gavel", "dev_cla": "enum", "ops": list(get_args(State)), **DIAGNOSTIC}, expires=True,
    ),
    Component(
        "alarm", "binary_sensor", "Methane alarm", "Whether a methane alarm stands that is not shelved.", "alarm",
        "{{ value_json.alarm if value_json is defined else '' }}", _OF_METHANE, options={"dev_cla": "gas"},
        needs="gas",
    ),
    Component(
        "fault", "binary_sensor", "Sensor fault", "Whether any other alarm stands that is not shelved.", "alarm",
        "{{ value_json.fault if value_json is defined else '' }}", _OF_OTHERS,
        options={"dev_cla": "problem", **DIAGNOSTIC},
    ),
    Component(
        "event", "event", "Alarm event", "An alarm opens, changes or closes; all keys of the event are attributes.",
        "event", options={"ic": "mdi:bell-ring", "evt_typ": list(get_args(EventType))},
    ),
    Component(
        "ack", "button", "Acknowledge methane", "Acknowledges the methane alarm that stands.",
        verb="alarm/acknowledge", request={"kind": "methane"}, options={"ic": "mdi:check-bold"}, needs="gas",
    ),
    Component(
        "ackf", "button", "Acknowledge fault", "Acknowledges every other alarm that stands.",
        verb="alarm/acknowledge", request={"kind": "fault"},
        options={"ic": "mdi:check", **CONTROL},
    ),
    Component(
        "shelve", "button", "Silence methane for 1 h", "Shelves methane alarms for 60 minutes.",
        verb="alarm/shelve", request={"kind": "methane", "minutes": 60}, options={"ic": "mdi:bell-sleep", **CONTROL},
        needs="gas",
    ),
    Component(
        "model", "update", "Bundle", "The bundle that scores, and one that waits; installing activates it at once.",
        "model", _UPDATE, _OF_MODELS,
        verb="model/activate", options={"dev_cla": "firmware", **CONTROL},
    ),
    Component(
        "rows", "button", "Ask for 100 synthetic rows", "Rows like those of the station's training.",
        verb="synthesize", request={"n": 100}, options={"ic": "mdi:table-plus", **CONTROL},
    ),
)  # fmt: skip
"""Every component of a station's device but its raw channels, in the order of the documentation."""
