"""The gateway under test: a booted machine that davylamp is deployed to."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.gateway.checkout import CACHE, Checkout
from tests.gateway.container import Container, Finished
from tests.mqtt_client import MqttClient

SERVICE = "davylamp.service"
OPERATOR = ("operator", "of-the-tests")
"""A login that may do everything, added to the broker as its owner would add one."""

READING = {
    "ch4_ppb": 2105.2, "h2o_ppm": 20582, "temperature_c": 26.7, "humidity_pct": 55.9, "r2611e_ohm": 48084,
    "r2600_ohm": 24372, "r2602_ohm": 31175, "r2611c_ohm": 34230, "rmq4_ohm": 54108,
}  # fmt: skip


class Gateway:
    """A machine with sshd and a broker, and what a user does with it from a laptop.

    Parameters
    ----------
    container
        The machine.
    work
        Folder for the key, the logs and the copies of the checkout.
    bundle
        The bundle that is deployed.
    """

    def __init__(self, container: Container, work: Path, bundle: Path) -> None:
        self.container = container
        self.work = work
        self.bundle = bundle
        self._readings = 0

    @property
    def last_number(self) -> int:
        """`seq` of the latest reading."""
        return self._readings

    # ---- over ssh ----------------------------------------------------------------------------------------------------
    def make_key(self, root: Path) -> None:
        """Let the user of the laptop log in as pi."""
        key = self.work / "key"
        for old in (key, self.work / "key.pub", self.work / "known_hosts"):
            old.unlink(missing_ok=True)
        subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(key)], check=True)
        owner = (root / "home/pi").stat()
        folder = root / "home/pi/.ssh"
        folder.mkdir(mode=0o700, exist_ok=True)
        shutil.copy(self.work / "key.pub", folder / "authorized_keys")
        for path in (folder, folder / "authorized_keys"):
            shutil.chown(path, owner.st_uid, owner.st_gid)

    def deploy(self, checkout: Checkout, *words: str | Path, timeout: float = 300.0) -> Finished:
        """Run ``davylamp deploy`` on the laptop, and keep what it said."""
        options = [f"IdentityFile={self.work / 'key'}", "IdentitiesOnly=yes", "StrictHostKeyChecking=accept-new",
                   f"UserKnownHostsFile={self.work / 'known_hosts'}", "GlobalKnownHostsFile=none",
                   f"Port={self.container.port(22)}"]  # fmt: skip
        given = [word for option in options for word in ("-o", option)]
        done = checkout.davylamp("deploy", "pi@127.0.0.1", *words, *given, timeout=timeout)
        with (self.work / "deploy.log").open("a") as log:
            log.write(
                f"$ davylamp deploy pi@127.0.0.1 {' '.join(map(str, words))}\n{done.text}exit code {done.code}\n\n"
            )
        return done

    def copy_wheels(self, folder: Path) -> None:
        """Copy the wheels that `deploy` has sent, without davylamp's own."""
        script = 'import sys; print("cp%d%d" % sys.version_info[:2])'
        tag = self.container.run("python3", "-c", script).text.strip()
        for wheel in CACHE.glob(f"davylamp/wheelhouse-{tag}-*/*.whl"):
            shutil.copy(wheel, folder)

    # ---- its service -------------------------------------------------------------------------------------------------
    @property
    def pid(self) -> int:
        """The agent's process, in the machine."""
        return int(self.container.property_of(SERVICE, "MainPID"))

    def is_active(self) -> bool:
        return self.container.property_of(SERVICE, "ActiveState") == "active"

    def wait_active(self, timeout: float = 40.0) -> None:
        deadline = time.monotonic() + timeout
        while not self.is_active():
            assert time.monotonic() < deadline, f"the service does not run:\n{self.log(40)}"
            time.sleep(0.1)

    def log(self, lines: int = 200) -> str:
        """Return the latest lines of the service's log."""
        return self.container.run("journalctl", "--no-pager", "-o", "cat", "-u", SERVICE, "-n", str(lines)).text

    def releases(self) -> list[str]:
        return self.container.run("ls", "/opt/davylamp.d/releases").text.split()

    def left_behind(self) -> str:
        """Return what lies in /var/tmp, where a deployment has its files meanwhile."""
        return self.container.shell("ls -A --ignore='systemd-private-*' /var/tmp").strip()

    def files(self) -> list[str]:
        """Return every file outside of what the system itself writes."""
        return self.container.shell(
            "find / -xdev \\( -path /proc -o -path /sys -o -path /run -o -path /tmp -o -path /var/log "
            "-o -path /var/tmp -o -path /var/lib/systemd -o -path /var/lib/mosquitto -o -name __pycache__ \\) "
            "-prune -o -print | sort"
        ).splitlines()

    def add_operator(self) -> None:
        """Add a login to the broker that `deploy --broker` has set up."""
        name, password = OPERATOR
        self.container.shell(
            f"mosquitto_passwd -b /etc/mosquitto/passwords {name} {password}; "
            f"printf '\\nuser {name}\\ntopic readwrite #\\n' >> /etc/mosquitto/davylamp.acl; "
            "systemctl kill -s HUP mosquitto"
        )
        time.sleep(0.5)  # a signal is not answered

    # ---- its topics --------------------------------------------------------------------------------------------------
    @contextmanager
    def client(self, *filters: str) -> Iterator[MqttClient]:
        client = MqttClient(self.container.port(1883), *filters, login=OPERATOR)
        try:
            yield client
        finally:
            client.close()

    def state(self, wanted: str = "online", version: str | None = None, timeout: float = 30.0) -> dict[str, Any]:
        """Wait until the retained state is the wanted one, of this version."""
        with self.client("davylamp/gateway/state") as client:
            found = client.wait(
                "davylamp/gateway/state",
                lambda body: body["state"] == wanted and version in {None, body["version"]}, timeout,
            )  # fmt: skip
            assert isinstance(found.body, dict)
            return found.body

    def retained(self) -> dict[str, bytes]:
        """Return everything that the broker keeps of davylamp."""
        with self.client("davylamp/#") as client:
            time.sleep(1)
            return {each.topic: each.payload for each in client.received if each.retain}

    def score_one(self, timeout: float = 20.0) -> dict[str, Any]:
        """Publish a reading and return its score."""
        self._readings += 1
        number = self._readings
        with self.client("davylamp/gateway/st-1/score") as client:
            client.publish("sensors/st-1/readings", READING | {"seq": number, "ch4_ppb": 2100 + number % 7})
            found = client.wait("davylamp/gateway/st-1/score", lambda body: body["seq"] == number, timeout)
            assert isinstance(found.body, dict)
            return found.body

    def publish(self, count: int, topic: str = "sensors/st-1/readings") -> None:
        """Publish readings at QoS 1 as fast as the broker takes them."""
        with self.client() as client:
            infos = []
            for _ in range(count):
                self._readings += 1
                body = READING | {"seq": self._readings, "ch4_ppb": 2100 + self._readings % 7}
                infos.append(client._client.publish(topic, json.dumps(body), 1))
            for info in infos:
                info.wait_for_publish(60)

    def written(self, process: int) -> int:
        """Return what a process of the machine has sent to its disk so far [bytes]."""
        text = self.container.shell(f"cat /proc/{process}/io")
        found = re.search(r"^write_bytes: (\d+)$", text, flags=re.MULTILINE)
        assert found
        return int(found[1])
