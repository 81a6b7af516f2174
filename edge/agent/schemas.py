"""JSON Schemas of everything that the agent publishes and receives, made from the structs of those messages."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, NamedTuple

import msgspec

from config.settings.station import Station
from edge.agent.answers import (
    AcknowledgeAnswer,
    Answer,
    DiscoveryAnswer,
    ModelUploadAnswer,
    RateAnswer,
    Refusal,
    SchemaAnswer,
    ShelveAnswer,
    SyntheticRows,
)
from edge.agent.collect_messages import (
    AlarmsAnswer,
    AlarmsRequest,
    BlockAnswer,
    BlockRequest,
    ColumnsAnswer,
    ColumnsRequest,
    HoldingsAnswer,
    HoldingsRequest,
)
from edge.agent.health_message import HealthMessage
from edge.agent.presence_messages import AvailabilityMessage, InfoMessage, StateMessage
from edge.agent.request_bodies import (
    AcknowledgeRequest,
    DiscoveryRequest,
    InfoRequest,
    ModelChunkRequest,
    ModelOfferRequest,
    ModelRequest,
    ModelRollbackRequest,
    RateRequest,
    SchemaRequest,
    ShelveRequest,
)
from edge.agent.request_verbs import REQUEST_VERBS
from edge.agent.station_health import StationReport
from edge.agent.synthesis_requests import SynthesisRequest
from edge.alarms.event import AlarmMessage, Event
from edge.delivery.dead_letters import DeadLetter
from edge.delivery.score_backlog import Marker
from edge.rollout.model_message import ModelMessage
from edge.scoring.verdict import Verdict

DIALECT = "https://json-schema.org/draft/2020-12/schema"


class Described(NamedTuple):
    """A kind of message.

    Parameters
    ----------
    struct
        Type of its body, or a union of types.
    topic
        Topic below the base topic.
    sentence
        What it is.
    published
        Whether the agent publishes it: then every key is always there.
    """

    struct: Any
    topic: str
    sentence: str
    published: bool = True


_ANSWER: Any = Answer  # mypy takes an index for a type, and the indices below are values of a loop

MESSAGES = {
    "score": Described(Verdict, "<station>/score", "The verdict on one reading."),
    "event": Described(Event, "<station>/event", "An alarm opens, continues or closes."),
    "alarm": Described(AlarmMessage, "<station>/alarm", "The alarms that stand at a station (retained)."),
    "availability": Described(AvailabilityMessage, "<station>/availability", "Whether a station sends (retained)."),
    "counts": Described(StationReport, "<station>/counts", "What a station has sent, and what is wrong with it."),
    "model": Described(ModelMessage, "<station>/model", "Which bundle scores a station, and which waits (retained)."),
    "state": Described(StateMessage, "state", "Whether the agent runs (retained, and the MQTT will)."),
    "info": Described(InfoMessage, "info", "What runs here, with which settings (retained)."),
    "health": Described(HealthMessage, "health", "Counts, costs and current problems."),
    "deadletter": Described(DeadLetter, "deadletter", "A payload that could not be used, and why."),
    "marker": Described(Marker, "marker", "Goes behind scores; the broker's answer to it confirms them."),
    **{
        f"request/{verb}": Described(struct, f"request/{verb}", REQUEST_VERBS[verb].sentence, published=False)
        for verb, struct in (
            ("synthesize", SynthesisRequest),
            ("alarm/acknowledge", AcknowledgeRequest),
            ("alarm/shelve", ShelveRequest),
            ("rate/set", RateRequest),
            ("info", InfoRequest),
            ("schema", SchemaRequest),
            ("collect/stations", HoldingsRequest),
            ("collect/block", BlockRequest),
            ("collect/columns", ColumnsRequest),
            ("collect/alarms", AlarmsRequest),
            ("discovery/publish", DiscoveryRequest),
            ("discovery/clear", DiscoveryRequest),
            ("model/offer", ModelOfferRequest),
            ("model/chunk", ModelChunkRequest),
            ("model/status", ModelRequest),
            ("model/activate", ModelRequest),
            ("model/rollback", ModelRollbackRequest),
        )
    },
    **{
        f"response/{verb}": Described(_ANSWER[data] | Refusal, f"response/{verb}", REQUEST_VERBS[verb].answer)
        for verb, data in (
            ("synthesize", SyntheticRows),
            ("alarm/acknowledge", AcknowledgeAnswer),
            ("alarm/shelve", ShelveAnswer),
            ("rate/set", RateAnswer),
            ("info", InfoMessage),
            ("schema", SchemaAnswer),
            ("collect/stations", HoldingsAnswer),
            ("collect/block", BlockAnswer),
            ("collect/columns", ColumnsAnswer),
            ("collect/alarms", AlarmsAnswer),
            ("discovery/publish", DiscoveryAnswer),
            ("discovery/clear", DiscoveryAnswer),
            ("model/offer", ModelUploadAnswer),
            ("model/chunk", ModelUploadAnswer),
            ("model/status", ModelMessage),
            ("model/activate", ModelMessage),
            ("model/rollback", ModelMessage),
        )
    },
}
"""Name -> what it is."""

READING = "A reading, as a station publishes it."
"""What a message named ``reading`` is; its schema follows from a station's columns, see :func:`reading_schema`."""

