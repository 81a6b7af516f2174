"""install-service --broker: a Mosquitto is set up, tried out, and left as it was when it does not pass."""

from __future__ import annotations

import getpass
import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import pytest

from config.yaml.load import load_gateway
from edge.agent.access_rules import access_rules
from edge.deployment.broker import BrokerSetup
from edge.deployment.broker_probe import RECEIVE_MAXIMUM, BrokerProbe
from edge.deployment.machine import Machine
from edge.deployment.mosquitto_logins import AccessRule, new_password, with_login, with_rules
from edge.errors import DeploymentError

BASE = "davylamp/gw1"
OPERATOR = """user davylamp
topic readwrite davylamp/#

user operator
topic read davylamp/#
pattern write sensors/%u/readings
"""


class Services:
    """Stands for systemctl: runs the real Mosquitto with the settings in a folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.calls: list[str] = []
        self.process: subprocess.Popen[bytes] | None = None
        self.main = "mosquitto.conf"
        # Otherwise a broker that root starts becomes the user mosquitto, who may not enter the folders of tests.
        self.user = "user root\n" if os.geteuid() == 0 else ""

    def __call__(
        self, words: Sequence[str], environment: Mapping[str, str], seconds: float
    ) -> subprocess.CompletedProcess[str]:
        if words[0] == "journalctl":
            return subprocess.CompletedProcess(words, 0, (self.folder / "log").read_text(), "")
        verb = words[1]
        self.calls.append(verb)
        code = 0
        if verb == "is-active":
            code = 0 if self.process is not None and self.process.poll() is None else 3
        elif verb == "restart":
            self.stop()
            code = self.start()
        elif verb == "kill":
            assert self.process is not None
            self.process.send_signal(10)
        return subprocess.CompletedProcess(words, code, "", "Job for mosquitto.service failed." if code else "")

    def start(self) -> int:
        with (self.folder / "log").open("wb") as log:
            command = [shutil.which("mosquitto", path="/usr/sbin:/usr/bin") or "", "-c", self.main]
            self.process = subprocess.Popen(command, cwd=self.folder, stdout=log, stderr=log)
        deadline = time.monotonic() + 10
        while time.monotonic() < deadline and self.process.poll() is None:
            try:
                socket.create_connection(("127.0.0.1", self._port()), 0.5).close()
            except OSError:
                time.sleep(0.01)
            else:
                return 0
        return 1

    def _port(self) -> int:
        text = (self.folder / "conf.d/davylamp.conf").read_text()
        return int(text.partition("\nlistener ")[2].split()[0] if not text.startswith("listener") else text.split()[1])

    def stop(self) -> None:
        if self.process is not None:
            self.process.terminate()
            self.process.wait(10)


@pytest.fixture
def services(tmp_path: Path) -> Iterator[Services]:
    """A folder as Debian's package leaves it, and a stand-in for systemctl."""
    if not Path("/usr/sbin/mosquitto").is_file():
        pytest.skip("THE BROKER'S SETUP IS NOT TESTED: there is no /usr/sbin/mosquitto (apt install mosquitto)")
    folder = tmp_path / "mosquitto"
    (folder / "conf.d").mkdir(parents=True)
    made = Services(folder)
    (folder / "mosquitto.conf").write_text(
        f"persistence true\npersistence_location {tmp_path}/\n{made.user}log_dest stderr\ninclude_dir {folder}/conf.d\n"
    )
    yield made
    made.stop()


@pytest.fixture
def said() -> list[str]:
    """Lines that were said."""
    return []


@pytest.fixture
def setup(services: Services, said: list[str]) -> BrokerSetup:
    """The setup of the broker in that folder, whose files the user of the tests owns."""
    return BrokerSetup(Machine(runner=services), say=said.append, folder=services.folder, owner=getpass.getuser())


def contents(folder: Path) -> dict[Path, bytes]:
    return {path: path.read_bytes() for path in folder.rglob("*") if path.is_file() and path.name != "log"}


def rules(*lines: str) -> list[AccessRule]:
    return AccessRule.read("\n".join(lines))


