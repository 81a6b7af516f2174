"""`uninstall-service`: nothing is left, on the disk and at the broker."""

from __future__ import annotations

import re

from tests.gateway.gateway import SERVICE, Gateway


def test_nothing_is_left_but_what_is_named(gateway: Gateway) -> None:
    container = gateway.container
    assert gateway.retained()
    done = container.run("/usr/local/bin/davylamp", "uninstall-service", "--purge")
    assert done.code == 0, done.text
    assert gateway.retained() == {}
    assert container.run("systemctl", "cat", SERVICE).code != 0
    left = [path for path in gateway.files() if "davylamp" in path]
    unnamed = [path for path in left if path not in done.text]
    assert unnamed == []
    assert not re.search(r"Traceback", done.text)


def test_the_broker_keeps_no_session(gateway: Gateway) -> None:
    container = gateway.container
    container.shell("systemctl stop mosquitto")  # now it writes everything that it keeps
    kept = (container.root / "var/lib/mosquitto/mosquitto.db").read_bytes()
    assert b"davylamp-gateway" not in kept
    container.shell("systemctl start mosquitto")
