"""A gateway that was installed by hand, as the README of 0.2 had it, is taken over by `davylamp deploy`."""

from __future__ import annotations

import shutil

import pytest

from tests.gateway.checkout import ROOT, Checkout
from tests.gateway.gateway import OPERATOR, SERVICE, Gateway

_WHEELS = "/root/wheels"


@pytest.fixture(scope="module")
def by_hand(gateway: Gateway, first: Checkout) -> int:
    """The agent in /opt/davylamp and /etc/davylamp, plain folders; returns the number of its first score."""
    container = gateway.container
    name, password = OPERATOR
    wheels, settings = container.root / _WHEELS.lstrip("/"), container.root / "etc/davylamp"
    wheels.mkdir()
    settings.mkdir()
    gateway.copy_wheels(wheels)
    first.wheel(wheels)
    shutil.copy(gateway.bundle, settings / "one.davy")
    (settings / "password").write_text(password)
    (settings / "password").chmod(0o600)
    (settings / "gateway.yaml").write_text(
        f"broker: {{username: {name}, password: {{credential: password}}}}\n"
        "stations: [{topic: 'sensors/{station}/readings', bundle: one.davy}]\n"
    )
    unit = (ROOT / "systemd/davylamp.service").read_text()
    unit = unit.replace("\nUser=davylamp", "").replace("#LoadCredential=", "LoadCredential=")
    (container.root / "etc/systemd/system" / SERVICE).write_text(unit)
    container.shell(
        f"python3 -m venv /opt/davylamp; /opt/davylamp/bin/pip install -q --no-index --find-links {_WHEELS} davylamp; "
        f"rm -r {_WHEELS}; chmod 644 /etc/davylamp/*.yaml /etc/davylamp/*.davy; "
        f"systemctl daemon-reload; systemctl enable --now {SERVICE}"
    )
    gateway.state()
    number = gateway.score_one()["n"]
    assert isinstance(number, int)
    return number


def test_what_was_installed_by_hand_is_taken_over(gateway: Gateway, first: Checkout, by_hand: int) -> None:
    done = gateway.deploy(first, "--offline")
    assert done.code == 0, done.text
    assert "taken over as release 0" in done.text
    gateway.wait_active()
    assert gateway.score_one()["n"] == by_hand + 1  # its journal goes on
    for path in ("/opt/davylamp", "/etc/davylamp"):
        assert gateway.container.run("readlink", path).code == 0, path


def test_a_version_that_does_not_work_goes_back_to_it(gateway: Gateway, broken: Checkout, by_hand: int) -> None:
    done = gateway.deploy(broken, "--offline")
    assert done.code != 0
    gateway.wait_active()
    gateway.container.power_off()
    gateway.container.boot()
    gateway.wait_active()
    assert gateway.score_one()["n"] == by_hand + 2