_PUBLISHED = (
    "Every key listed here is in every message. A later version may add keys: ignore those that you do not know."
)
_ROLE = re.compile(r":\w+:`~?([^`]*)`")
_UNIT = re.compile(r"\[([^\]\s-][^\]]{0,15})\]")
_SECTION = re.compile(r"\n\s*Parameters\n\s*-+\n")
_ITEM = re.compile(r"^ {4}(\w[\w, ]*)\n((?: {8}.*\n?|\n)+)", re.MULTILINE)


def message_schema(name: str) -> dict[str, Any]:
    """Make the JSON Schema (draft 2020-12) of a message.

    Parameters
    ----------
    name
        A key of :data:`MESSAGES`.
    """
    message = MESSAGES[name]
    made = msgspec.json.schema(message.struct)
    for struct in made["$defs"].values():
        _describe(struct, published=message.published)
    root = made.pop("$ref", None)
    body = made["$defs"].pop(root.rpartition("/")[2]) if root else {}
    definitions = made.pop("$defs")
    head = {
        "$schema": DIALECT,
        "$id": f"urn:davylamp:schema:{name.replace('/', ':')}",
        "title": name,
        "description": body.get("description", message.sentence),
        "x-topic": f"davylamp/<gateway>/{message.topic}",
    }
    if message.published:
        head["$comment"] = _PUBLISHED
    return head | made | body | head | ({"$defs": definitions} if definitions else {})


def reading_schema(station: Station) -> dict[str, Any]:
    """Make the JSON Schema of a reading whose keys an entry of gateway.yaml does not map.

    Parameters
    ----------
    station
        The columns.
    """
    stamp = "Time of the measurement: RFC 3339, or Unix time in s, ms, us or ns; without one the arrival counts."
    columns = {
        feature.key: {
            "type": ["number", "string", "null"],
            "description": f"{feature.name} {feature.unit}; null, or a text such as unavailable: missing.",
            "x-unit": feature.unit.strip("[]"),
        }
        for feature in station.features
    }
    return {
        "$schema": DIALECT,
        "$id": "urn:davylamp:schema:reading",
        "title": "reading",
        "description": f"A reading of a station like {station.name}, as JSON: one object, or an array of several.",
        "$comment": "Keys that no column uses are ignored, and a column that is not there is a missing one.",
        "anyOf": [{"$ref": "#/$defs/reading"}, {"type": "array", "items": {"$ref": "#/$defs/reading"}}],
        "$defs": {
            "reading": {
                "type": "object",
                "properties": columns
                | {
                    "ts": {"type": ["number", "string", "null"], "description": stamp},
                    "seq": {"type": ["integer", "string", "null"], "description": "The station's own counter."},
                },
                "additionalProperties": True,
            }
        },
    }


def _describe(struct: dict[str, Any], *, published: bool) -> None:
    """Give the properties of an object the descriptions and units in its docstring."""
    if struct.get("type") != "object":
        return
    summary, *sections = _SECTION.split(struct.get("description", ""), maxsplit=1)
    struct["description"] = _plain(summary)
    properties = struct["properties"]
    for name, text in _items(sections[0] if sections else ""):
        if name in properties:
            properties[name] = _described(properties[name], text)
    if published:
        struct["required"] = list(properties)
        struct.setdefault("additionalProperties", True)
        for schema in properties.values():
            schema.pop("default", None)
    else:
        struct.setdefault("additionalProperties", True)


def _described(schema: dict[str, Any], text: str) -> dict[str, Any]:
    unit = _UNIT.search(text)
    time = {"format": "date-time"} if "RFC 3339" in text else {}
    return schema | {"description": text} | time | ({"x-unit": unit[1]} if unit else {})


def _items(section: str) -> Iterator[tuple[str, str]]:
    """Yield each parameter of a numpydoc section with its text."""
    for names, text in _ITEM.findall(section + "\n"):
        for name in names.split(","):
            yield name.strip(), _plain(text)


def _plain(text: str) -> str:
    """Return a docstring's text as one paragraph without markup, in JSON's words."""
    text = _ROLE.sub(lambda role: role[1].rpartition(".")[2], text).replace("``None``", "null").replace("``", "")
    return " ".join(text.split())
