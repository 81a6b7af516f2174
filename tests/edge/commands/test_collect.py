"""`davylamp collect` with real agents and brokers: in small packets, with everybody killed in between, from a copy."""

from __future__ import annotations

import csv
import json
import os
import re
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

import pytest

import davylamp
from config.templates.templates import METHANE
from config.yaml.load import load_station
from edge.clock import rfc3339
from edge.mqtt.topics import Topics
from edge.simulation.simulator import simulate_chamber
from tests.agent_process import ROOT, StartAgentProcess
from tests.mqtt_client import Connect, MqttClient
from tests.running_broker import RunningBroker, StartBroker

STATION = load_station(METHANE)
TOPICS = Topics("davylamp/gw1")
START = 1_790_000_000.0
ROWS = simulate_chamber(3000, seed=4).tolist()


def publish(other: MqttClient, numbers: range, station: str = "st-1", ppb: float = 0.0) -> None:
    """Publish readings, one a minute by their stamps, and wait until the last is scored."""
    for i in numbers:
        body: dict[str, Any] = dict(zip(STATION.keys, ROWS[i % 3000], strict=True)) | {"ts": rfc3339(START + 60 * i)}
        body["ch4_ppb"] += ppb
        other.publish(f"sensors/{station}/readings", body)
    last = rfc3339(START + 60 * numbers[-1])
    other.wait(TOPICS.score(station), lambda body: body["ts"] == last, timeout=60)


def rows_of(path: Path) -> list[dict[str, str]]:
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


def arguments(broker: RunningBroker, output: Path, *more: str) -> list[str]:
    where = ["--broker", f"127.0.0.1:{broker.port}", "--base", "davylamp/gw1"]
    return ["collect", *where, "-o", str(output), *more]


