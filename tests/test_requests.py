"""Every example of a request, in the help and in the documents, is one that tests/docs sends to a running agent."""

from __future__ import annotations

import json
import re
import shlex
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import davylamp
from config.templates.templates import METHANE
from config.yaml.load import load_station
from edge.agent.request_verbs import REQUEST_VERBS
from edge.agent.schemas import MESSAGES, message_schema
from edge.clock import rfc3339
from edge.mqtt.topics import Topics
from edge.simulation.simulator import simulate_chamber
from tests.agent_process import StartAgentProcess
from tests.docs.command_blocks import command_blocks
from tests.mqtt_client import Connect, MqttClient
from tests.running_broker import RunningBroker
from tests.test_docs import DOCUMENTS, commands

STATION = load_station(METHANE)
TOPICS = Topics("davylamp/gw1")
SENT_BY_PROGRAMS = {"model/offer", "model/chunk"}
"""Verbs that only programs send; `davylamp push` does, and is tested."""
AFTER_A_PUSH = {"model/activate", "model/rollback"}
"""Verbs that are refused unless a bundle was pushed; the test of `davylamp push` carries them out."""
PAGE = Path(__file__).parents[1] / "docs" / "requests.md"


def let_a_station_leak(other: MqttClient, station: str = "st-1") -> dict[str, Any]:
    """Publish calm readings, then a leak; return the event that opens its alarm."""
    rows = simulate_chamber(3000, seed=4)
    for i, row in enumerate(rows[rows[:, 0] < 2600][:70].tolist()):
        body = dict(zip(STATION.keys, row, strict=True)) | {"ts": rfc3339(1_790_000_000.0 + 60 * i)}
        body["ch4_ppb"] += 20_000.0 if i >= 60 else 0.0
        other.publish(f"sensors/{station}/readings", body)
    opened: dict[str, Any] = other.wait(TOPICS.event(station), lambda body: body["kind"] == "methane", timeout=30).body
    other.wait(TOPICS.score(station), lambda body: body["n"] == 70, timeout=30)
    return opened


def shown() -> Iterator[tuple[str, ...]]:
    """Yield the words of every request in the documents; those with a placeholder stand for others."""
    for document in DOCUMENTS:
        for words in commands(document):
            if words[0] == "request" and not re.search(r"\b[A-Z]{3,}\b|\.\.\.", " ".join(words)):
                yield tuple(words)


def carried_out() -> Iterator[tuple[str, ...]]:
    """Yield the words of every request in the blocks that tests/docs sends to a running agent."""
    for block in command_blocks():
        for line in block.text.splitlines():
            if block.mark is None and line.startswith("davylamp request "):
                yield tuple(shlex.split(line, comments=True)[1:])


def test_each_example_in_help_and_documents_is_one_that_an_agent_carries_out() -> None:
    helped = {tuple(shlex.split(each)[1:]) for verb in REQUEST_VERBS.values() for each in verb.examples}
    examples = helped | set(shown())
    assert {words[1] for words in examples} == REQUEST_VERBS.keys() - SENT_BY_PROGRAMS
    assert {words for words in examples if words[1] not in AFTER_A_PUSH} - set(carried_out()) == set()


@pytest.mark.mqtt5
def test_the_documented_command_of_mosquitto_is_answered(
    agent_process: StartAgentProcess, broker: RunningBroker, client: Connect
) -> None:
    (command,) = re.findall(r"`(mosquitto_rr .*?)`", PAGE.read_text(encoding="utf-8"), flags=re.DOTALL)
    program, *words = shlex.split(command)
    if shutil.which(program) is None:
        pytest.skip("mosquitto_rr IS NOT TESTED: it is not on PATH (apt install mosquitto-clients)")
    other = client(broker.port, TOPICS.state)
    agent_process(broker.port)
    other.wait(TOPICS.state, lambda body: body["state"] == "online", timeout=30)
    done = subprocess.run(
        [program, "-p", str(broker.port), "-W", "20", *words], capture_output=True, text=True, timeout=30, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert json.loads(done.stdout)["data"]["gateway"] == "gw1"


def test_the_help_has_a_sentence_and_the_examples_of_every_verb(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        davylamp.main(["help", "request"])
    helped = capsys.readouterr().out
    for name, verb in REQUEST_VERBS.items():
        assert f"\n{name}: {verb.sentence}\n" in helped
        assert all(f"\n  {example}\n" in helped for example in verb.examples)


@pytest.mark.parametrize("verb", REQUEST_VERBS)
def test_the_page_of_a_verb_has_each_of_its_fields_and_no_other(verb: str) -> None:
    text = PAGE.read_text(encoding="utf-8")
    (section,) = re.findall(rf"^## `{verb}`\n(.*?)(?=^## |\Z)", text, flags=re.DOTALL | re.MULTILINE)
    fields = re.findall(r"^\| `([\w.]+)` \|", section, flags=re.MULTILINE)
    schema = message_schema(f"request/{verb}")
    inner = schema.get("$defs", {}).get("SamplingConditions", {"properties": {}})
    expected = {*schema["properties"], *(f"from.{key}" for key in inner["properties"])} - {"transaction", "from"}
    assert set(fields) == expected
    assert f"request/{verb}" in MESSAGES
    assert all(example in section for example in REQUEST_VERBS[verb].examples)
