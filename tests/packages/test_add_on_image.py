"""The add-on: built from the folder that `make add-on` makes, and started beside a Supervisor of our own."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest
import yaml

from edge.deployment.add_on import USER
from tests.mqtt_client import MqttClient
from tests.packages.images import ImageStore
from tests.packages.tools import ROOT, ran
from tests.running_broker import StartBroker

IMAGE = "localhost/davylamp-add-on"
ADDRESS = "127.17.0.1"  # of the Supervisor: in the network of this machine alone
NAME = "davylamp-add-on-test"
OPTIONS = yaml.safe_load((ROOT / "systemd/home-assistant/config.yaml").read_text())["options"]


@pytest.fixture(scope="module")
def built(images: ImageStore) -> ImageStore:
    """The store, with the image in it."""
    ran("make", "add-on")
    folder = ROOT / "build" / "add-on" / "davylamp"
    images.build(IMAGE, "amd64", folder / "Dockerfile", folder, "--build-arg", "BUILD_ARCH=amd64")
    return images


@pytest.fixture
def supervisor(start_broker: StartBroker) -> Iterator[tuple[int, list[str | None]]]:
    """The Supervisor's answer about a broker: the broker's port, and the tokens with which we asked."""
    broker = start_broker("allow_anonymous true")
    tokens: list[str | None] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            tokens.append(self.headers.get("Authorization"))
            data = {
                "host": "127.0.0.1",
                "port": broker.port,
                "ssl": False,
                "username": "addons",
                "password": "pass word",
            }
            self.send_response(200)
            self.end_headers()
            self.wfile.write(json.dumps({"result": "ok", "data": data}).encode())

        def log_message(self, *_: Any) -> None:
            pass

    try:
        server = HTTPServer((ADDRESS, 80), Handler)
    except OSError as error:
        pytest.skip(f"{ADDRESS}:80 cannot be had here: {error}")
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
    yield broker.port, tokens
    server.shutdown()
    server.server_close()


@pytest.fixture
def started(built: ImageStore, tmp_path: Path) -> Iterator[tuple[list[str], Path]]:
    """The words that start it, and the folder with what the user has put there."""
    (tmp_path / "data").mkdir()
    (tmp_path / "config").mkdir()
    (tmp_path / "data/options.json").write_text(json.dumps(OPTIONS))
    words = [
        "--name", NAME, "--env", "SUPERVISOR_TOKEN=t0ken", "--add-host", f"supervisor:{ADDRESS}",
        "--volume", f"{tmp_path}/data:/data", "--volume", f"{tmp_path}/config:/config:ro", IMAGE,
    ]  # fmt: skip
    yield words, tmp_path
    built.podman("rm", "--force", NAME)


def test_the_add_on_runs_the_agent_with_the_supervisors_broker_as_a_user_of_its_own(
    built: ImageStore, started: tuple[list[str], Path], supervisor: tuple[int, list[str | None]], bundle: Path
) -> None:
    words, folder = started
    (folder / "config/one.davy").write_bytes(bundle.read_bytes())
    watcher = MqttClient(supervisor[0], "davylamp/home/#", "homeassistant/#")
    try:
        done = built.run("--detach", *words)
        assert done.returncode == 0, done.stdout
        watcher.wait("davylamp/home/state", lambda body: body["state"] == "online", timeout=30)
        watcher.wait("homeassistant/device/davylamp_home/config", timeout=15)
        assert supervisor[1] == ["Bearer t0ken"]
        status = built.podman("exec", NAME, "cat", "/proc/1/status").stdout
        assert f"Uid:\t{USER}\t{USER}\t{USER}" in status
        assert "SUPERVISOR_TOKEN" not in built.podman("exec", NAME, "cat", "/proc/1/environ").stdout
        assert built.podman("healthcheck", "run", NAME).returncode == 0  # by root, of an agent that is not
        assert built.podman("exec", NAME, "python3", "-c", "import nacl.signing").returncode == 0
        assert built.podman("stop", "--time", "20", NAME).returncode == 0
        watcher.wait("davylamp/home/state", lambda body: body["state"] == "stopped")
        log = built.podman("logs", NAME).stdout
        assert "pass word" not in log
        assert "t0ken" not in log
        assert (folder / "data/davylamp/journal.db").stat().st_uid == USER
    finally:
        watcher.close()


def test_an_add_on_without_its_bundle_names_the_folder(
    built: ImageStore, started: tuple[list[str], Path], supervisor: tuple[int, list[str | None]]
) -> None:
    done = built.run("--rm", *started[0])
    assert done.returncode == 1
    assert done.stdout.startswith('davylamp add-on: stations[0].bundle: got "one.davy", expected one of the files in ')
    assert done.stdout.count("\n") == 1


def test_the_image_says_what_the_supervisor_reads(built: ImageStore) -> None:
    settings = built.settings(IMAGE)
    assert settings["Labels"]["io.hass.type"] == "addon"
    assert settings["Labels"]["io.hass.arch"] == "amd64"
    assert settings["Healthcheck"]["Test"][-1] == "/opt/davylamp/edge/deployment/container_health.py"
