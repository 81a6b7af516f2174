from __future__ import annotations

import io
import signal
import subprocess
import sys
import time
from typing import Any

import numpy as np
import pytest

from config.errors import ConfigError
from config.settings.broker import Broker
from edge.clock import parse_time
from edge.commands.simulate import simulate
from edge.simulation.board import CHANNELS
from edge.simulation.field import field_blocks
from edge.simulation.simulator import chamber_blocks
from edge.stop import Stop
from tests.mqtt_client import Connect
from tests.running_broker import RunningBroker

ANY = Broker(host="127.0.0.1", port=1)


def settings(broker: RunningBroker) -> Broker:
    return Broker(host=broker.host, port=broker.port, protocol="3.1.1")  # the embedded one knows no other


def run(station: str, broker: Broker, **options: Any) -> tuple[int, str]:
    out = io.StringIO()
    options.setdefault("interval", 0.0)
    code = simulate(station, broker, stop=Stop(), out=out, **options)
    return code, out.getvalue()


def values(bodies: list[dict[str, Any]]) -> np.ndarray:
    return np.array([[body[key] for key in CHANNELS] for body in bodies], dtype=float)


@pytest.mark.broker
def test_the_chamber_is_published_row_by_row_with_time_and_count(broker: RunningBroker, client: Connect) -> None:
    topic = "sensors/sim-chamber/readings"
    listener, before = client(broker.port, topic), time.time()
    code, printed = run("sim-chamber", settings(broker), rows=300, seed=4, board=3)
    listener.wait(topic, lambda body: body["seq"] == 299)
    bodies = listener.on(topic)
    assert (code, len(bodies)) == (0, 300)
    np.testing.assert_array_equal(values(bodies), next(chamber_blocks(seed=4, board=3))[:300])
    assert [body["seq"] for body in bodies] == list(range(300))
    assert before - 0.001 <= parse_time(bodies[0]["ts"]) <= parse_time(bodies[-1]["ts"]) <= time.time() + 0.001
    assert {(message.qos, message.retain) for message in listener.received} == {(1, False)}
    assert "300 readings published" in printed


@pytest.mark.broker
def test_the_field_is_published_and_called_illustrative(broker: RunningBroker, client: Connect) -> None:
    topic = "sensors/sim-field/raw"
    listener = client(broker.port, topic)
    _, printed = run("sim-field", settings(broker), mode="field", rows=50, seed=2, topic="sensors/{station}/raw")
    listener.wait(topic, lambda body: body["seq"] == 49)
    np.testing.assert_array_equal(values(listener.on(topic)), next(field_blocks(seed=2))[:50])
    assert "ILLUSTRATIVE" in printed


@pytest.mark.broker
def test_an_injection_is_sent_on_its_rows_and_printed(broker: RunningBroker, client: Connect) -> None:
    topic = "sensors/sim-injected/readings"
    listener = client(broker.port, topic)
    asked = ["leak@50:30:4000", "stuck@100:20:rmq4_ohm", "dropout@130:5", "dropout@140:3:r2602_ohm", "duplicate@10:2"]
    code, printed = run("sim-injected", settings(broker), rows=200, seed=1, injections=asked)
    listener.wait(topic, lambda body: body["seq"] == 199)
    bodies = listener.on(topic)
    assert (code, len(bodies)) == (0, 200 - 5 + 2)
    assert [body["seq"] for body in bodies] == [*range(10), 10, 10, 11, 11, *range(12, 130), *range(135, 200)]
    assert listener.received[10].payload == listener.received[11].payload
    assert listener.received[12].payload == listener.received[13].payload
    clean = next(chamber_blocks(seed=1))
    by_row = {body["seq"]: body for body in bodies}
    changed = {row for row, body in by_row.items() if [body[key] for key in CHANNELS] != clean[row].tolist()}
    assert changed == {*range(50, 80), *range(100, 120), 140, 141, 142}
    assert max(by_row[row]["ch4_ppb"] - clean[row, 0] for row in range(50, 80)) == pytest.approx(4000)
    assert {by_row[row]["rmq4_ohm"] for row in range(99, 120)} == {clean[99, 8]}
    assert [by_row[row]["r2602_ohm"] for row in (140, 141, 142)] == [None] * 3
    lines = [line.partition(" row ")[2] for line in printed.splitlines() if " row " in line]
    assert lines == [
        "10: readings sent twice, rows 10-11",
        "50: leak of 4000 ppb, rows 50-79",
        "100: rmq4_ohm stuck, rows 100-119",
        "135: whole readings missing, rows 130-134",
        "140: r2602_ohm missing, rows 140-142",
    ]


@pytest.mark.broker
def test_the_interval_is_kept_on_the_average(broker: RunningBroker) -> None:
    start = time.monotonic()
    run("sim-interval", settings(broker), rows=21, interval=0.02)
    assert time.monotonic() - start >= 0.4


@pytest.mark.broker
def test_it_goes_on_until_it_is_interrupted_and_then_stops_cleanly(broker: RunningBroker, client: Connect) -> None:
    topic = "sensors/sim-endless/readings"
    listener = client(broker.port, topic)
    code = (
        "import sys\nfrom config.settings.broker import Broker\nfrom edge.commands.simulate import simulate\n"
        "from edge.stop import Stop\n"
        f"broker = Broker(host='127.0.0.1', port={broker.port}, protocol='3.1.1')\n"
        "with Stop() as stop: simulate('sim-endless', broker, stop=stop, out=sys.stdout, interval=0.01)"
    )
    process = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    listener.wait(topic, lambda body: body["seq"] == 5)
    process.send_signal(signal.SIGINT)
    printed, errors = process.communicate(timeout=10)
    assert (process.returncode, errors) == (0, "")
    count = int(printed.splitlines()[-1].split()[1])
    if count > 6:
        listener.wait(topic, lambda body: body["seq"] == count - 1)
    assert [body["seq"] for body in listener.on(topic)] == list(range(count))


def test_every_wrong_injection_is_reported_before_anything_is_sent() -> None:
    with pytest.raises(ConfigError) as refusal:
        run("st-1", ANY, rows=100, injections=["leek@1:2:3", "leak@1:x:4000", "stuck@90:20:rmq4_ohm", "leak@1:2:3"])
    problems = refusal.value.problems
    assert len(problems) == 3
    assert "leek" in problems[0]
    assert "ROWS: got 'x'" in problems[1]
    assert problems[2].endswith("ends at row 109, expected it to end within the 100 rows")


def test_a_station_that_cannot_be_a_topic_level_is_refused() -> None:
    with pytest.raises(ConfigError, match="station: got the station 'a/b'"):
        simulate("a/b", ANY, stop=Stop(), out=io.StringIO())


@pytest.mark.parametrize("interval", [-1.0, float("nan"), float("inf")])
def test_an_interval_that_is_no_time_is_refused(interval: float) -> None:
    with pytest.raises(ConfigError, match=r"interval: got .*, expected seconds"):
        run("st-1", ANY, interval=interval)
