"""Every message of a running agent is what its published schema says, and consumers can rely on what is documented."""

from __future__ import annotations

import json
import re
import signal
from collections import defaultdict
from pathlib import Path
from typing import Any

import pytest

from config.templates.templates import METHANE
from config.yaml.load import load_station
from edge.agent.schemas import MESSAGES, message_schema, reading_schema
from edge.clock import rfc3339
from edge.mqtt.topics import Topics
from edge.simulation.simulator import simulate_chamber
from tests.agent_process import StartAgentProcess
from tests.mqtt_client import Connect, MqttClient
from tests.running_broker import StartBroker

pytestmark = pytest.mark.broker

STATION = load_station(METHANE)
TOPICS = Topics("davylamp/gw1")
READINGS = "sensors/st-1/readings"
START = 1_790_000_000.0


def validator(schema: dict[str, Any]) -> Any:
    jsonschema = pytest.importorskip("jsonschema", reason="SCHEMAS ARE NOT TESTED: jsonschema is not installed")
    return jsonschema.Draft202012Validator(schema, format_checker=jsonschema.Draft202012Validator.FORMAT_CHECKER)


def strict(schema: Any) -> Any:
    """The schema without keys that a later version may add."""
    if isinstance(schema, dict):
        closed = {key: strict(value) for key, value in schema.items()}
        return closed | {"additionalProperties": False} if schema.get("additionalProperties") is True else closed
    return [strict(each) for each in schema] if isinstance(schema, list) else schema


def bodies(count: int) -> list[dict[str, Any]]:
    rows = simulate_chamber(3000, seed=4)
    rows = rows[rows[:, 0] < 2600][:count].tolist()
    return [
        dict(zip(STATION.keys, row, strict=True)) | {"ts": rfc3339(START + 60 * i), "seq": i}
        for i, row in enumerate(rows)
    ]


def live_an_eventful_life(other: MqttClient) -> None:
    """Send readings of every kind and requests of every kind, until the last is answered."""
    sent = bodies(70)
    for body in sent[60:]:
        body["ch4_ppb"] += 20_000.0
    del sent[20]["humidity_pct"]
    sent[21]["r2600_ohm"] = None
    sent[25]["ts"] = rfc3339(START - 3000)
    for body in sent:
        other.publish(READINGS, body)
    opened = other.wait(TOPICS.event("st-1"), lambda body: body["kind"] == "methane", timeout=30).body
    for payload in (b"nope", b"\xff\xfe", b'{"ts": []}'):
        other.publish(READINGS, payload)
    acknowledge = {"id": opened["id"], "label": "plume", "comment": "a real one"}
    for verb, body in (
        ("alarm/acknowledge", acknowledge),
        ("alarm/acknowledge", acknowledge | {"id": "nobody's"}),
        ("alarm/shelve", {"station": "st-1", "kind": "methane", "minutes": 5, "comment": "at work"}),
        ("rate/set", {"exceedances_per_1000": 5, "transaction": 7}),
        ("synthesize", {"n": 3, "seed": 1}),
        ("synthesize", {"n": 3, "seed": 1, "format": "csv"}),
        ("synthesize", {"rows": 3}),
        ("schema", {"name": "score"}),
        ("schema", {"name": "scores"}),
        ("collect/stations", {}),
        ("collect/block", {"station": "st-1"}),
        ("collect/columns", {"station": "st-1"}),
        ("collect/alarms", {"station": "st-1"}),
        ("discovery/publish", {}),
        ("discovery/clear", {}),
        ("model/offer", {"station": "st-1", "sha256": "0" * 64, "bytes": 9, "file": "one.davy", "issued": 1.0}),
        ("model/chunk", {"sha256": "0" * 64, "offset": 0, "data": ""}),
        ("model/status", {"station": "st-1"}),
        ("model/activate", {}),
        ("model/rollback", {}),
    ):
        other.publish(TOPICS.request(verb), body)
    calm = bodies(140)[70:]
    for body in calm:
        other.publish(READINGS, body)
    closed = other.wait(TOPICS.event("st-1"), lambda body: body["event_type"] == "close", timeout=30).body
    other.publish(TOPICS.request("alarm/acknowledge"), {"id": closed["id"], "label": "fault"})
    other.publish(TOPICS.request("info"), {"transaction": "last"})
    other.wait(TOPICS.response("info"), lambda body: body["transaction"] == "last", timeout=30)
    other.wait(TOPICS.health)
    other.wait(TOPICS.health)