def test_a_fresh_mosquitto_gets_login_rules_and_settings(
    setup: BrokerSetup, services: Services, free_port: int, said: list[str]
) -> None:
    password = new_password()
    setup.set_up(password, BASE, port=free_port)
    with BrokerProbe(free_port, "davylamp", password) as agent:
        assert (agent.refusal, agent.properties[RECEIVE_MAXIMUM]) == (0, 100)
        assert agent.may_publish(f"{BASE}/state")
        assert not agent.may_publish("sensors/st-01/readings")
    for user, wrong in ((None, ""), ("davylamp", "wrong"), ("st-01", password)):
        with BrokerProbe(free_port, user, wrong) as other:
            assert other.refusal >= 0x80
    for name in ("passwords", "davylamp.acl"):
        assert (services.folder / name).stat().st_mode & 0o777 == 0o600
    assert password not in (services.folder / "passwords").read_text() + "".join(said)
    assert "owner" not in (services.folder / "log").read_text()  # newer versions warn of files that others may read


def test_a_second_time_changes_nothing_and_restarts_nothing(
    setup: BrokerSetup, services: Services, free_port: int
) -> None:
    setup.set_up("a password", BASE, port=free_port)
    before = contents(services.folder)
    services.calls.clear()
    setup.set_up("a password", BASE, port=free_port)
    assert contents(services.folder) == before
    assert services.calls == ["is-active"]


def test_logins_and_rules_of_others_stay(setup: BrokerSetup, services: Services, free_port: int) -> None:
    (services.folder / "passwords").write_text(with_login("", "st-01", "of st-01"))
    (services.folder / "davylamp.acl").write_text(OPERATOR)
    setup.set_up("a password", BASE, rules("davylamp read home/+/gas", "%u write home/%u/gas"), port=free_port)
    with BrokerProbe(free_port, "st-01", "of st-01") as station:
        assert station.may_publish("sensors/st-01/readings")
        assert station.may_publish("home/st-01/gas")
        assert not station.may_publish("home/st-02/gas")
    lines = (services.folder / "davylamp.acl").read_text().splitlines()
    assert lines[:3] == ["user davylamp", "topic read home/+/gas", "topic readwrite davylamp/#"]
    assert "user operator" in lines


def test_a_file_that_was_made_by_hand_keeps_its_listeners_and_a_copy(
    setup: BrokerSetup, services: Services, free_port: int, said: list[str]
) -> None:
    logins = services.folder / "logins"
    by_hand = f"listener {free_port}\nmax_connections 50\nallow_anonymous false\npassword_file {logins}\n"
    (services.folder / "conf.d/davylamp.conf").write_text(by_hand)
    logins.write_text(with_login("", "st-01", "of st-01"))
    setup.set_up("a password", BASE)
    assert (services.folder / "conf.d/davylamp.conf.before").read_text() == by_hand
    assert "max_connections 50" in (services.folder / "conf.d/davylamp.conf").read_text()
    assert not (services.folder / "passwords").exists()
    with BrokerProbe(free_port, "st-01", "of st-01") as station:
        assert not station.refusal
    assert any("davylamp.conf.before" in line for line in said)


@pytest.mark.parametrize(
    "line", ["allow_anonymous true", "listener 1885", "autosave_interval 1", "password_file /etc/x", "plugin /x.so"]
)
def test_what_another_file_says_is_named_and_nothing_is_changed(
    setup: BrokerSetup, services: Services, free_port: int, line: str
) -> None:
    other = services.folder / "conf.d/home.conf"
    other.write_text(f"# of somebody else\n{line}\n")
    with pytest.raises(DeploymentError, match=f"{other}:2: {line}: .*; fix: "):
        setup.set_up("a password", BASE, port=free_port)
    assert sorted(path.name for path in services.folder.rglob("*.conf")) == ["home.conf", "mosquitto.conf"]
    assert services.calls == []


def test_a_broker_that_does_not_start_is_put_back(setup: BrokerSetup, services: Services, free_port: int) -> None:
    old = f"listener {free_port} 127.0.0.1\nallow_anonymous true\n"
    (services.folder / "conf.d/davylamp.conf").write_text(old)
    services.start()
    main = services.folder / "mosquitto.conf"
    main.write_text(main.read_text() + "no_such_setting 1\n")
    with pytest.raises(DeploymentError, match=r"does not start: Unknown configuration variable.*; fix: "):
        setup.set_up("a password", BASE, port=free_port)
    assert (services.folder / "conf.d/davylamp.conf").read_text() == old
    assert not (services.folder / "passwords").exists()
    assert services.calls[-1] == "restart"
    calls = len(services.calls)
    setup.undo()
    assert len(services.calls) == calls, "it is put back already"


