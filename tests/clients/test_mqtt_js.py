"""The script for MQTT.js in docs/clients sends requests and prints their answers."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.clients.conftest import MODULES, ROOT, TOPICS, RunningGateway

SCRIPT = ROOT / "docs" / "clients" / "request.mjs"

pytestmark = [pytest.mark.broker, pytest.mark.mqtt5]


def sent(node: str, folder: Path, port: int, *words: str) -> subprocess.CompletedProcess[str]:
    script = folder / SCRIPT.name
    if not script.exists():
        shutil.copy(SCRIPT, script)
        (folder / "node_modules").symlink_to(MODULES)
    environment = os.environ | {"DAVYLAMP_BROKER": f"mqtt://127.0.0.1:{port}"}
    command = [node, str(script), *words]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, env=environment, check=False)


def test_requests_of_every_kind_are_answered(node: str, leaking_gateway: RunningGateway, tmp_path: Path) -> None:
    port, other = leaking_gateway
    rows = sent(node, tmp_path, port, TOPICS.base, "synthesize", '{"n": 1200, "seed": 7}')
    assert (rows.returncode, rows.stderr) == (0, "")
    assert len(json.loads(rows.stdout)["data"]["rows"]) == 1200, "its parts are put together"
    table = sent(node, tmp_path, port, TOPICS.base, "synthesize", '{"n": 600, "seed": 7, "format": "csv"}')
    assert json.loads(table.stdout)["data"]["rows"].count("\n") == 601

    body = '{"station": "st-1", "kind": "methane", "label": "plume"}'
    assert sent(node, tmp_path, port, TOPICS.base, "alarm/acknowledge", body).returncode == 0
    other.wait(TOPICS.event("st-1"), lambda event: event["acknowledged"] and event["label"] == "plume")

    refused = sent(node, tmp_path, port, TOPICS.base, "synthesize", '{"regime": "plume"}')
    assert refused.returncode == 1
    assert json.loads(refused.stdout)["error"].startswith("regime: unknown field, expected one of transaction, ")


IMPORTED = """
import mqtt from "mqtt";
import { request } from "./request.mjs";
const client = await mqtt.connectAsync(process.env.DAVYLAMP_BROKER, { protocolVersion: 5 });
const answered = [];
for (let transaction = 0; transaction < 20; transaction++)
    answered.push((await request(client, "davylamp/gw1", "info", { transaction })).transaction);
console.log(JSON.stringify([answered, client.listenerCount("message")]));
await client.endAsync();
"""


def test_the_function_is_of_use_to_another_program(node: str, leaking_gateway: RunningGateway, tmp_path: Path) -> None:
    shutil.copy(SCRIPT, tmp_path)
    (tmp_path / "node_modules").symlink_to(MODULES)
    (tmp_path / "other.mjs").write_text(IMPORTED)
    done = subprocess.run(
        [node, "other.mjs"], cwd=tmp_path, capture_output=True, text=True, timeout=60, check=False,
        env=os.environ | {"DAVYLAMP_BROKER": f"mqtt://127.0.0.1:{leaking_gateway.port}"},
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (0, "")
    assert json.loads(done.stdout) == [list(range(20)), 0], "it leaves no listener behind"


def test_a_broker_that_is_not_there_is_one_line(node: str, free_port: int, tmp_path: Path) -> None:
    done = sent(node, tmp_path, free_port, TOPICS.base, "info")
    assert (done.returncode, len(done.stderr.splitlines())) == (1, 1), done.stderr
    assert str(free_port) in done.stderr
    assert sent(node, tmp_path, free_port).returncode == 2
