"""What broker and agent write to a card, as the kernel counts it, and what a power cut then costs."""

from __future__ import annotations

import os
import re
import signal
import socket
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from config.settings.broker import Broker
from config.templates.templates import MOSQUITTO
from edge.mqtt.link import Subscription
from edge.mqtt.message import Message
from edge.mqtt.options import Options
from edge.mqtt.reconnecting_link import ReconnectingLink
from tests.agent_process import StartAgentProcess
from tests.doubles import GOOD
from tests.mqtt_client import Connect
from tests.running_broker import RunningBroker, StartBroker

pytestmark = [pytest.mark.broker, pytest.mark.mqtt5]

DAY = 86400.0
QUEUED = 20_000
LARGEST = 800  # [B]: with 20,000 of them, max_queued_bytes is all but reached


def shipped(keyword: str) -> str:
    """Return a value of the shipped mosquitto.conf."""
    found = re.findall(rf"^{keyword} (.*)$", MOSQUITTO.read_text(), flags=re.MULTILINE)
    assert len(found) == 1, keyword
    return str(found[0])


def written(pid: int) -> int:
    """Return how many bytes a process has sent to the disk so far."""
    counts = dict(line.split(": ") for line in Path(f"/proc/{pid}/io").read_text().splitlines())
    return int(counts["write_bytes"]) - int(counts["cancelled_write_bytes"])


def pid_of(broker: RunningBroker) -> int:
    assert broker.process is not None
    return broker.process.pid


def until(condition: Callable[[], object]) -> None:
    deadline = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < deadline, "it did not happen"
        time.sleep(0.005)


def save(broker: RunningBroker) -> int:
    """Let the broker save now, as it does once in autosave_interval; return the bytes that this took."""
    database = broker.folder / "mosquitto.db"
    before, number = written(pid_of(broker)), database.stat().st_ino if database.exists() else 0
    os.kill(pid_of(broker), signal.SIGUSR1)
    until(lambda: database.exists() and database.stat().st_ino != number)
    time.sleep(0.05)
    return written(pid_of(broker)) - before


@pytest.fixture
def broker(start_broker: StartBroker) -> RunningBroker:
    """A broker of this test's own, on a disk."""
    started = start_broker()
    if not save(started):
        pytest.skip("THE SD CARD IS NOT TESTED: the kernel counts no writes here (temporary files are in memory?)")
    return started


def link_to(broker: RunningBroker, received: list[Message] | None = None) -> ReconnectingLink:
    """Return a link with a session that the broker keeps; what comes before it is ready goes into ``received``."""
    options = Options.from_settings(Broker(host="127.0.0.1", port=broker.port), client_id="agent", session_expiry=3600)
    link = ReconnectingLink(options, [Subscription("sensors/+/readings")])
    while not link.became_ready():
        messages = link.poll(0.05)
        link.flush()
        if received is not None:
            received += messages
    return link


def flood(port: int, count: int, size: int) -> None:
    """Publish readings at QoS 1, each with a payload of ``size`` bytes."""
    topic = b"sensors/st-01/readings"
    with socket.create_connection(("127.0.0.1", port), 20) as sock:
        answers = sock.makefile("rb")
        sock.sendall(b"\x10\x0e\0\4MQTT\4\2\0\0\0\2st")
        assert answers.read(4) == b"\x20\2\0\0"
        length = 2 + len(topic) + 2 + size
        assert 128 <= length < 16384  # two bytes, as it is written here
        head = b"\x32" + bytes([length & 0x7F | 0x80, length >> 7]) + len(topic).to_bytes(2, "big") + topic
        for first in range(1, count + 1, 50):
            numbers = range(first, min(first + 50, count + 1))
            readings = (head + number.to_bytes(2, "big") + (b"%08d" % number).ljust(size) for number in numbers)
            sock.sendall(b"".join(readings))
            assert len(answers.read(4 * len(numbers))) == 4 * len(numbers)


