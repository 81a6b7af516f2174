"""The image of the agent: built for both architectures, and run as docs/packages.md has it."""

from __future__ import annotations

import json
import os
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from edge.deployment.add_on import USER
from edge.simulation.simulator import simulate_chamber
from tests.arm64.userland import CPUINFO
from tests.mqtt_client import MqttClient
from tests.packages.images import PLATFORMS, ImageStore
from tests.packages.tools import FOLDER, ROOT, found, ran
from tests.running_broker import StartBroker

DOCKERFILE = ROOT / "systemd" / "container" / "Dockerfile"
LOCKED = ("--read-only", "--cap-drop", "all", "--security-opt", "no-new-privileges")
NAMES = (
    "ch4_ppb",
    "h2o_ppm",
    "temperature_c",
    "humidity_pct",
    "r2611e_ohm",
    "r2600_ohm",
    "r2602_ohm",
    "r2611c_ohm",
    "rmq4_ohm",
)
PASSWORD = "p#4: ß"
VOLUME = "davylamp-journal"


def image(architecture: str) -> str:
    """Name of the image."""
    return f"localhost/davylamp:{architecture}"


@pytest.fixture(scope="module", params=PLATFORMS)
def built(request: pytest.FixtureRequest, images: ImageStore) -> str:
    """An architecture whose image is built, out of this checkout."""
    architecture: str = request.param
    images.build(image(architecture), architecture, DOCKERFILE, ROOT)
    return architecture


def test_the_image_says_how_it_is_run(built: str, images: ImageStore) -> None:
    settings = images.settings(image(built))
    assert settings["Architecture"] == built
    assert settings["User"] == f"{USER}:{USER}"
    assert settings["Entrypoint"] + settings["Cmd"] == ["davylamp", "agent", "-c", "/etc/davylamp/gateway.yaml"]
    assert settings["Healthcheck"]["Test"][-1] == "/opt/davylamp/edge/deployment/container_health.py"
    assert list(settings["Volumes"]) == ["/var/lib/davylamp"]


def test_the_image_holds_the_agent_alone_for_its_architecture(built: str, images: ImageStore) -> None:
    root = images.unpack(image(built), built, FOLDER / f"unpacked-{built}")
    packages = {path.name for path in (root / "opt/davylamp").iterdir()}
    assert {
        "config",
        "edge",
        "davylamp.py",
        "numpy",
        "onnxruntime",
        "paho",
        "msgspec",
        "yaml",
        "nacl",
        "bin",
    } <= packages
    assert not packages & {"trainer", "export", "torch", "pandas", "pip"}
    extensions = list((root / "opt/davylamp").rglob("*.so"))
    assert extensions
    machine = {62: "x86_64", 183: "aarch64"}  # of ELF, at byte 18
    assert {machine[path.read_bytes()[18]] for path in extensions} == {PLATFORMS[built]}
    assert (root / "var/lib/davylamp").stat().st_uid == USER
    assert (root / "opt/davylamp/edge/__pycache__").is_dir()  # the root is read-only: byte code has to be there


def test_the_image_for_arm64_computes_what_the_trainer_did(images: ImageStore, bundle: Path) -> None:
    root = FOLDER / "unpacked-arm64"
    if not root.is_dir():
        pytest.skip("the image for arm64 is not built")
    (root / "proc").mkdir(exist_ok=True)  # this machine's own makes ONNX Runtime crash there
    (root / "proc/cpuinfo").write_text(CPUINFO)
    code = (
        "import sys, platform, nacl.signing; from edge.bundles.bundle import Bundle;"
        "nacl.signing.SigningKey.generate().sign(b'');"
        "print(platform.machine(), Bundle.open(sys.argv[1]).verify() < 1e-4)"
    )
    said = ran(
        found("qemu-aarch64-static") or "", "-L", root, root / "usr/bin/python3.13", "-c", code, bundle,
        variables={"PYTHONPATH": str(root / "opt/davylamp"), "QEMU_CPU": "cortex-a53"},
    )  # fmt: skip
    assert said.split()[-2:] == ["aarch64", "True"]


@dataclass
class Box:
    """A gateway's folder, its broker, and a container that serves them."""

    images: ImageStore
    folder: Path
    watcher: MqttClient

    def start(self) -> None:
        """Run the agent, locked up as far as it goes."""
        done = self.images.run(
            "--detach", "--name", "davylamp-test", *LOCKED, "--volume", f"{self.folder}/station:/etc/davylamp:ro",
            "--volume", f"{self.folder}/password:/run/secrets/mqtt_password:ro",
            "--volume", f"{VOLUME}:/var/lib/davylamp", image("amd64"),
        )  # fmt: skip
        assert done.returncode == 0, done.stdout

    def stop(self) -> str:
        """Stop it, and return its log."""
        assert self.images.podman("stop", "--time", "20", "davylamp-test").returncode == 0
        return self.remove()

    def remove(self) -> str:
        """Remove it, whatever its state, and return its log."""
        log = self.images.podman("logs", "davylamp-test").stdout
        self.images.podman("rm", "--force", "davylamp-test")
        return log

    def inside(self, *words: str) -> subprocess.CompletedProcess[str]:
        """Run a program in it."""
        return self.images.podman("exec", "davylamp-test", *words)