def by_name(other: MqttClient) -> dict[str, list[Any]]:
    """Return what was published, by the name of its schema."""
    found: dict[str, list[Any]] = defaultdict(list)
    for message in other.received:
        level = message.topic.removeprefix("davylamp/gw1/")
        if level.startswith("request/") or not message.payload:
            continue
        found[level if level.startswith("response/") else level.rpartition("/")[2]].append(message.body)
    return found


def test_every_message_of_an_agents_life_is_as_its_schema_says(
    agent_process: StartAgentProcess, start_broker: StartBroker, client: Connect
) -> None:
    broker = start_broker()
    other = client(broker.port, "davylamp/#")
    process = agent_process(broker.port, "log: {format: json}\n")
    other.wait(TOPICS.state, lambda body: body["state"] == "online", timeout=30)
    live_an_eventful_life(other)
    assert process.stop()[0] == 0
    other.wait(TOPICS.state, lambda body: body["state"] == "stopped")
    logged = [json.loads(line) for line in process.log.read_text().splitlines()]
    assert all(each.keys() >= {"ts", "level", "logger", "event"} for each in logged)
    assert {"station online", "alarm open", "reading refused", "stopped"} <= {each["event"] for each in logged}

    published = by_name(other)
    assert published.keys() == {name for name, message in MESSAGES.items() if message.published}
    for name, messages in published.items():
        check = validator(strict(message_schema(name)))
        for body in messages:
            assert [f"{error.json_path}: {error.message}" for error in check.iter_errors(body)] == [], (name, body)

    assert any(body["late"] for body in published["score"])
    assert {"humidity_pct": 9} in [body["flags"] for body in published["score"]]
    assert {"open", "update", "close"} <= {body["event_type"] for body in published["event"]}
    assert {None, "plume"} <= {body["label"] for body in published["event"]}
    assert {body["status"] for body in published["response/model/status"]} == {"ok"}
    closed = [body["data"].get("closed") for body in published["response/alarm/acknowledge"]]
    assert [label["label"] for label in closed if label] == ["fault"]
    assert {body["encoding"] for body in published["deadletter"]} == {None, "base64"}
    assert {body["status"] for body in published["response/synthesize"]} == {"ok", "error"}
    refused = [body["error"] for body in published["response/synthesize"] if body["error"]]
    assert refused == ["rows: unknown field, expected one of transaction, station, n, seed, from, format"]
    assert [body["exceedances_per_1000"] for body in published["info"]][-1] == 5.0


def test_the_readings_that_were_sent_are_as_their_schema_says() -> None:
    check = validator(reading_schema(STATION))
    assert list(check.iter_errors(bodies(3))) == []
    assert list(check.iter_errors(bodies(1)[0] | {"ch4_ppb": None, "r2600_ohm": "ERR", "ts": 1.8e12, "rssi": []})) == []
    assert list(check.iter_errors(bodies(1)[0] | {"ch4_ppb": []}))


def test_after_the_agents_death_its_stations_are_not_available_by_the_documented_rule(
    agent_process: StartAgentProcess, start_broker: StartBroker, client: Connect
) -> None:
    document = (Path(__file__).parent.parent / "docs" / "topics.md").read_text(encoding="utf-8")
    rule: dict[str, Any] = {}
    (script,) = re.findall(r"^```python\n(.*?)^```$", document, flags=re.DOTALL | re.MULTILINE)
    exec(script, rule)
    broker = start_broker()
    other = client(broker.port, "davylamp/#")
    process = agent_process(broker.port)
    other.wait(TOPICS.state, lambda body: body["state"] == "online", timeout=30)
    other.publish(READINGS, bodies(1)[0])
    other.wait(TOPICS.availability("st-1"), lambda body: body["state"] == "online")

    def latest() -> list[Any]:
        """What a consumer that connects now receives."""
        consumer = client(broker.port, TOPICS.state, TOPICS.availability("st-1"))
        topics = (TOPICS.state, TOPICS.availability("st-1"))
        return [consumer.wait(topic).body for topic in topics]

    assert rule["available"](*latest())
    process.stop(signal.SIGKILL)
    other.wait(TOPICS.state, lambda body: body["state"] == "offline")
    state, availability = latest()
    assert availability["state"] == "online"
    assert not rule["available"](state, availability)

    process.start()
    other.wait(TOPICS.state, lambda body: body["state"] == "online", timeout=30)
    state = other.on(TOPICS.state)[-1]
    assert not rule["available"](state, availability), "what the run before has left does not count"
    assert not rule["available"](None, availability)
    assert not rule["available"](state, None)
    other.wait(TOPICS.availability("st-1"), lambda body: body["session"] == state["session"])
    other.publish(READINGS, bodies(2)[1])
    other.wait(TOPICS.score("st-1"), lambda body: body["n"] == 2)
    assert rule["available"](*latest())