def test_what_was_scored_is_collected_with_labels_whatever_is_killed(
    agent_process: StartAgentProcess,
    start_broker: StartBroker,
    client: Connect,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    broker = start_broker("max_packet_size 20000")
    other = client(broker.port, "davylamp/#")
    agent = agent_process(broker.port)
    other.wait(TOPICS.state, lambda body: body["state"] == "online", timeout=30)
    publish(other, range(1200))
    publish(other, range(1200, 1240), ppb=30_000.0)
    opened = other.wait(TOPICS.event("st-1"), lambda body: body["kind"] == "methane", timeout=30).body
    while opened["opened"] < rfc3339(START + 60 * 1200):
        opened = other.wait(TOPICS.event("st-1"), lambda body: body["kind"] == "methane", timeout=30).body
    other.publish(TOPICS.request("alarm/acknowledge"), {"id": opened["id"], "label": "plume", "transaction": 1})
    other.wait(TOPICS.response("alarm/acknowledge"), timeout=30)

    agent.process.kill()  # what is only in memory is in the journal as well
    agent.process.wait()
    agent.start()
    publish(other, range(1240, 1300))

    recent = tmp_path / "recent.csv"
    assert davylamp.main(arguments(broker, recent, "--station", "st-1")) == 0
    said = capsys.readouterr()
    assert said.err == ""
    assert said.out.startswith(f"{recent}: 1,300 readings of st-1, {rfc3339(START)} to ")
    rows = rows_of(recent)
    assert list(rows[0]) == ["time", *STATION.names, "davylamp_verdict", "davylamp_alarms", "davylamp_label"]
    assert [row["time"] for row in rows] == [rfc3339(START + 60 * i) for i in range(1300)]
    expected = [
        [value + 30_000.0 * (1200 <= i < 1240 and j == 0) for j, value in enumerate(ROWS[i])] for i in range(1300)
    ]
    assert [[float(row[name]) for name in STATION.names] for row in rows] == expected
    states = {message.body["ts"]: message.body["state"] for message in other.received if "/score" in message.topic}
    assert [row["davylamp_verdict"] for row in rows] == [states[row["time"]] for row in rows]
    labelled = [i for i, row in enumerate(rows) if "plume" in row["davylamp_label"]]
    assert 1195 < labelled[0] < 1210
    assert all(opened["id"] in rows[i]["davylamp_alarms"] for i in labelled)
    alarms = {row["id"]: row for row in rows_of(tmp_path / "recent.alarms.csv")}
    assert alarms[opened["id"]]["label"] == "plume"
    assert float(alarms[opened["id"]]["peak_level"]) > 25_000
    assert not list(tmp_path.glob("*.part"))

    copy = tmp_path / "copy.db"
    copy.write_bytes((tmp_path / "archive.db").read_bytes())
    assert davylamp.main(["collect", "--file", str(copy), "-o", str(tmp_path / "copied.csv")]) == 0
    assert (tmp_path / "copied.csv").read_text() == recent.read_text()


def test_killed_on_both_sides_it_goes_on_where_it_was(
    agent_process: StartAgentProcess, start_broker: StartBroker, client: Connect, tmp_path: Path
) -> None:
    broker = start_broker("max_packet_size 2500")
    other = client(broker.port, "davylamp/#")
    agent = agent_process(broker.port)
    other.wait(TOPICS.state, lambda body: body["state"] == "online", timeout=30)
    publish(other, range(4200))
    recent = tmp_path / "recent.csv"
    part = tmp_path / "recent.csv.part"
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-m", "davylamp", *arguments(broker, recent, "--station", "st-1")]
    collecting = subprocess.Popen(command, env=environment)
    responses = TOPICS.response("collect/block")
    first = other.wait(responses, lambda body: body["data"]["block"] is not None, timeout=60).body["data"]["block"]
    other.wait(responses, lambda body: body["data"]["block"] not in {None, first}, timeout=60)
    collecting.kill()
    collecting.wait()
    assert part.exists()
    assert not recent.exists()
    agent.process.kill()
    agent.process.wait()
    again = subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True)
    time.sleep(1)  # it asks, and nobody answers
    agent.start()
    said, _ = again.communicate(timeout=100)
    assert again.returncode == 0
    before = re.match(r"st-1: going on with ([\d,]+) readings that were fetched before\n", said)
    assert before is not None
    assert before[1] in {"1,024", "2,048", "3,072"}  # the kill may have come late
    assert [row["time"] for row in rows_of(recent)] == [rfc3339(START + 60 * i) for i in range(4200)]
    assert not part.exists()
    asked = [json.loads(each.payload) for each in other.received if each.topic == responses]
    assert max(len(json.dumps(each)) for each in asked) < 2500