def test_a_broker_that_runs_with_settings_of_before_is_started_anew(
    setup: BrokerSetup, services: Services, free_port: int
) -> None:
    setup.set_up("a password", BASE, port=free_port)
    services.stop()
    text = (services.folder / "conf.d/davylamp.conf").read_text()
    (services.folder / "conf.d/davylamp.conf").write_text(text.replace("max_inflight_messages 100", ""))
    services.start()
    (services.folder / "conf.d/davylamp.conf").write_text(text)
    services.calls.clear()
    setup.set_up("a password", BASE, port=free_port)
    assert services.calls.count("restart") == 1
    with BrokerProbe(free_port, "davylamp", "a password") as agent:
        assert agent.properties[RECEIVE_MAXIMUM] == 100


def test_settings_that_do_not_take_effect_are_named_and_put_back(
    setup: BrokerSetup, services: Services, free_port: int
) -> None:
    services.main = "other.conf"
    (services.folder / services.main).write_text(
        f"listener {free_port}\nallow_anonymous false\npassword_file {services.folder}/passwords\n{services.user}"
    )
    with pytest.raises(DeploymentError, match="max_inflight_messages: got 20, expected 100") as caught:
        setup.set_up("a password", BASE, port=free_port)
    assert "so the ACL file is not in force; fix: " in str(caught.value)
    assert not (services.folder / "conf.d/davylamp.conf").exists()


def test_without_mosquitto_and_network_the_fix_is_named(tmp_path: Path) -> None:
    def no_program(words: Sequence[str], environment: object, seconds: float) -> subprocess.CompletedProcess[str]:
        raise AssertionError(words)

    setup = BrokerSetup(Machine(tmp_path, no_program), say=no_program)  # type: ignore[arg-type]
    (problem,) = setup.problems(offline=True)
    assert "fix: sudo apt install mosquitto" in problem


def test_a_password_is_stored_as_mosquitto_stores_it(tmp_path: Path) -> None:
    tool = shutil.which("mosquitto_passwd")
    if tool is None:
        pytest.skip("no mosquitto_passwd: its format is not compared")
    path = tmp_path / "passwords"
    path.write_text("davylamp:a password\n")
    subprocess.run([tool, "-U", str(path)], check=True)
    text = path.read_text()
    assert with_login(text, "davylamp", "a password") == text
    other = with_login(text, "davylamp", "another")
    assert other.count("davylamp:") == 1
    assert with_login(other, "davylamp", "another") == other


@pytest.mark.parametrize(
    ("there", "wanted", "covered"),
    [
        ("a readwrite x/#", "a read x/+/y", True),
        ("a readwrite x/#", "a write x", True),
        ("a read x/#", "a write x/y", False),
        ("a read x/+", "a read x/#", False),
        ("a read x/+/y", "a read x/+/z", False),
        ("a read x/#", "b read x/y", False),
        ("a read x/+", "a read x", False),
    ],
)
def test_a_rule_is_added_unless_another_allows_it(there: str, wanted: str, covered: bool) -> None:
    text = with_rules("", rules(there))
    assert (with_rules(text, rules(wanted)) == text) is covered


def test_rules_follow_from_gateway_yaml(tmp_path: Path) -> None:
    path = tmp_path / "gateway.yaml"
    path.write_text(
        "gateway: gw1\ntopics: {base: gas/gw1, response_prefixes: [app/answers]}\nstations:\n"
        "  - {topic: 'home/{station}/{key}', bundle: b.davy}\n"
        "  - {topic: well/7, station: pad, bundle: b.davy}\n"
        "  - {topic: $share/g/lora/+/up, station_from: name, bundle: b.davy}\n"
    )
    assert list(access_rules(load_gateway(path))) == [
        "davylamp readwrite gas/gw1/#",
        "davylamp read homeassistant/status", "davylamp readwrite homeassistant/device/+/config",
        "davylamp write app/answers/#",
        "davylamp read home/+/+", "%u write home/%u/+",
        "davylamp read well/7", "pad write well/7",
        "davylamp read lora/+/up",
    ]  # fmt: skip
