"""An upgrade that loses the power at any moment, is killed, or finds the disk full: one of both versions runs."""

from __future__ import annotations

import os
import random
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.gateway.checkout import Checkout
from tests.gateway.figures import Figures
from tests.gateway.gateway import READING, Gateway

_WHEELS = "/root/wheels"


class Upgrades:
    """Versions one after another, installed by the machine's own python3 as `davylamp deploy` does it."""

    def __init__(self, gateway: Gateway) -> None:
        self._gateway = gateway
        self._number = 0
        self.version: str = gateway.state()["version"]
        self._folder = gateway.container.root / _WHEELS.lstrip("/")
        self._folder.mkdir()
        gateway.copy_wheels(self._folder)
        self.duration = 0.0
        self.switch = 0.0

    def prepare(self) -> str:
        """Put the next version's wheel beside the others, and return its version."""
        self._number += 1
        checkout = Checkout(self._gateway.work / "next", f".post{100 + self._number}")
        for old in self._folder.glob("davylamp-*.whl"):
            old.unlink()
        checkout.wheel(self._folder)
        os.sync()  # these files have arrived: what is interrupted is the upgrade itself
        return checkout.version

    @property
    def words(self) -> tuple[str, ...]:
        """The command of an upgrade."""
        wheel = next(self._folder.glob("davylamp-*.whl")).name
        command = f"exec env PYTHONPATH={_WHEELS}/{wheel} python3 -m davylamp install-service --offline"
        return ("sh", "-c", f"{command} --wheelhouse {_WHEELS}")

    def settle(self, new: str) -> str:
        """Return which of both versions runs, is online and scores."""
        gateway = self._gateway
        gateway.wait_active()
        found: str = gateway.state()["version"]
        assert found in {self.version, new}
        gateway.score_one()
        self.version = found
        return found


@pytest.fixture(scope="module")
def upgrades(gateway: Gateway) -> Iterator[Upgrades]:
    yield Upgrades(gateway)
    gateway.container.run("rm", "-r", _WHEELS)


def test_an_upgrade_that_nothing_disturbs_loses_no_reading(
    gateway: Gateway, upgrades: Upgrades, figures: Figures
) -> None:
    new = upgrades.prepare()
    log = gateway.work / "upgrades.log"
    log.unlink(missing_ok=True)
    with gateway.client("davylamp/gateway/busy/score") as client:
        begun = time.monotonic()
        process = gateway.container.start(*upgrades.words, log=log)
        sent, switched = 0, 0.0
        while process.poll() is None or sent % 20:
            client.publish("sensors/busy/readings", READING | {"seq": sent, "ch4_ppb": 2100 + sent % 7})
            sent += 1
            time.sleep(0.02)
            if not switched and "5/6 switch" in log.read_text(errors="replace"):
                switched = time.monotonic()
        upgrades.duration = time.monotonic() - begun
        upgrades.switch = time.monotonic() - switched
        assert process.returncode == 0, log.read_text(errors="replace")
        client.wait("davylamp/gateway/busy/score", lambda body: body["seq"] == sent - 1)
        # What was in flight when the old agent stopped is published again, with the same number.
        scores = {body["n"]: body for body in client.on("davylamp/gateway/busy/score")}
        assert [scores[n]["seq"] for n in sorted(scores)] == list(range(sent))
    figures.add("upgrade on the gateway itself", f"{upgrades.duration:.0f} s, {sent} of {sent} scored")
    assert upgrades.settle(new) == new


def test_an_upgrade_without_power_leaves_the_old_version_or_the_new(
    gateway: Gateway, upgrades: Upgrades, figures: Figures
) -> None:
    rounds, seed = int(os.environ["DAVYLAMP_KILLS"]), int(os.environ["DAVYLAMP_SEED"])
    moments = random.Random(f"{seed} {gateway.work.name}")
    outcomes = []
    for number in range(rounds):
        new, old = upgrades.prepare(), upgrades.version
        log = gateway.work / "upgrades.log"
        log.unlink(missing_ok=True)
        process = gateway.container.start(*upgrades.words, log=log)
        if number % 2:
            _wait_for("5/6 switch", log)
            moment = moments.uniform(0, 1.2 * upgrades.switch)
            when = f"{moment:.2f} s after the switch began"
        else:
            moment = moments.uniform(0, 1.1 * upgrades.duration)
            when = f"after {moment:.2f} s of {upgrades.duration:.0f} s"
        time.sleep(moment)
        if number % 3 == 2:  # killed, and switched off in order afterwards
            gateway.container.run("pkill", "-KILL", "-f", "install-service")
            gateway.container.power_off()
        else:
            gateway.container.cut_power()
        process.wait(30)
        gateway.container.boot()
        found = upgrades.settle(new)
        outcomes.append("old" if found == old else "new")
        with (gateway.work / "kills.log").open("a") as file:
            file.write(f"{number + 1} of {rounds}, {when}: {outcomes[-1]}\n")
        figures.add("killed upgrades: old or new runs", f"{len(outcomes)} of {rounds} ({outcomes.count('new')} new)")
    assert len(outcomes) == rounds


def _wait_for(words: str, log: Path) -> None:
    deadline = time.monotonic() + 120
    while words not in log.read_text(errors="replace"):
        assert time.monotonic() < deadline, log.read_text(errors="replace")
        time.sleep(0.02)


def test_a_full_disk_leaves_the_old_version(gateway: Gateway, upgrades: Upgrades, figures: Figures) -> None:
    container = gateway.container
    refused = 0
    for megabytes in (2, 40, 120):
        new, old = upgrades.prepare(), upgrades.version
        size = container.free() - (megabytes << 20)
        container.shell(f"fallocate -l {size} /root/filler; sync")
        try:
            done = container.run(*upgrades.words)
            refused += done.code != 0
            assert "Traceback" not in done.text, done.text
            assert done.code != 0 or megabytes > 100, done.text
            assert upgrades.settle(new) == (old if done.code else new)
            container.cut_power()
            container.boot()
            upgrades.settle(new)
        finally:
            container.shell("rm -f /root/filler")
    figures.add("upgrades on a full disk: refused, old runs", f"{refused} of 3")
    container.shell("systemctl restart davylamp.service")
    new = upgrades.prepare()
    done = container.run(*upgrades.words)
    assert done.code == 0, done.text
    assert upgrades.settle(new) == new


def test_what_was_interrupted_is_cleared_away(gateway: Gateway) -> None:
    assert len(gateway.releases()) <= 2
    environments = gateway.container.shell("ls -A /opt/davylamp.d/environments").split()
    assert len(environments) <= 2
    assert gateway.left_behind() == ""
