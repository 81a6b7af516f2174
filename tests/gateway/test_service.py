"""The service as it runs under systemd: an alarm, a password, a hang, a reload."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import time
from pathlib import Path

from tests.gateway.checkout import ROOT
from tests.gateway.figures import Figures
from tests.gateway.gateway import OPERATOR, SERVICE, Gateway


def test_a_leak_opens_an_alarm_and_its_end_closes_it(gateway: Gateway, tmp_path: Path) -> None:
    name, password = OPERATOR
    (tmp_path / "password").write_text(password)
    (tmp_path / "one.davy").write_bytes(gateway.bundle.read_bytes())
    config = tmp_path / "gateway.yaml"
    config.write_text(
        f"broker: {{host: 127.0.0.1, port: {gateway.container.port(1883)}, username: {name}, "
        "password: {file: password}}\nstations: [{topic: 'sensors/{station}/readings', bundle: one.davy}]\n"
    )
    topics = [f"davylamp/gateway/leaky/{name}" for name in ("score", "event", "alarm")]
    with gateway.client(*topics) as client:
        done = subprocess.run(
            [sys.executable, "-m", "davylamp", "simulate", "--rows", "900", "--interval", "0", "--seed", "3",
             "--inject", "leak@400:120:8000", "--id", "leaky", "--config", str(config)],
            cwd=ROOT, env=os.environ | {"PYTHONPATH": str(ROOT)}, capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        client.wait(topics[0], lambda body: body["seq"] == 899, 60)
        assert [body["seq"] for body in client.on(topics[0])] == list(range(900))
        opened = client.wait(topics[1], lambda body: body["event_type"] == "open" and body["kind"] == "methane").body
        closed = client.wait(
            topics[1], lambda body: body["event_type"] == "close" and body["id"] == opened["id"], 30
        ).body
        assert closed["kind"] == "methane"
        assert any(body["alarm"] == "ON" for body in client.on(topics[2]))
        assert client.on(topics[2])[-1]["alarm"] == "OFF"


def test_what_the_service_keeps_is_its_own(gateway: Gateway) -> None:
    container = gateway.container
    kept = container.shell("find /var/lib/private/davylamp -printf '%m %U %y\\n'").split("\n")
    uid = container.shell(f"stat -c %u /proc/{gateway.pid}").strip()
    assert uid != "0"
    assert {line.split()[1] for line in kept if line} <= {uid, "65534"}  # systemd 257: nobody's, mapped for the service
    assert {(line.split()[2], line.split()[0]) for line in kept if line} == {("d", "700"), ("f", "600")}
    assert container.run("sudo", "-u", "pi", "cat", "/var/lib/davylamp/journal.db").code != 0


def test_the_password_is_the_service_s_alone(gateway: Gateway) -> None:
    container = gateway.container
    handed_out = "/run/credentials/davylamp.service/password"
    password = container.shell(f"cat {handed_out}").strip()
    assert len(password) >= 20
    for reader in (["cat", handed_out], ["cat", "/etc/davylamp/password"]):
        assert container.run("sudo", "-u", "pi", *reader).code != 0
    assert container.shell("stat -c %a /etc/davylamp/password").strip() == "600"
    assert password not in container.shell("cat /proc/[0-9]*/cmdline | tr '\\0' ' '; cat /proc/[0-9]*/environ")
    assert password not in container.run("journalctl", "--no-pager").text
    assert password not in (gateway.work / "deploy.log").read_text()


def test_no_signal_but_those_to_stop_ends_it(gateway: Gateway) -> None:
    pid = gateway.pid
    gateway.container.shell(f"systemctl reload {SERVICE}")
    for name in ("HUP", "USR1", "USR2"):
        gateway.container.shell(f"kill -{name} {pid}")
        time.sleep(0.3)
    gateway.score_one()
    assert gateway.pid == pid


def test_it_needs_little_memory_and_starts_soon(gateway: Gateway, figures: Figures) -> None:
    container = gateway.container
    took = []
    for _ in range(3):
        container.shell(f"systemctl restart {SERVICE}")  # returns when the agent has said that it is ready
        begun, ready = (
            int(container.property_of(SERVICE, f"{name}TimestampMonotonic")) for name in ("InactiveExit", "ActiveEnter")
        )
        took.append((ready - begun) / 1e6)
    figures.add("start until READY", f"{min(took):.2f} s")
    gateway.state()
    gateway.score_one()
    status = container.shell(f"cat /proc/{gateway.pid}/status")
    found = re.search(r"^VmHWM:\s+(\d+) kB$", status, flags=re.MULTILINE)
    assert found is not None
    figures.add("memory of the agent (VmHWM)", f"{int(found[1]) / 1024:.0f} MiB")
    assert int(found[1]) / 1024 <= 95


def test_a_hung_agent_is_replaced(gateway: Gateway, figures: Figures) -> None:
    old = gateway.pid
    begun = time.monotonic()
    gateway.container.shell(f"kill -STOP {old}")
    deadline = begun + 60
    while gateway.pid in {0, old} or not gateway.is_active():
        assert time.monotonic() < deadline, gateway.log(20)
        time.sleep(0.3)
    took = time.monotonic() - begun
    figures.add("a hung agent is back after", f"{took:.0f} s")
    gateway.state()
    gateway.score_one()
