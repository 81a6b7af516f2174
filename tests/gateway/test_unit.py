"""The unit that ships, judged by the systemd that will run it."""

from __future__ import annotations

import re
import shutil

from tests.gateway.checkout import ROOT
from tests.gateway.figures import Figures
from tests.gateway.gateway import Gateway


def test_the_machine_has_booted_and_nothing_has_failed(gateway: Gateway) -> None:
    container = gateway.container
    assert container.shell("systemctl --failed --no-legend").strip() == ""
    assert container.run("systemctl", "is-active", "mosquitto", "ssh").text.split() == ["active", "active"]


def test_the_unit_is_understood_and_hardened(gateway: Gateway, figures: Figures) -> None:
    container = gateway.container
    folder = container.root / "root/unit"
    folder.mkdir(exist_ok=True)
    shutil.copy(ROOT / "systemd/davylamp.service", folder)
    try:
        printed = container.run("systemd-analyze", "verify", "/root/unit/davylamp.service").text
        ours = [line for line in printed.splitlines() if "davylamp.service:" in line and "/opt/davylamp" not in line]
        assert ours == []  # a word that this systemd does not know would be named; the program is not there yet
        judged = container.shell("systemd-analyze security --offline=yes /root/unit/davylamp.service")
    finally:
        shutil.rmtree(folder)
    found = re.search(r"Overall exposure level.*: ([\d.]+)", judged)
    assert found is not None, judged
    figures.add("systemd-analyze security", found[1])
    assert float(found[1]) <= 1.1