@pytest.mark.parametrize("size", [224, LARGEST])
def test_with_20_000_readings_waiting_it_is_less_than_a_gigabyte_a_day(broker: RunningBroker, size: int) -> None:
    link_to(broker).close()
    flood(broker.port, QUEUED, size)
    savings = DAY / float(shipped("autosave_interval"))
    cost = max(save(broker) for _ in range(3))
    assert cost > QUEUED * size  # everything waits, and is written each time
    assert cost * savings < 0.95e9  # the agent, which is away then, or reads, has the rest


def test_idle_broker_and_agent_write_less_than_60_mb_a_day(
    broker: RunningBroker, agent_process: StartAgentProcess, client: Connect
) -> None:
    agent = agent_process(broker.port)
    station = client(broker.port, "davylamp/#")
    station.wait("davylamp/gw1/state", lambda body: body["state"] == "online")
    station.wait("davylamp/gw1/health")
    before = written(agent.process.pid), written(pid_of(broker))
    for _ in range(3):  # health comes every second here, in place of every minute
        station.wait("davylamp/gw1/health")
    assert (written(agent.process.pid), written(pid_of(broker))) == before
    count = 30
    for number in range(count):
        station.publish("sensors/st-01/readings", GOOD | {"seq": number})
        station.wait("davylamp/gw1/st-01/score")
    each = (written(agent.process.pid) - before[0]) / count
    saving = max(save(broker) for _ in range(2))
    assert each > 0
    assert each * DAY / 60 + saving * DAY / float(shipped("autosave_interval")) < 60e6  # a reading a minute


def test_savings_are_not_logged_and_clients_are(start_broker: StartBroker) -> None:
    broker = start_broker()
    save(broker)
    link_to(broker).close()
    save(broker)
    log = (broker.folder / "broker.log").read_text()
    assert "Saving" not in log
    assert "connected" in log


def test_nothing_but_the_interval_makes_the_broker_save(start_broker: StartBroker) -> None:
    """The figures above count one saving an interval; so a change must not make one."""
    broker = start_broker("autosave_interval 2")  # which was 10 changes, if autosave_on_changes were true
    number = (broker.folder / "mosquitto.db").stat().st_ino if (broker.folder / "mosquitto.db").exists() else 0
    link_to(broker).close()
    flood(broker.port, 100, 200)
    database = broker.folder / "mosquitto.db"
    assert (database.stat().st_ino if database.exists() else 0) == number
    until(lambda: database.exists() and database.stat().st_ino != number)


def test_a_power_cut_costs_the_readings_that_nobody_had_taken_since_the_last_saving(start_broker: StartBroker) -> None:
    broker = start_broker()
    link_to(broker).close()
    flood(broker.port, 10, 200)
    save(broker)
    flood(broker.port, 5, 200)
    broker.kill()
    broker.start()
    received: list[Message] = []
    link = link_to(broker, received)
    link.publish("end", b"", qos=1)

    def take() -> bool:
        messages = link.poll(0.05)
        received.extend(messages)
        link.acknowledge(messages)
        link.flush()
        return not link.in_flight and len(received) >= 10

    until(take)
    link.close()
    assert len(received) == 10


def test_a_power_cut_costs_no_reading_that_the_agent_has_taken(
    start_broker: StartBroker, agent_process: StartAgentProcess, client: Connect
) -> None:
    broker = start_broker()
    agent = agent_process(broker.port)
    station = client(broker.port, "davylamp/#")
    station.wait("davylamp/gw1/state", lambda body: body["state"] == "online")
    for number in range(5):
        station.publish("sensors/st-01/readings", GOOD | {"seq": number})
        last = station.wait("davylamp/gw1/st-01/score").body
    broker.kill()  # nothing was saved since it started, and both lose their power
    agent.process.kill()
    agent.process.wait()
    station.close()
    broker.start()
    station = client(broker.port, "davylamp/#")
    agent.start()
    station.wait("davylamp/gw1/state", lambda body: body["state"] == "online")
    station.publish("sensors/st-01/readings", GOOD | {"seq": 5})
    assert station.wait("davylamp/gw1/st-01/score", lambda body: body["seq"] == 5).body["n"] == last["n"] + 1
