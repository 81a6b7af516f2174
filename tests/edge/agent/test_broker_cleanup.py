"""An agent that is gone leaves nothing at the broker, once it is cleared."""

from __future__ import annotations

import io
import os
import signal
import sqlite3
import time
from pathlib import Path

import paho.mqtt.client as mqtt
import pytest
from paho.mqtt.enums import CallbackAPIVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

import davylamp
from config.settings.gateway import Gateway
from config.yaml.load import load_gateway
from edge.agent.broker_cleanup import BrokerCleanup
from edge.errors import BrokerError, JournalError
from edge.journal.lock import take_lock
from edge.mqtt.topics import Topics
from tests.mqtt_client import Connect
from tests.running_broker import RunningBroker, StartBroker

pytestmark = [pytest.mark.broker, pytest.mark.mqtt5]


def gateway(folder: Path, port: int, settings: str = "") -> Gateway:
    path = folder / "gateway.yaml"
    path.write_text(
        f"gateway: gone\nbroker: {{host: 127.0.0.1, port: {port}}}\njournal: {{path: {folder}/journal.db}}\n"
        f"stations: [{{bundle: one.davy}}]\n{settings}"
    )
    return load_gateway(path)


def retain(port: int, *topics: str) -> None:
    client = mqtt.Client(CallbackAPIVersion.VERSION2)
    client.connect("127.0.0.1", port)
    client.loop_start()
    for topic in topics:
        client.publish(topic, b'{"state": "stopped"}', qos=1, retain=True).wait_for_publish(10)
    client.disconnect()
    client.loop_stop()


def session_present(port: int, client_id: str, expiry: int) -> bool:
    """Connect as the agent does, and return whether the broker had a session."""
    client = mqtt.Client(CallbackAPIVersion.VERSION2, client_id=client_id, protocol=mqtt.MQTTv5)
    properties = Properties(PacketTypes.CONNECT)  # type: ignore[no-untyped-call]
    properties.SessionExpiryInterval = expiry
    answers: list[bool] = []
    client.on_connect = lambda c, u, flags, code, p: answers.append(flags.session_present)
    client.connect("127.0.0.1", port, clean_start=False, properties=properties)
    client.loop_start()
    deadline = time.monotonic() + 10
    while not answers and time.monotonic() < deadline:
        time.sleep(0.01)
    client.disconnect()
    client.loop_stop()
    return answers[0]


def retained(client: Connect, port: int, wanted: str) -> list[str]:
    listener = client(port, wanted, "cleanup-end")
    retain(port, "cleanup-end")
    deadline = time.monotonic() + 10
    while all(m.topic != "cleanup-end" for m in listener.received) and time.monotonic() < deadline:
        time.sleep(0.01)
    return sorted(m.topic for m in listener.received if m.retain and m.payload and m.topic != "cleanup-end")


@pytest.fixture(autouse=True)
def _soon(monkeypatch: pytest.MonkeyPatch) -> None:
    """A broker on this machine needs less time to say what it retains."""
    monkeypatch.setattr("edge.agent.broker_cleanup._QUIET", 0.5)


@pytest.fixture
def port(broker: RunningBroker) -> int:
    return broker.port


def test_retained_topics_and_the_session_are_removed(tmp_path: Path, port: int, client: Connect) -> None:
    topics = Topics("davylamp/gone")
    ours = [topics.state, topics.info, *topics.retained_of("st-1")]
    others = ["davylamp/gone-not/state", "davylamp/gone/st-1/note"]
    retain(port, *ours, *others)
    assert not session_present(port, "davylamp-gone", 600)
    assert session_present(port, "davylamp-gone", 600)
    out = io.StringIO()
    BrokerCleanup(gateway(tmp_path, port)).run(out)
    assert retained(client, port, "davylamp/gone/#") == ["davylamp/gone/st-1/note"], "somebody else's stays"
    assert retained(client, port, "davylamp/gone-not/#") == ["davylamp/gone-not/state"]
    assert not session_present(port, "davylamp-gone", 0)
    assert [line.split(": ")[0] for line in out.getvalue().splitlines()[:-1]] == sorted(ours)


