"""What signals and a missing credential do to the service under a real systemd."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator

import pytest

from tests.gateway.gateway import SERVICE, Gateway

_FILE = "/etc/davylamp/gateway.yaml"


@pytest.fixture
def settings(gateway: Gateway) -> Iterator[None]:
    """The gateway file is put back afterwards."""
    gateway.container.shell(f"cp -p {_FILE} /root/gateway.yaml")
    yield
    gateway.container.shell(f"cp -p /root/gateway.yaml {_FILE}; rm /root/gateway.yaml; systemctl restart {SERVICE}")


def wait_for_log(gateway: Gateway, text: str, timeout: float = 30.0) -> str:
    deadline = time.monotonic() + timeout
    while text not in (log := gateway.log(40)):
        assert time.monotonic() < deadline, log
        time.sleep(0.2)
    return log


def test_a_reload_takes_over_what_is_sound_and_refuses_what_is_not(gateway: Gateway, settings: None) -> None:
    container, before = gateway.container, gateway.pid
    change = f"import yaml; p = '{_FILE}'; s = yaml.safe_load(open(p)); s['log'] = {{'level': 'debug'}}"
    container.shell(f"/opt/davylamp/bin/python3 -c \"{change}; open(p, 'w').write(yaml.safe_dump(s))\"")
    container.shell(f"systemctl reload {SERVICE}")
    wait_for_log(gateway, "reloaded changed=log.level")
    gateway.state()
    gateway.score_one()
    container.shell(f"echo 'gateway: [' > {_FILE}; systemctl reload {SERVICE}")
    wait_for_log(gateway, "reload refused, the agent goes on as it was")
    gateway.score_one()
    assert gateway.pid == before
    assert gateway.is_active()


def test_a_signal_that_asks_for_nothing_changes_nothing(gateway: Gateway) -> None:
    gateway.wait_active()
    before = gateway.pid
    gateway.container.shell(f"kill -USR1 {before}")
    wait_for_log(gateway, "signal ignored signal=SIGUSR1")
    gateway.score_one()
    assert gateway.pid == before


@pytest.mark.parametrize("name", ["SEGV", "ABRT"])
def test_a_signal_that_would_kill_gets_a_goodbye(gateway: Gateway, name: str) -> None:
    gateway.wait_active()
    gateway.state()
    before = gateway.pid
    with gateway.client("davylamp/gateway/state") as client:
        gateway.container.shell(f"kill -{name} {before}")
        client.wait("davylamp/gateway/state", lambda body: body["state"] == "stopped", 20)
        client.wait("davylamp/gateway/state", lambda body: body["state"] == "online", 30)
        states = [body["state"] for body in client.on("davylamp/gateway/state")]
    assert "offline" not in states
    wait_for_log(gateway, f"stopped by=SIG{name}")
    assert gateway.pid not in {0, before}


def test_a_credential_that_is_missing_gets_a_sentence(gateway: Gateway) -> None:
    container = gateway.container
    found = re.search(r"^LoadCredential=[^:]+:(\S+)", container.shell(f"systemctl cat {SERVICE}"), re.MULTILINE)
    assert found is not None, "the deployment has set up a login"
    container.shell(f"mv {found[1]} {found[1]}.away")
    try:
        assert container.run("systemctl", "restart", SERVICE).code != 0
        assert "davylamp: systemd cannot read a credential; fix: the file named by" in wait_for_log(
            gateway, "CREDENTIALS"
        )
        checked = container.run("/usr/local/bin/davylamp", "check", "--as-service", "-c", _FILE, "--listen", "0")
        assert checked.code == 1
        assert f"{found[1]}: No such file or directory; fix: " in checked.text
    finally:
        container.shell(f"mv {found[1]}.away {found[1]}; systemctl restart {SERVICE}")
    gateway.state()
