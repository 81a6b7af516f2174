"""`davylamp deploy` over ssh: a dry run, the first time, again, and a version that does not work."""

from __future__ import annotations

import re
import time
from pathlib import Path

from tests.gateway.checkout import Checkout
from tests.gateway.figures import Figures
from tests.gateway.gateway import SERVICE, Gateway
from tests.gateway.roots import Debian


def test_a_dry_run_says_the_steps_and_changes_nothing(gateway: Gateway, first: Checkout) -> None:
    before = gateway.files()
    done = gateway.deploy(first, "--bundle", gateway.bundle, "--offline", "--dry-run")
    assert done.code == 0, done.text
    assert set(gateway.files()) - set(before) == set()
    assert gateway.left_behind() == ""


def test_one_command_makes_a_gateway(gateway: Gateway, first: Checkout, figures: Figures) -> None:
    begun = time.monotonic()
    done = gateway.deploy(first, "--bundle", gateway.bundle, "--offline", "--broker")
    took = time.monotonic() - begun
    assert done.code == 0, done.text
    figures.add("deploy, offline", f"{took:.0f} s")
    assert gateway.is_active()
    gateway.add_operator()
    assert gateway.state()["version"] == first.version
    assert gateway.left_behind() == ""
    assert "password" not in gateway.log().lower()
    assert took < 60


def test_what_is_installed_is_small(gateway: Gateway, debian: Debian, figures: Figures) -> None:
    size = int(gateway.container.shell("du -s --block-size=1 /opt/davylamp/").split()[0]) / 1e6
    figures.add("installed", f"{size:.0f} MB")
    said = (gateway.work / "deploy.log").read_text()
    found = re.search(r"\d+ wheels, ([\d.]+) MB", said)
    assert found is not None
    figures.add("wheelhouse", f"{found[1]} MB")
    assert size <= 170 or debian.number > 12
    assert gateway.container.run("ls", "/opt/davylamp/bin/pip").code != 0


def test_a_reading_is_scored(gateway: Gateway) -> None:
    assert gateway.score_one()["station"] == "st-1"


def test_the_service_starts_at_boot(gateway: Gateway) -> None:
    gateway.container.power_off()
    gateway.container.boot()
    gateway.wait_active()
    gateway.state()
    gateway.score_one()


def test_the_same_command_again_changes_nothing_that_runs(gateway: Gateway, first: Checkout) -> None:
    pid, releases = gateway.pid, gateway.releases()
    done = gateway.deploy(first, "--bundle", gateway.bundle, "--offline", "--broker")
    assert done.code == 0, done.text
    assert (gateway.pid, gateway.releases()) == (pid, releases)
    gateway.score_one()


def test_a_version_whose_agent_ends_at_once_is_taken_back(gateway: Gateway, first: Checkout, broken: Checkout) -> None:
    releases = gateway.releases()
    done = gateway.deploy(broken, "--bundle", gateway.bundle, "--offline")
    assert done.code not in {0, None}, done.text
    assert "broken on purpose" in done.text  # the reason, in the words of the agent
    gateway.wait_active()
    assert gateway.state(version=first.version)["version"] == first.version
    assert gateway.releases() == releases
    gateway.score_one()
    gateway.container.power_off()
    gateway.container.boot()
    gateway.wait_active()
    assert gateway.state()["version"] == first.version


def test_a_configuration_that_cannot_work_is_refused_and_the_old_one_runs_on(
    gateway: Gateway, first: Checkout, tmp_path: Path
) -> None:
    pid = gateway.pid
    config = tmp_path / "gateway.yaml"
    config.write_text("stations: [{topic: 'a/{station}', bundle: no.davy}]\n")
    done = gateway.deploy(first, "--config", config, "--offline")
    assert done.code not in {0, None}, done.text
    assert "no.davy" in done.text
    assert "Traceback" not in done.text
    assert gateway.pid == pid
    gateway.score_one()


def test_the_unit_is_the_one_that_ships(gateway: Gateway) -> None:
    assert gateway.container.property_of(SERVICE, "UnitFileState") == "enabled"
    assert gateway.container.property_of(SERVICE, "DynamicUser") == "yes"
    assert gateway.container.property_of(SERVICE, "User") == "davylamp"
