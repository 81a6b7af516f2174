"""The published schemas are valid, say everything, and agree with what is encoded and decoded."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec
import pytest

from config.templates.templates import METHANE
from config.yaml.load import load_station
from edge.agent.request_verbs import REQUEST_VERBS
from edge.agent.schemas import MESSAGES, message_schema, reading_schema
from tests.edge.agent.desk import Desk

ALL = {name: message_schema(name) for name in MESSAGES} | {"reading": reading_schema(load_station(METHANE))}


def objects(schema: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Yield the schema of every object with named properties."""
    for each in (schema, *schema.get("$defs", {}).values()):
        if "properties" in each:
            yield each


@pytest.mark.parametrize("name", ALL)
def test_a_schema_is_valid(name: str) -> None:
    jsonschema = pytest.importorskip("jsonschema", reason="SCHEMAS ARE NOT TESTED: jsonschema is not installed")
    jsonschema.Draft202012Validator.check_schema(ALL[name])
    assert ALL[name]["$id"].startswith("urn:davylamp:schema:")


@pytest.mark.parametrize("name", ALL)
def test_every_object_and_every_key_is_described(name: str) -> None:
    for each in objects(ALL[name]):
        missing = [key for key, schema in each["properties"].items() if "description" not in schema]
        # `status` has no docstring: it is the tag of the struct
        assert missing in ([], ["status"]), each.get("title")
        texts = [schema.get("description", "") for schema in each["properties"].values()]
        assert not [text for text in texts if "``" in text or ":class:" in text or ":meth:" in text]


@pytest.mark.parametrize("name", [name for name, message in MESSAGES.items() if message.published])
def test_every_key_of_what_is_published_is_required_and_more_may_come(name: str) -> None:
    for each in objects(ALL[name]):
        assert each["required"] == list(each["properties"])
        assert each["additionalProperties"] is (each["title"] != "NoData")


@pytest.mark.parametrize("name", [name for name, message in MESSAGES.items() if not message.published])
def test_a_request_with_an_unknown_key_is_refused_by_schema_and_agent_alike(name: str) -> None:
    if name != "request/info":
        assert ALL[name]["additionalProperties"] is False
        with pytest.raises(msgspec.ValidationError, match="unknown field"):
            msgspec.convert({"nobody": 1}, MESSAGES[name].struct)


def test_every_verb_has_the_schemas_of_its_request_and_its_answer() -> None:
    assert [name for name in MESSAGES if "/" in name and MESSAGES[name].topic == name] == [
        f"{side}/{verb}" for side in ("request", "response") for verb in REQUEST_VERBS
    ]


@pytest.mark.parametrize(
    ("verb", "body"),
    [
        ("alarm/acknowledge", {"label": "leak"}),
        ("alarm/acknowledge", {"kind": "gas"}),
        ("alarm/shelve", {"minutes": -1}),
        ("alarm/shelve", {"station": "st-1", "kind": "methane"}),
        ("rate/set", {"exceedances_per_1000": 0}),
        ("rate/set", {"exceedances_per_1000": 1001}),
        ("synthesize", {"n": 0}),
        ("synthesize", {"from": {"regim": "plume"}}),
        ("synthesize", {"format": "xml"}),
        ("schema", {"names": "score"}),
    ],
)
def test_a_schema_refuses_what_the_agent_refuses(desk: Desk, verb: str, body: dict[str, Any]) -> None:
    jsonschema = pytest.importorskip("jsonschema", reason="SCHEMAS ARE NOT TESTED: jsonschema is not installed")
    assert desk.error(verb, body)
    assert list(jsonschema.Draft202012Validator(ALL[f"request/{verb}"]).iter_errors(body))


def test_units_and_times_are_marked() -> None:
    score = ALL["score"]
    assert score["properties"]["received"]["format"] == "date-time"
    assert score["$defs"]["Methane"]["properties"]["virtual_ppb"]["x-unit"] == "ppb"
    assert ALL["health"]["properties"]["uptime_s"]["x-unit"] == "s"
    assert ALL["reading"]["$defs"]["reading"]["properties"]["h2o_ppm"]["x-unit"] == "ppm"
