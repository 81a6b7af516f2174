"""`davylamp keygen` and `davylamp push`, with a real broker and a real agent."""

from __future__ import annotations

import json
import signal
import stat
import threading
from pathlib import Path

import pytest

import davylamp
from config.templates.templates import METHANE
from config.yaml.load import load_gateway, load_station
from edge.bundles.bundle import Bundle
from edge.clock import rfc3339
from edge.mqtt.topics import Topics
from edge.rollout.signing_key import SigningKey
from edge.simulation.simulator import simulate_chamber
from tests.agent_process import AgentProcess, StartAgentProcess
from tests.bundle_variants import later
from tests.mqtt_client import Connect, MqttClient
from tests.running_broker import StartBroker

STATION = load_station(METHANE)
ROWS = [row for row in simulate_chamber(3000, seed=4).tolist() if row[0] < 2600]
TOPICS = Topics("davylamp/gw1")


def test_keygen_writes_a_key_that_only_its_owner_reads_and_prints_what_the_gateway_needs(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "my.key"
    assert davylamp.main(["keygen", str(path)]) == 0
    printed = capsys.readouterr().out
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    key = SigningKey.read(path)
    assert f"trusted_keys: {{laptop: {key.public}}}" in printed
    assert path.read_text().split()[-1] not in printed
    assert davylamp.main(["keygen", str(path)]) == 1
    assert "may be a key that is trusted" in capsys.readouterr().err
    assert davylamp.main(["keygen", str(path), "--show", "--name", "pc"]) == 0
    assert f"{{pc: {key.public}}}" in capsys.readouterr().out
    for name in ("on", "Anna: laptop", "007"):
        assert davylamp.main(["keygen", str(path), "--show", "--name", name]) == 0
        (tmp_path / "gateway.yaml").write_text(capsys.readouterr().out)
        assert load_gateway(tmp_path / "gateway.yaml").rollout.trusted_keys == {name: key.public}
    assert davylamp.main(["keygen", str(path), "--show", "--name", ""]) == 1
    assert "expected what the gateway is to call the key" in capsys.readouterr().err
    path.chmod(0o644)
    assert davylamp.main(["push", "x.davy", "--station", "st-1", "--key", str(path)]) == 1
    assert "chmod 600" in capsys.readouterr().err


class Field:
    """A broker that takes small packets only, an agent, and a station that sends."""

    def __init__(self, agent: AgentProcess, port: int, client: MqttClient, key: Path) -> None:
        self.agent = agent
        self.client = client
        self.key = key
        self._where = ["--broker", f"127.0.0.1:{port}", "--base", TOPICS.base]
        self._sent = 0

    def send(self, count: int) -> None:
        for _ in range(count):
            self._sent += 1
            body = dict(zip(STATION.keys, ROWS[self._sent], strict=True))
            stamp = {"ts": rfc3339(1_790_000_000.0 + 60 * self._sent), "seq": self._sent}
            self.client.publish("sensors/st-1/readings", body | stamp)
        self.client.wait(TOPICS.score("st-1"), lambda body: body["seq"] == self._sent, timeout=30)

    def reload(self, before: str, after: str, key: str | None = None) -> None:
        """Reload other settings, and send a reading."""
        settings = self.agent.config.read_text().replace(before, after)
        if key is not None:
            settings = settings.replace(SigningKey.read(self.key).public, key)
        self.agent.config.write_text(settings)
        self.agent.process.send_signal(signal.SIGHUP)
        self.client.wait(TOPICS.state, lambda body: body["state"] == "stopped", timeout=30)
        self.send(1)

    def push(self, file: Path, *options: str) -> int:
        key = [] if "--key" in options else ["--key", str(self.key)]
        return davylamp.main(["push", str(file), *key, *options, *self._where])

    def request(self, *words: str) -> int:
        return davylamp.main(["request", *self._where, *words])


@pytest.fixture
def field(start_broker: StartBroker, agent_process: StartAgentProcess, client: Connect, tmp_path: Path) -> Field:
    port = start_broker("max_packet_size 20000").port
    key = tmp_path / "laptop.key"
    public = SigningKey.write_new(key).public
    watcher = client(port, "davylamp/gw1/#")
    agent = agent_process(port, f"rollout: {{trusted_keys: {{laptop: {public}}}, shadow_readings: 5}}\n")
    watcher.wait(TOPICS.state, lambda body: body["state"] == "online", timeout=30)
    one = Field(agent, port, watcher, key)
    one.send(80)
    return one


@pytest.mark.broker
@pytest.mark.mqtt5
def test_a_bundle_is_pushed_through_small_packets_tried_activated_and_taken_back(
    field: Field, bundles: dict[str, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    old = Bundle.open(bundles["both"]).id
    file = tmp_path / "new.davy"
    file.write_bytes(later(bundles["vae"]))
    new = Bundle.open(file).id
    assert field.push(file, "--station", "st-1") == 0
    assert capsys.readouterr().out.startswith(f"st-1: {new} is in shadow: 0 of 5 readings; ")
    assert field.request("model/activate", "station=st-1") == 0
    field.client.wait(TOPICS.model("st-1"), lambda body: body["active"]["bundle"] == new)
    field.send(1)
    assert field.client.on(TOPICS.score("st-1"))[-1]["bundle"] == new
    field.client.wait(TOPICS.info, lambda body: body["scored_by"] == {"st-1": new})
    field.client.wait(TOPICS.state, lambda body: new in body["bundles"])
    assert field.push(file, "--all") == 0
    assert f"st-1: {new} is active" in capsys.readouterr().out
    field.agent.stop(signal.SIGKILL)
    field.agent.start()
    field.send(1)
    assert field.client.on(TOPICS.score("st-1"))[-1]["bundle"] == new, "it outlives a kill"
    assert field.request("model/rollback", "station=st-1") == 0
    field.client.wait(TOPICS.model("st-1"), lambda body: body["active"]["bundle"] == old)
    field.send(1)
    assert [each["n"] for each in field.client.on(TOPICS.score("st-1"))][-3:] == [81, 82, 83]
    assert field.client.on(TOPICS.score("st-1"))[-1]["bundle"] == old


@pytest.mark.broker
@pytest.mark.mqtt5
def test_what_is_refused_is_one_line_and_the_exit_code_1(
    field: Field, bundles: dict[str, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    stranger = tmp_path / "stranger.key"
    SigningKey.write_new(stranger)
    field.key = stranger
    file = tmp_path / "new.davy"
    file.write_bytes(later(bundles["vae"]))
    assert field.push(file, "--station", "st-1", "--station", "st-9") == 1
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith("st-1: refused: got a signature by none of the trusted keys (laptop)")
    assert lines[1].startswith("st-9: refused: station: got 'st-9', expected one that has sent a reading: st-1")
    field.send(1)
    assert json.loads(json.dumps(field.client.on(TOPICS.score("st-1"))[-1]))["n"] == 81


@pytest.mark.broker
@pytest.mark.mqtt5
def test_keys_follow_a_reload_and_so_does_what_was_pushed(
    field: Field, bundles: dict[str, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "new.davy"
    file.write_bytes(later(bundles["ae"]))
    field.reload("laptop: ", "pc: ")
    assert field.push(file, "--station", "st-1", "--shadow", "0") == 0
    field.client.wait(TOPICS.model("st-1"), lambda body: body["active"]["signed_by"] == "pc")
    field.reload("pc: ", "of somebody else: ", SigningKey.write_new(tmp_path / "other.key").public)
    file.write_bytes(later(bundles["vae"]))
    assert field.push(file, "--station", "st-1") == 1
    assert "none of the trusted keys (of somebody else)" in capsys.readouterr().out
    assert field.push(file, "--station", "st-1", "--key", str(tmp_path / "other.key"), "--shadow", "1") == 0
    threading.Timer(1.0, field.send, [2]).start()
    assert field.push(file, "--station", "st-1", "--key", str(tmp_path / "other.key"), "--shadow", "1", "--wait") == 0
    printed = capsys.readouterr().out
    assert "st-1: shadow 0 of 1 readings" in printed
    assert printed.endswith(f"st-1: {Bundle.open(file).id} is active\n")


@pytest.mark.broker
@pytest.mark.mqtt5
def test_an_agent_without_a_station_is_an_error_and_ctrl_c_says_what_is_left(
    start_broker: StartBroker, agent_process: StartAgentProcess, bundles: dict[str, Path], tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    port, key = start_broker().port, tmp_path / "laptop.key"
    SigningKey.write_new(key)
    agent_process(port)
    where = ["--key", str(key), "--broker", f"127.0.0.1:{port}", "--base", TOPICS.base]
    assert davylamp.main(["push", str(bundles["ae"]), "--all", *where]) == 1
    assert "the agent knows no station yet; fix:" in capsys.readouterr().err
    threading.Timer(1.0, signal.raise_signal, [signal.SIGINT]).start()
    where[-1] = "davylamp/nobody"
    assert davylamp.main(["push", str(bundles["ae"]), "--station", "st-1", *where]) == 130
    assert "interrupted; what has come is kept" in capsys.readouterr().err
