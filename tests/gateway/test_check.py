"""`check --as-service` judges as the service will: what it accepts starts, and what it refuses does not."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import yaml

from tests.gateway.gateway import SERVICE, Gateway

_TRY = "davylamp-try.service"
Change = Callable[[dict[str, Any]], None]


class Trials:
    """Configurations beside the installed one, each started as the service would be."""

    def __init__(self, gateway: Gateway) -> None:
        self.gateway = gateway
        root = gateway.container.root
        unit = (root / "etc/systemd/system" / SERVICE).read_text()
        found = re.search(r"-c (\S+)/gateway\.yaml", unit)
        assert found is not None
        self.folder: str = found[1]
        self._here = root / self.folder.lstrip("/")
        self._installed = (self._here / "gateway.yaml").read_text()
        text = unit.replace(f"{self.folder}/gateway.yaml", f"{self.folder}/try.yaml")
        text = text.replace("Restart=always", "Restart=no")
        gateway.container.shell("mkdir -p /run/systemd/system /data")
        gateway.container.shell(f"cat > /run/systemd/system/{_TRY} << 'END'\n{text}\nEND\nsystemctl daemon-reload")

    def write(self, change: Change) -> None:
        settings = yaml.safe_load(self._installed)
        change(settings)
        (self._here / "try.yaml").write_text(yaml.safe_dump(settings))
        (self._here / "try.yaml").chmod(0o644)

    def check(self) -> tuple[bool, str]:
        """Whether `check --as-service` accepts it, and what it says."""
        done = self.gateway.container.run(
            "/usr/local/bin/davylamp", "check", "--as-service", "-c", f"{self.folder}/try.yaml", "--listen", "0"
        )
        return done.code == 0, done.text

    def start(self) -> tuple[bool, str]:
        """Whether the agent becomes ready under systemd, and its last words."""
        container = self.gateway.container
        ready = container.run("systemctl", "start", _TRY).code == 0
        container.run("systemctl", "stop", _TRY)
        container.run("systemctl", "reset-failed", _TRY)
        return ready, container.run("journalctl", "--no-pager", "-o", "cat", "-u", _TRY, "-n", "5").text

    def clear(self) -> None:
        (self._here / "try.yaml").unlink(missing_ok=True)
        self.gateway.container.shell(
            f"rm -rf /run/systemd/system/{_TRY} /data /home/pi/one.davy; "
            f"rm -f {self.folder}/private {self.folder}/private.davy; "
            f"systemctl daemon-reload; systemctl start {SERVICE}"
        )


@pytest.fixture(scope="module")
def trials(gateway: Gateway) -> Iterator[Trials]:
    """The service rests meanwhile: the journal is its own."""
    trials = Trials(gateway)
    gateway.container.shell(
        f"systemctl stop {SERVICE}; cp {trials.folder}/one.davy /home/pi/; chmod 644 /home/pi/one.davy; "
        f"install -m 600 {trials.folder}/one.davy {trials.folder}/private.davy; "
        f"echo secret > {trials.folder}/private; chmod 600 {trials.folder}/private"
    )
    yield trials
    trials.clear()


def _bundle(path: str) -> Change:
    return lambda settings: settings["stations"][0].update(bundle=path)


def _journal(path: str) -> Change:
    return lambda settings: settings.setdefault("journal", {}).update(path=path)


def _password(**source: str) -> Change:
    return lambda settings: settings["broker"].update(password=source)


def _authority(path: str) -> Change:
    return lambda settings: settings["broker"].update(tls={"ca": path})


def test_what_is_installed_is_accepted_and_starts(trials: Trials) -> None:
    trials.write(lambda settings: None)
    assert (trials.check()[0], trials.start()[0]) == (True, True), trials.check()[1]


@pytest.mark.parametrize(
    ("change", "named"),
    [
        (_bundle("/home/pi/one.davy"), "/home/pi/one.davy"),
        (_bundle("private.davy"), "private.davy"),
        (_bundle("no.davy"), "no.davy"),
        (_password(file="private"), "private"),
        (_password(credential="other"), "other"),
        (_authority("no-such-ca.crt"), "no-such-ca.crt"),
        (_journal("/home/pi/journal.db"), "/home/pi"),
        (_journal("/data/journal.db"), "/data"),
        (_journal("folder/journal.db"), "folder"),
    ],
    ids=[
        "a bundle in /home", "a bundle for root alone", "no bundle", "a password file for root alone",
        "a credential that the unit does not hand out", "no certificate authority", "a journal in /home",
        "a journal on a read-only disk", "a journal in a folder that is not there",
    ],
)  # fmt: skip
def test_both_refuse(trials: Trials, change: Change, named: str) -> None:
    trials.write(change)
    accepted, said = trials.check()
    ready, last_words = trials.start()
    assert (accepted, ready) == (False, False), said + last_words
    errors = [line for line in said.splitlines() if line.startswith("error")]
    assert any(named in line for line in errors), said
    assert "Traceback" not in said + last_words


def test_both_accept_a_journal_that_ends_with_the_service_and_check_warns(trials: Trials) -> None:
    trials.write(_journal("/tmp/journal.db"))
    accepted, said = trials.check()
    assert (accepted, trials.start()[0]) == (True, True), said
    assert [line for line in said.splitlines() if line.startswith("warning journal.path: /tmp")], said


def test_an_event_that_the_broker_refuses_is_found(trials: Trials) -> None:
    container = trials.gateway.container
    rules = container.shell("cat /etc/mosquitto/davylamp.acl")
    denied = re.sub(
        r"^topic readwrite davylamp/#$", "topic readwrite davylamp/+/state\ntopic readwrite davylamp/+/info\n"
        "topic readwrite davylamp/+/health\ntopic readwrite davylamp/+/+/score\ntopic read davylamp/#",
        rules, flags=re.MULTILINE,
    )  # fmt: skip
    assert denied != rules
    (container.root / "etc/mosquitto/davylamp.acl").write_text(denied)
    try:
        container.shell("systemctl kill -s HUP mosquitto; sleep 0.5")
        trials.write(lambda settings: None)
        accepted, said = trials.check()
        assert not accepted, said
        assert "event" in said
    finally:
        (container.root / "etc/mosquitto/davylamp.acl").write_text(rules)
        container.shell("systemctl kill -s HUP mosquitto; sleep 0.5")
