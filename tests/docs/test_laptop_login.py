"""The login of the laptop at a gateway's broker, as docs/gateway.md sets it up."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from config.templates.templates import MOSQUITTO_ACL
from edge.mqtt.topics import Topics
from tests.agent_process import AgentProcess
from tests.conftest import ROOT
from tests.mqtt_client import MqttClient
from tests.running_broker import StartBroker

SECTION = (ROOT / "docs" / "gateway.md").read_text(encoding="utf-8").partition("### A login for the laptop\n")[2]


@pytest.mark.broker
@pytest.mark.mqtt5
def test_the_laptop_asks_the_agent_with_its_own_login(
    tmp_path: Path, start_broker: StartBroker, bundles: dict[str, Path]
) -> None:
    program = shutil.which("mosquitto_passwd")
    if program is None:
        pytest.skip("no mosquitto_passwd: logins are not tested")
    passwords = tmp_path / "passwords"
    passwords.touch()
    for name in ("davylamp", "operator"):
        subprocess.run([program, "-b", passwords, name, f"{name}'s"], check=True, capture_output=True)
    rules = tmp_path / "davylamp.acl"
    shipped, found, operator = MOSQUITTO_ACL.read_text(encoding="utf-8").partition("#   user operator\n")
    rules.write_text(shipped + (found + operator).replace("#   ", ""))
    for path, mode in ((passwords, 0o644), (rules, 0o700), (tmp_path, 0o755)):
        path.chmod(mode)
    broker = start_broker("allow_anonymous false", f"password_file {passwords}", f"acl_file {rules}")
    (tmp_path / "password").write_text("davylamp's")
    (tmp_path / "password").chmod(0o600)
    agent = AgentProcess(
        tmp_path,
        f"gateway: gateway\nbroker: {{host: 127.0.0.1, port: {broker.port}, username: davylamp, "
        f"password: {{file: password}}}}\nstations: [{{bundle: {bundles['both']}}}]\n",
    )
    laptop = MqttClient(broker.port, "davylamp/gateway/state", login=("operator", "operator's"))
    try:
        laptop.wait(Topics("davylamp/gateway").state, lambda body: body["state"] == "online", timeout=30)
        (settings,) = re.findall(r"^```yaml\n(.*?)^```$", SECTION, flags=re.DOTALL | re.MULTILINE)
        (tmp_path / "operator.yaml").write_text(
            settings.replace("host: gateway.local", f"host: 127.0.0.1, port: {broker.port}")
        )
        (tmp_path / "operator.txt").write_text("operator's\n")
        (tmp_path / "operator.txt").chmod(0o600)
        asked = subprocess.run(
            [sys.executable, "-m", "davylamp", "request", "info", "-c", "operator.yaml"],
            cwd=tmp_path, env={"PYTHONPATH": str(ROOT), "PATH": "/usr/bin:/bin"},
            capture_output=True, text=True, timeout=60, check=False,
        )  # fmt: skip
        assert (asked.returncode, asked.stderr) == (0, "")
    finally:
        laptop.close()
        agent.process.terminate()
        agent.process.wait(20)