def test_home_assistants_devices_are_removed_first_and_others_stay(tmp_path: Path, port: int, client: Connect) -> None:
    ours = ["homeassistant/device/davylamp_gone/config", "homeassistant/device/davylamp_gone_st-1/config"]
    others = ["homeassistant/device/davylamp_gone-not/config", "homeassistant/device/lamp/config"]
    retain(port, "davylamp/gone/state", *ours, *others)
    listener = client(port, "davylamp/gone/#", "homeassistant/#")
    out = io.StringIO()
    BrokerCleanup(gateway(tmp_path, port)).run(out)
    assert retained(client, port, "homeassistant/#") == sorted(others)
    ended = [message.topic for message in listener.received if not message.payload]
    assert set(ended[:2]) == set(ours), "before the topics that they read"
    assert [line.split(": ")[0] for line in out.getvalue().splitlines()[:-1]] == ["davylamp/gone/state", *ours]


def test_topics_that_only_the_journal_knows_are_cleared_where_we_may_not_read(
    tmp_path: Path, start_broker: StartBroker, client: Connect
) -> None:
    rules = tmp_path / "acl"
    rules.write_text("topic write davylamp/gone/#\ntopic readwrite cleanup-end\n")
    for path in (rules, tmp_path, *tmp_path.parents[:2]):  # the last two are pytest's
        path.chmod(0o755)  # Mosquitto is another user
    broker = start_broker(f"acl_file {rules}")
    with sqlite3.connect(tmp_path / "journal.db") as db:
        db.execute("create table retained (topic text primary key)")
        db.execute("insert into retained values ('davylamp/gone/st-9/alarm')")
    db.close()
    retain(broker.port, "davylamp/gone/st-9/alarm", "davylamp/gone/state")
    BrokerCleanup(gateway(tmp_path, broker.port)).run(io.StringIO())
    rules.write_text("topic readwrite #\n")
    assert broker.process is not None
    broker.process.send_signal(signal.SIGHUP)  # it reads the rules again
    time.sleep(0.2)
    assert retained(client, broker.port, "davylamp/gone/#") == []


def test_an_agent_that_runs_is_left_alone(tmp_path: Path, port: int, client: Connect) -> None:
    (tmp_path / "journal.db").touch()
    lock = take_lock(tmp_path / "journal.db")
    retain(port, "davylamp/gone/state")
    with pytest.raises(JournalError, match="another agent has this journal"):
        BrokerCleanup(gateway(tmp_path, port)).run(io.StringIO())
    os.close(lock)
    assert retained(client, port, "davylamp/gone/state") == ["davylamp/gone/state"]


def test_a_broker_that_is_gone_is_an_error(tmp_path: Path, free_port: int) -> None:
    with pytest.raises(BrokerError, match=f"127.0.0.1:{free_port}: "):
        BrokerCleanup(gateway(tmp_path, free_port)).run(io.StringIO())


def test_the_verb_clears_and_says_what(
    tmp_path: Path, port: int, client: Connect, capsys: pytest.CaptureFixture[str]
) -> None:
    gateway(tmp_path, port)
    retain(port, "davylamp/gone/info")
    assert davylamp.main(["clear", "-c", str(tmp_path / "gateway.yaml")]) == 0
    assert "davylamp/gone/info: no longer retained\n" in capsys.readouterr().out
    assert retained(client, port, "davylamp/gone/info") == []


@pytest.mark.skipif(Path("/run/systemd/system").is_dir(), reason="systemd runs here")
def test_the_verb_needs_systemd_to_run_as_the_service(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert davylamp.main(["clear", "--as-service", "-c", str(tmp_path / "gateway.yaml")]) == 1
    assert "systemd does not run here" in capsys.readouterr().err
