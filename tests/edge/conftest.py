"""Fixtures of the commands that publish readings: a broker, and somebody who listens."""

from __future__ import annotations

import getpass
import json
import os
import shutil
import socket
import subprocess
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import paho.mqtt.client as mqtt
import pytest

from config.broker import Broker

MOSQUITTO = shutil.which("mosquitto", path=f"{os.environ.get('PATH', '')}:/usr/sbin:/usr/local/sbin")


@pytest.fixture
def free_port() -> int:
    """A loopback port on which nobody listens."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@dataclass
class OwnBroker:
    """A Mosquitto of this test's own, that can die and come back."""

    port: int
    configuration: Path
    process: subprocess.Popen[bytes] | None = None

    @property
    def settings(self) -> Broker:
        return Broker(host="127.0.0.1", port=self.port)

    def start(self) -> None:
        assert MOSQUITTO is not None
        self.process = subprocess.Popen(
            [MOSQUITTO, "-c", str(self.configuration)], stderr=open("/tmp/mm/dbg.log", "ab")
        )
        deadline = time.monotonic() + 10
        while time.monotonic() < deadline and self.process.poll() is None:
            try:
                socket.create_connection(("127.0.0.1", self.port), timeout=0.2).close()
            except OSError:
                time.sleep(0.02)
            else:
                return
        pytest.fail("mosquitto did not start")

    def stop(self) -> None:
        if self.process is not None:
            self.process.terminate()
            self.process.wait()
            self.process = None


@pytest.fixture
def own_broker(free_port: int, tmp_path: Path) -> Iterator[OwnBroker]:
    """A running Mosquitto that takes readings on ``sensors/#`` and nothing else."""
    if MOSQUITTO is None:
        pytest.skip("mosquitto is not installed; fix: apt-get install mosquitto")
    (tmp_path / "acl").write_text("topic readwrite sensors/#\n")
    configuration = tmp_path / "mosquitto.conf"
    configuration.write_text(
        f"listener {free_port} 127.0.0.1\nuser {getpass.getuser()}\nallow_anonymous true\nacl_file {tmp_path / 'acl'}\n"
        "log_type all\nmax_queued_messages 20000\nset_tcp_nodelay true\n"
        f"persistence true\npersistence_location {tmp_path}/\n"
    )
    broker = OwnBroker(free_port, configuration)
    broker.start()
    yield broker
    broker.stop()


@dataclass
class Listener:
    """A subscriber to all readings that keeps what it hears."""

    port: int
    heard: list[tuple[str, bytes, int, bool]] = field(default_factory=list)

    def __post_init__(self) -> None:
        subscribed = threading.Event()
        # A session that stays: the broker keeps for it what comes while it is away.
        self.client = mqtt.Client(mqtt.CallbackAPIVersion.VERSION2, "listener", False, protocol=mqtt.MQTTv311)
        self.client.on_connect = lambda client, *_: client.subscribe("sensors/#", 1)
        self.client.on_subscribe = lambda *_: subscribed.set()
        self.client.on_message = lambda _c, _u, m: self.heard.append((m.topic, m.payload, m.qos, m.retain))
        self.client.connect("127.0.0.1", self.port)
        self.client.loop_start()
        assert subscribed.wait(10)

    def wait(self, count: int) -> list[dict[str, Any]]:
        """Bodies, once ``count`` of them have been heard."""
        deadline = time.monotonic() + 10
        while len(self.heard) < count and time.monotonic() < deadline:
            time.sleep(0.01)
        return [json.loads(payload) for _, payload, _, _ in self.heard]


@pytest.fixture
def listener(own_broker: OwnBroker) -> Iterator[Listener]:
    """Somebody who listens on :func:`own_broker`."""
    listener = Listener(own_broker.port)
    yield listener
    listener.client.disconnect()
    listener.client.loop_stop()