def test_many_stations_go_into_a_folder_and_one_that_fails_is_named(
    agent_process: StartAgentProcess,
    broker: RunningBroker,
    client: Connect,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    other = client(broker.port, "davylamp/#")
    agent_process(broker.port)
    other.wait(TOPICS.state, lambda body: body["state"] == "online", timeout=30)
    for station, count in (("st-1", 30), ("st-2", 40), ("st-3", 50)):
        publish(other, range(count), station)
    folder = tmp_path / "all"
    assert davylamp.main(arguments(broker, folder)) == 1
    assert capsys.readouterr().err == (
        "got no --station, expected some of st-1, st-2, st-3; fix: name them, or add --all\n"
    )
    assert davylamp.main(arguments(broker, folder, "--all")) == 0
    assert [len(rows_of(folder / f"st-{i}.csv")) for i in (1, 2, 3)] == [30, 40, 50]
    capsys.readouterr()
    assert davylamp.main(arguments(broker, tmp_path / "two", "--station", "st-2", "--station", "st-9")) == 1
    assert len(rows_of(tmp_path / "two" / "st-2.csv")) == 40
    said = capsys.readouterr().err.splitlines()
    assert said == [
        'st-9: got the station "st-9", expected one of those that have sent: st-1, st-2, st-3',
        "1 of 2 stations collected",
    ]


def test_two_hundred_readings_a_second_are_scored_once_each_while_others_are_collected(
    agent_process: StartAgentProcess, start_broker: StartBroker, client: Connect, tmp_path: Path
) -> None:
    broker = start_broker("max_packet_size 20000")
    other = client(broker.port, TOPICS.state, TOPICS.score("+"))
    agent_process(broker.port)
    other.wait(TOPICS.state, lambda body: body["state"] == "online", timeout=30)
    publish(other, range(1100))
    count = 800

    def send() -> None:
        begun = time.monotonic()
        for i in range(1100, 1100 + count):
            body = dict(zip(STATION.keys, ROWS[i % 3000], strict=True)) | {"ts": rfc3339(START + 60 * i)}
            other.publish("sensors/st-1/readings", body)
            time.sleep(max(0.0, begun + (i - 1099) / 200 - time.monotonic()))

    sender = threading.Thread(target=send)
    sender.start()
    collected = 0
    while sender.is_alive():
        assert davylamp.main(arguments(broker, tmp_path / "recent.csv", "--station", "st-1")) == 0
        times = [row["time"] for row in rows_of(tmp_path / "recent.csv")]
        assert times == [rfc3339(START + 60 * i) for i in range(len(times))]
        assert len(times) >= max(1100, collected)
        collected = len(times)
    last = rfc3339(START + 60 * (1100 + count - 1))
    other.wait(TOPICS.score("st-1"), lambda body: body["ts"] == last, timeout=60)
    scored = [json.loads(each.payload)["n"] for each in other.received if each.topic == TOPICS.score("st-1")]
    assert scored == list(range(1, 1101 + count))
    assert davylamp.main(arguments(broker, tmp_path / "recent.csv", "--station", "st-1")) == 0
    assert len(rows_of(tmp_path / "recent.csv")) == 1100 + count


@pytest.mark.parametrize(
    ("content", "reason"), [(None, "there is no such file"), (b"nope" * 999, "file is not a database")]
)
def test_a_file_that_is_no_archive_is_refused_in_a_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], content: bytes | None, reason: str
) -> None:
    file = tmp_path / "archive.db"
    if content is not None:
        file.write_bytes(content)
    assert davylamp.main(["collect", "--file", str(file), "-o", str(tmp_path / "recent.csv")]) == 1
    said = capsys.readouterr().err
    assert reason in said
    assert said.count("\n") == 1


def test_a_gateway_that_keeps_no_archive_is_named_and_the_others_are_collected(
    agent_process: StartAgentProcess,
    broker: RunningBroker,
    client: Connect,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    other = client(broker.port, "davylamp/#")
    agent_process(broker.port)
    other.wait(TOPICS.state, lambda body: body["state"] == "online", timeout=30)
    publish(other, range(20))
    older = Topics("davylamp/gw0")

    def answer() -> None:
        asked = other.wait(older.request("collect/stations"), timeout=30).body
        refusal = {"status": "error", "data": None, "error": "unknown request 'collect/stations', expected one of info"}
        other.publish(older.response("collect/stations"), refusal | {"transaction": asked["transaction"]})

    other.publish(older.state, {"state": "online"}, qos=1, retain=True)
    command = ["collect", "--broker", f"127.0.0.1:{broker.port}", "-o"]
    for output, more, code in (("all", ["--all"], 1), ("st-1.csv", ["--station", "st-1"], 0)):
        answering = threading.Thread(target=answer)
        answering.start()
        assert davylamp.main([*command, str(tmp_path / output), *more]) == code
        answering.join()
        said = capsys.readouterr().err
        assert "davylamp/gw0: unknown request 'collect/stations', expected one of info" in said
        assert "fix: its davylamp is older; upgrade it" in said
    assert len(rows_of(tmp_path / "all" / "st-1.csv")) == len(rows_of(tmp_path / "st-1.csv")) == 20
    other.publish(older.state, b"", qos=1, retain=True)
