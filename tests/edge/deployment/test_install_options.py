"""install-service: its options, what a machine lacks, and where wheels come from."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from pathlib import Path

import pytest

import davylamp
from edge.deployment import installation
from edge.deployment.machine import Machine
from edge.errors import DeploymentError
from tests.edge.deployment.fake_gateway import Desk, PowerCut

STATIONS = "stations:\n  - {topic: 'a/{station}', bundle: one.davy}\n"


@pytest.fixture(autouse=True)
def _no_waiting_for_the_disk(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.sync", lambda: None)
    monkeypatch.setattr("os.fsync", lambda descriptor: None)


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path)


class RecordedBroker:
    """Stands for BrokerSetup, which has tests of its own."""

    def __init__(self, machine: Machine, *, say: object) -> None:
        self.calls: list[tuple[object, ...]] = []
        RecordedBroker.last = self

    last: RecordedBroker

    def problems(self, *, offline: bool) -> list[str]:
        return ["mosquitto: not installed; fix: apt"] if offline else []

    def set_up(self, password: str, base: str, rules: Iterable[object], *, port: int) -> None:
        self.calls.append(("set_up", password, base, port))

    def undo(self) -> None:
        self.calls.append(("undo",))

    def save(self) -> None:
        self.calls.append(("save",))


@pytest.fixture
def with_broker(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(installation, "BrokerSetup", RecordedBroker)


@pytest.mark.parametrize(
    "broker",
    [
        "", "broker: {}\n", "broker:\n", "broker: # mine\n  host: 127.0.0.1\n",
        "broker:\n    host: localhost\n    port: 1884\n",
        "broker:\n  username: null   # none yet\n  password: null\n", "\ufeffbroker:\r\n  host: localhost\r\n", None,
    ],
)  # fmt: skip
def test_the_agent_gets_a_login_at_a_broker_that_is_set_up_here(
    desk: Desk, with_broker: None, broker: str | None
) -> None:
    gateway = desk.folder / "gateway.yaml"
    if broker is None:
        desk.install(broker=True)
    else:
        mark = "\ufeff" if broker.startswith("\ufeff") else ""
        gateway.write_text(f"{broker}gateway: gw\n{STATIONS}" if mark else f"gateway: gw\n{broker}{STATIONS}")
        desk.install(broker=True, config=gateway)
    password = desk.path("/etc/davylamp/password")
    assert len(password.read_text()) == 32
    assert password.stat().st_mode & 0o777 == 0o600
    text = desk.path("/etc/davylamp/gateway.yaml").read_text()
    assert "username: davylamp\n" in text
    assert password.read_text() not in text + desk.text
    (name, given, base, port), saved = RecordedBroker.last.calls
    assert (name, given, saved) == ("set_up", password.read_text(), ("save",))
    assert port == (1884 if "1884" in (broker or "") else 1883)
    assert str(base).startswith("davylamp/")
    desk.install(broker=True, bundles=())
    assert "nothing is changed" in desk.said[-1], "the login stays"


@pytest.mark.parametrize(
    ("broker", "message"),
    [
        ("broker: {host: far}", "broker.host: got far, expected localhost"),
        ("broker: {username: me, password: {credential: mine}}", "got the user me, expected `username: davylamp`"),
        ("broker: {host: localhost}", "got the user None, expected `username: davylamp`"),
        ("broker: {username: davylamp, password: {credential: gateway.yaml}}", "gateway.yaml is another file's name"),
        ("broker: {username: davylamp, password: {credential: one.davy}}", "one.davy is another file's name"),
        ("broker: {username: davylamp, password: {credential: ../../x}}", "credential: expected the name that"),
    ],
)
def test_a_gateway_file_that_does_not_fit_a_broker_here_is_refused(
    desk: Desk, with_broker: None, broker: str, message: str
) -> None:
    gateway = desk.folder / "gateway.yaml"
    gateway.write_text(f"{broker}\n{STATIONS}")
    with pytest.raises(DeploymentError, match=message):
        desk.install(broker=True, config=gateway)
    assert RecordedBroker.last.calls == [("undo",)], "and there is nothing to put back"


def test_a_gateway_file_in_json_has_to_have_the_login_itself(desk: Desk, with_broker: None) -> None:
    gateway = desk.folder / "gateway.yaml"
    gateway.write_text('{"stations": [{"topic": "a/{station}", "bundle": "one.davy"}]}')
    with pytest.raises(DeploymentError, match=r"expected `username: davylamp` and .*; fix: write both"):
        desk.install(broker=True, config=gateway)
    assert "username" not in desk.text


def test_nothing_outside_of_the_release_is_written_or_opened_to_all(desk: Desk) -> None:
    outside = desk.gateway.root / "opt/davylamp.d/shadow"
    outside.parent.mkdir(parents=True)
    outside.write_text("secret")
    outside.chmod(0o600)
    (desk.folder / "mine/a/b/c").mkdir(parents=True)
    (desk.folder / "mine/x.davy").write_bytes(b"x")
    gateway = desk.folder / "mine/a/b/c/gateway.yaml"
    gateway.write_text("broker: {host: far, tls: {ca: ../../../shadow}}\n" + STATIONS)
    desk.install(config=gateway)
    assert outside.stat().st_mode & 0o777 == 0o600
    gateway.write_text("stations: [{topic: 'a/{station}', bundle: ../../../x.davy}]\n")
    desk.install(config=gateway, bundles=())
    assert not list(desk.gateway.root.rglob("x.davy"))


def test_the_broker_is_put_back_for_the_release_that_goes_on(desk: Desk, with_broker: None) -> None:
    desk.install()
    desk.gateway.broken.add("bad")
    with pytest.raises(DeploymentError, match="release 1 runs again"):
        desk.install("bad", broker=True)
    assert [call[0] for call in RecordedBroker.last.calls] == ["set_up", "undo"]


def test_the_broker_is_put_back_where_nothing_goes_on_either(desk: Desk, with_broker: None) -> None:
    desk.gateway.refused.add("bad")
    with pytest.raises(DeploymentError, match="nothing was switched"):
        desk.install("bad", broker=True)
    assert [call[0] for call in RecordedBroker.last.calls] == ["set_up", "undo"]


def test_a_broker_cannot_be_downloaded_offline(desk: Desk, with_broker: None) -> None:
    with pytest.raises(DeploymentError, match="mosquitto: not installed"):
        desk.install(broker=True, offline=True)


def test_bundles_beside_the_gateway_file_come_along(desk: Desk) -> None:
    folder = desk.folder / "mine"
    (folder / "sub").mkdir(parents=True)
    (folder / "sub/two.davy").write_bytes(b"two")
    (folder / "gateway.yaml").write_text("stations: [{topic: 'a/{station}', bundle: sub/two.davy}]\n")
    desk.install(config=folder / "gateway.yaml", bundles=())
    assert desk.path("/etc/davylamp/sub/two.davy").read_bytes() == b"two"


def test_paths_through_our_link_are_made_relative(desk: Desk) -> None:
    gateway = desk.folder / "gateway.yaml"
    gateway.write_text("stations:\n  - {topic: 'a/{station}', bundle: /etc/davylamp/one.davy}\n")
    desk.install(config=gateway)
    assert "bundle: one.davy" in desk.path("/etc/davylamp/gateway.yaml").read_text()


def test_the_davylamp_of_a_wheelhouse_installs_itself(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    wheelhouse = desk.gateway.wheelhouse(desk.folder / "wheels", "newer")
    words = ["install-service", "--wheelhouse", str(wheelhouse)]
    started: list[tuple[list[str], dict[str, str]]] = []

    def execve(program: str, arguments: list[str], variables: dict[str, str]) -> None:
        started.append((arguments, variables))
        raise PowerCut

    monkeypatch.setattr(sys, "argv", ["/opt/davylamp/bin/davylamp", *words])
    monkeypatch.setattr("os.execve", execve)
    with pytest.raises(PowerCut):
        davylamp.main(words)
    ((arguments, variables),) = started
    assert arguments[1:] == ["-P", "-m", "davylamp", *words]
    assert variables["PYTHONPATH"] == str(wheelhouse / "davylamp-0.2.0-py3-none-any.whl")


def test_programs_do_not_run_what_lies_in_the_folder_that_somebody_is_in(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "trap.py").write_text("print('caught')")
    monkeypatch.chdir(tmp_path)
    done = Machine(tmp_path).run([sys.executable, "-m", "trap"], check=False)
    assert "No module named trap" in done.stderr
    with pytest.raises(DeploymentError, match=r"-m trap: exit code 1: .*No module named trap"):
        Machine(tmp_path).run([sys.executable, "-m", "trap"])
    with pytest.raises(DeploymentError, match=r"sleep 9: not done within 0\.1 s"):
        Machine(tmp_path).run(["sleep", "9"], seconds=0.1)
    with pytest.raises(DeploymentError, match="no-such-program: there is no such program"):
        Machine(tmp_path).run(["no-such-program"])


def test_a_password_that_the_gateway_file_does_not_ask_for_is_refused(desk: Desk) -> None:
    gateway, password = desk.folder / "gateway.yaml", desk.folder / "secret"
    gateway.write_text(STATIONS)
    password.write_text("open sesame")
    with pytest.raises(DeploymentError, match=r"--password-file: .*gateway\.yaml does not ask for it; fix: write"):
        desk.install(config=gateway, password=password)


def test_the_credential_of_an_installation_by_hand_goes_on(desk: Desk) -> None:
    desk.gateway.hand_made("by hand")
    secret = desk.gateway.root / "root/pw.txt"
    secret.parent.mkdir()
    secret.write_text("open sesame")
    unit = desk.gateway.root / "etc/systemd/system/davylamp.service"
    unit.write_text(unit.read_text() + "LoadCredential=mqtt:/root/pw.txt\n")
    gateway = desk.gateway.root / "etc/davylamp/gateway.yaml"
    gateway.write_text(f"broker: {{username: gw, password: {{credential: mqtt}}}}\n{STATIONS}")
    desk.install("second", bundles=())
    assert desk.path("/etc/davylamp/mqtt").read_text() == "open sesame"


def test_a_folder_in_the_place_of_our_link_is_not_taken_for_an_older_installation(desk: Desk) -> None:
    desk.install()
    link = desk.gateway.root / "etc/davylamp"
    link.unlink()
    link.mkdir()
    (link / "gateway.yaml").write_text(STATIONS)
    with pytest.raises(DeploymentError, match="got a folder, expected our link, because release 1 is installed"):
        desk.install("second")
    assert desk.gateway.boot() == "first"


def test_the_verb_takes_its_options(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("edge.deployment.machine.Machine", lambda: desk.gateway.machine)
    wheelhouse = desk.gateway.wheelhouse(desk.folder / "wheels", "first")
    words = ["install-service", "--wheelhouse", str(wheelhouse), "--bundle", str(desk.bundle)]
    assert davylamp.main([*words, "--dry-run"]) == 0
    assert "6/6 dry run: nothing was changed" in capsys.readouterr().out
    assert davylamp.main(words) == 0
    assert desk.gateway.running == "first"
    assert davylamp.main(["uninstall-service", "--purge"]) == 0
    assert "nothing is left" in capsys.readouterr().out
    assert davylamp.main(["uninstall-service"]) == 1
    assert capsys.readouterr().err == "davylamp: it is not installed here\n"