@pytest.fixture
def box(images: ImageStore, bundle: Path, start_broker: StartBroker, tmp_path: Path) -> Iterator[Box]:
    """A broker with a login, and a container that is not started yet."""
    passwords = tmp_path / "passwords"
    ran("mosquitto_passwd", "-c", "-b", passwords, "agent", PASSWORD)
    passwords.chmod(0o644)
    broker = start_broker("allow_anonymous false", f"password_file {passwords}")
    (tmp_path / "station").mkdir()
    (tmp_path / "station/one.davy").write_bytes(bundle.read_bytes())
    (tmp_path / "station/gateway.yaml").write_text(
        f"gateway: boxed\nbroker: {{host: 127.0.0.1, port: {broker.port}, username: agent, "
        "password: {file: /run/secrets/mqtt_password}}\n"
        "stations: [{topic: 'sensors/{station}/readings', bundle: one.davy}]\n"
    )
    (tmp_path / "password").write_text(PASSWORD)
    os.chown(tmp_path / "password", USER, USER)
    (tmp_path / "password").chmod(0o400)
    for folder in (tmp_path, *list(tmp_path.parents)[:2]):
        folder.chmod(0o755)
    images.podman("volume", "rm", "--force", VOLUME)
    watcher = MqttClient(broker.port, "davylamp/boxed/#", login=("agent", PASSWORD))
    made = Box(images, tmp_path, watcher)
    yield made
    watcher.close()
    made.remove()
    images.podman("volume", "rm", "--force", VOLUME)


def test_the_container_scores_readings_with_a_password_from_a_file_and_goes_on_after_a_restart(box: Box) -> None:
    rows = simulate_chamber(4, seed=3)
    box.start()
    box.watcher.wait("davylamp/boxed/state", lambda body: body["state"] == "online", timeout=30)
    for n, row in enumerate(rows[:2], start=1):
        box.watcher.publish("sensors/st-1/readings", dict(zip(NAMES, map(float, row), strict=True)))
        assert box.watcher.wait("davylamp/boxed/st-1/score").body["n"] == n
    log = box.stop()
    assert "stopped by=SIGTERM" in log
    assert PASSWORD not in log
    box.watcher.wait("davylamp/boxed/state", lambda body: body["state"] == "stopped")
    box.watcher.publish("sensors/st-1/readings", dict(zip(NAMES, map(float, rows[2]), strict=True)))  # it waits
    box.start()
    assert box.watcher.wait("davylamp/boxed/st-1/score", timeout=30).body["n"] == 3


def test_the_container_is_healthy_until_the_loop_stands_still(box: Box) -> None:
    box.start()
    box.watcher.wait("davylamp/boxed/state", lambda body: body["state"] == "online", timeout=30)
    begun = time.monotonic()
    assert box.images.podman("healthcheck", "run", "davylamp-test").returncode == 0
    assert time.monotonic() - begun < 15
    described = json.loads(box.images.podman("inspect", "davylamp-test").stdout)[0]
    os.kill(described["State"]["Pid"], 19)  # SIGSTOP
    try:
        assert box.images.podman("healthcheck", "run", "davylamp-test").returncode == 1
    finally:
        os.kill(described["State"]["Pid"], 18)
    assert box.images.podman("healthcheck", "run", "davylamp-test").returncode == 0


def test_the_container_checks_its_gateway_and_names_what_it_lacks(box: Box) -> None:
    box.start()
    box.watcher.wait("davylamp/boxed/state", lambda body: body["state"] == "online", timeout=30)
    checked = box.inside("davylamp", "check", "-c", "/etc/davylamp/gateway.yaml", "--listen", "1")
    assert checked.returncode == 0, checked.stdout
    assert "golden rows reproduced" in checked.stdout
    made = box.inside("davylamp", "keygen", "/var/lib/davylamp/try.key")  # what a signature needs is there
    assert "trusted_keys" in made.stdout, made.stdout
    assert box.inside("touch", "/opt/davylamp/x").returncode != 0
    trained = box.images.run("--rm", *LOCKED, image("amd64"), "train", "x.csv")
    assert (trained.returncode, trained.stdout.count("\n")) == (1, 1)
    assert "here is the agent alone" in trained.stdout


def test_a_container_without_its_volumes_says_so_in_a_line(images: ImageStore) -> None:
    done = images.run("--rm", *LOCKED, image("amd64"))
    assert done.returncode == 1
    assert done.stdout.startswith("/etc/davylamp/gateway.yaml: ")
    assert done.stdout.count("\n") == 1
