"""The flow for Node-RED in docs/clients is imported into a real one, shows what happens, and sends requests."""

from __future__ import annotations

import json
import subprocess
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.clients.conftest import MODULES, ROOT, TOPICS, RunningGateway

FLOW = ROOT / "docs" / "clients" / "node-red-flow.json"
SETTINGS = "module.exports = {uiHost: '127.0.0.1', diagnostics: {enabled: false}, telemetry: {enabled: false}};\n"

pytestmark = [pytest.mark.broker, pytest.mark.mqtt5]


class NodeRed:
    """A Node-RED without a flow, and its admin API."""

    def __init__(self, node: str, folder: Path, port: int) -> None:
        self._url = f"http://127.0.0.1:{port}"
        self._log = folder / "node-red.log"
        (folder / "settings.js").write_text(SETTINGS)
        script = MODULES / "node-red" / "red.js"
        command = [node, str(script), "--userDir", str(folder), "--port", str(port), "-s", str(folder / "settings.js")]
        with self._log.open("wb") as log:
            self.process = subprocess.Popen(command, stdout=log, stderr=log)
        self.until(lambda: self.get("/flows") is not None, "an admin API")

    @property
    def log(self) -> str:
        return self._log.read_text(errors="replace")

    def get(self, path: str) -> Any:
        """Return the body of an answer; ``None``: there is none."""
        try:
            with urllib.request.urlopen(self._url + path, timeout=5) as answer:
                return json.load(answer)
        except OSError:
            return None

    def post(self, path: str, body: Any) -> None:
        headers = {"Content-Type": "application/json"}
        request = urllib.request.Request(self._url + path, json.dumps(body).encode(), headers)
        urllib.request.urlopen(request, timeout=10).close()

    def kept(self, name: str) -> Any:
        """Return what the flow keeps under a name."""
        kept = self.get(f"/context/flow/davylamp/{name}") or {}
        return json.loads(kept["msg"]) if kept.get("format", "").lower() == "object" else None

    def until(self, condition: Callable[[], bool], what: str) -> None:
        deadline = time.monotonic() + 60
        while not condition():
            assert time.monotonic() < deadline, f"no {what}:\n{self.log}"
            assert self.process.poll() is None, self.log
            time.sleep(0.1)


@pytest.fixture
def node_red(node: str, tmp_path: Path, free_port: int) -> Iterator[NodeRed]:
    folder = tmp_path / "node-red"
    folder.mkdir()
    node_red = NodeRed(node, folder, free_port)
    yield node_red
    node_red.process.terminate()
    node_red.process.wait(20)


def test_the_flow_shows_alarms_and_availability_and_its_requests_are_answered(
    node_red: NodeRed, leaking_gateway: RunningGateway
) -> None:
    flow = json.loads(FLOW.read_text())
    (broker,) = [each for each in flow if each["type"] == "mqtt-broker"]
    assert (broker["broker"], broker["port"], broker["protocolVersion"]) == ("localhost", "1883", "5")
    broker |= {"broker": "127.0.0.1", "port": str(leaking_gateway.port)}
    node_red.post("/flows", flow)

    node_red.until(lambda: node_red.kept("available") == {"gw1/st-1": True}, "available station")
    node_red.until(lambda: bool(node_red.kept("standing")), "standing alarm")
    injections = {each["id"]: each["topic"] for each in flow if each["type"] == "inject"}
    assert set(injections.values()) == {"alarm/acknowledge", "alarm/shelve", "rate/set", "synthesize"}
    for each in injections:
        node_red.post(f"/inject/{each}", {})
    node_red.until(lambda: (node_red.kept("answers") or {}).keys() == set(injections.values()), "answers")

    answers = node_red.kept("answers")
    assert {verb: answer["error"] for verb, answer in answers.items()} == dict.fromkeys(injections.values())
    assert len(answers["synthesize"]["data"]["rows"]) == 3
    assert answers["rate/set"]["data"]["exceedances_per_1000"] == 5
    event = TOPICS.event("st-1")
    seen = leaking_gateway.other.wait(event, lambda body: body["comment"] == "acknowledged in Node-RED").body
    assert seen["label"] is None, "whoever has seen an alarm need not know what it was"
    leaking_gateway.other.wait(event, lambda body: body["shelved_until"] is not None)

    for topic in TOPICS.retained_of("st-1"):  # as `davylamp clear` does
        leaking_gateway.other.publish(topic, b"", retain=True)
    node_red.until(lambda: node_red.kept("available") == {}, "end of the station")
    node_red.until(lambda: node_red.kept("standing") == {}, "end of its alarms")
    assert "[error]" not in node_red.log
    assert "[warn]" not in node_red.log.partition("Started flows")[2]
