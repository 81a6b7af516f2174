"""install-service: what is installed, what is refused, and what runs afterwards."""

from __future__ import annotations

import os
import platform
from collections.abc import Sequence
from pathlib import Path

import pytest

from edge.deployment.releases import Releases
from edge.errors import DeploymentError
from tests.edge.deployment.fake_gateway import BUNDLE, Desk, PowerCut


@pytest.fixture(autouse=True)
def _no_waiting_for_the_disk(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.sync", lambda: None)
    monkeypatch.setattr("os.fsync", lambda descriptor: None)


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path)


def test_a_first_installation_is_one_that_boots(desk: Desk) -> None:
    desk.install()
    assert desk.gateway.running == "first"
    assert desk.gateway.boot() == "first"
    assert desk.path("/etc/davylamp/one.davy").read_bytes() == BUNDLE
    assert desk.path("/opt/davylamp/bin/davylamp").read_text() == "first"
    assert desk.path("/usr/local/bin/davylamp").read_text() == "first"
    assert "bundle: one.davy" in desk.path("/etc/davylamp/gateway.yaml").read_text()


def test_the_same_again_restarts_nothing(desk: Desk) -> None:
    desk.install()
    starts = len(desk.gateway.starts)
    desk.install()
    assert len(desk.gateway.starts) == starts
    assert desk.names("opt/davylamp.d/releases") == ["1"]
    assert "nothing is changed" in desk.said[-1]


def test_the_same_again_starts_an_agent_that_was_stopped(desk: Desk) -> None:
    desk.install()
    desk.gateway.running = ""
    desk.install()
    assert desk.gateway.running == "first"


def test_an_upgrade_keeps_the_configuration_and_the_last_two(desk: Desk) -> None:
    desk.install()
    edited = desk.path("/etc/davylamp/gateway.yaml")
    edited.write_text(edited.read_text().replace("every: 60", "every: 30"))
    for content in ("second", "third", "fourth"):
        desk.install(content, bundles=())
    assert desk.gateway.boot() == "fourth"
    assert "every: 30" in desk.path("/etc/davylamp/gateway.yaml").read_text()
    assert desk.names("opt/davylamp.d/releases") == ["3", "4"]
    assert len(desk.names("opt/davylamp.d/environments")) == 2


@pytest.mark.parametrize("fault", ["broken", "mute"])
def test_a_release_that_does_not_come_online_is_rolled_back(desk: Desk, fault: str) -> None:
    desk.install()
    getattr(desk.gateway, fault).add("bad")
    with pytest.raises(DeploymentError, match="release 1 runs again"):
        desk.install("bad")
    assert desk.gateway.starts == ["first", "bad", "first"]
    assert desk.gateway.running == desk.gateway.boot() == "first"
    assert desk.names("opt/davylamp.d/releases") == ["1"]
    assert len(desk.names("opt/davylamp.d/environments")) == 1


def test_a_first_release_that_does_not_come_online_is_stopped_and_does_not_boot(desk: Desk) -> None:
    desk.gateway.mute.add("bad")
    with pytest.raises(DeploymentError, match="stopped again: it is not online: davylamp/gw/state: got offline"):
        desk.install("bad")
    assert desk.gateway.running == desk.gateway.boot() == ""


def test_what_check_refuses_is_never_started(desk: Desk) -> None:
    desk.install()
    desk.gateway.refused.add("bad")
    with pytest.raises(DeploymentError, match=r"nothing was switched:\none\.davy: golden rows differ"):
        desk.install("bad")
    assert desk.gateway.starts == ["first"]


@pytest.mark.parametrize(
    ("printed", "reason"),
    [("ok      all is well\n", "it ended with exit code 1 and no reason"), ("killed\n", "killed")],
)
def test_a_check_that_ends_without_an_error_has_a_reason_all_the_same(desk: Desk, printed: str, reason: str) -> None:
    desk.gateway._davylamp = lambda words: (1, printed)  # type: ignore[method-assign]
    with pytest.raises(DeploymentError, match=f"nothing was switched:\n{reason}"):
        desk.install()


def test_an_installation_by_hand_is_taken_over_and_can_be_rolled_back_to(desk: Desk) -> None:
    desk.gateway.hand_made("by hand")
    desk.gateway.broken.add("bad")
    with pytest.raises(DeploymentError, match="release 0 runs again"):
        desk.install("bad", bundles=())
    assert desk.gateway.running == desk.gateway.boot() == "by hand"
    desk.install("second", bundles=())
    assert desk.gateway.boot() == "second"
    assert "bundle: one.davy" in desk.path("/etc/davylamp/gateway.yaml").read_text(), "not a path into the old release"
    assert desk.names("opt/davylamp.d/releases") == ["0", "1"]


def test_a_dry_run_changes_nothing(desk: Desk) -> None:
    before = sorted(map(str, desk.gateway.root.rglob("*")))
    desk.install(dry_run=True)
    assert sorted(map(str, desk.gateway.root.rglob("*"))) == before
    assert "would be made" in desk.text
    assert desk.gateway.starts == []


def test_the_password_becomes_a_credential_that_only_root_reads(desk: Desk) -> None:
    password = desk.folder / "secret"
    password.write_text("open sesame")
    desk.install(password=password)
    file = desk.path("/etc/davylamp/password")
    assert (file.read_text(), file.stat().st_mode & 0o777) == ("open sesame", 0o600)
    unit = desk.path("/etc/systemd/system/davylamp.service").read_text()
    assert "LoadCredential=password:/opt/davylamp.d/releases/1/etc/password" in unit
    gateway = desk.path("/etc/davylamp/gateway.yaml").read_text()
    assert "\n  username: davylamp\n" in gateway
    assert "open sesame" not in desk.text + gateway + unit


def test_private_files_that_the_gateway_file_names_are_handed_out_by_systemd(desk: Desk) -> None:
    gateway = desk.folder / "gateway.yaml"
    gateway.write_text(
        "broker: {host: far, username: gw, password: {file: pw}, tls: {ca: ca.pem, certificate: gw.pem, key: gw.key}}\n"
        "stations: [{topic: 'a/{station}', bundle: one.davy}]\n"
    )
    files = []
    for name in ("pw", "ca.pem", "gw.pem", "gw.key"):
        files.append(desk.folder / name)
        files[-1].write_text(name)
    desk.install(config=gateway, files=tuple(files))
    unit = desk.path("/etc/systemd/system/davylamp.service").read_text()
    modes = {path.name: path.stat().st_mode & 0o777 for path in desk.path("/etc/davylamp").iterdir()}
    assert [name for name in modes if f"LoadCredential={name}:" in unit] == [n for n in modes if n in ("pw", "gw.key")]
    assert modes == {
        "gateway.yaml": 0o644, "one.davy": 0o644, "ca.pem": 0o644, "gw.pem": 0o644, "gw.key": 0o600, "pw": 0o600,
    }  # fmt: skip


def test_everything_that_the_gateway_file_names_has_to_be_there(desk: Desk) -> None:
    gateway = desk.folder / "mine.yaml"
    gateway.write_text(
        "broker: {username: gw, password: {credential: secret}}\nstations: [{topic: 'a/{station}', bundle: two.davy}]\n"
    )
    with pytest.raises(DeploymentError) as caught:
        desk.install(config=gateway, bundles=())
    assert [line.split("; fix")[0] for line in str(caught.value).splitlines()] == [
        f"{gateway}: broker.password: there is no credential secret",
        f"{gateway}: it names two.davy, which is not there",
    ]


def test_a_mistake_in_the_gateway_file_is_reported_under_its_own_name(desk: Desk) -> None:
    gateway = desk.folder / "mine.yaml"
    gateway.write_text("station: []\n")
    with pytest.raises(DeploymentError, match=f"^{gateway}: station: "):
        desk.install(config=gateway)
    assert desk.names("opt/davylamp.d/releases") == []


def test_a_new_bundle_takes_the_place_of_the_only_one(desk: Desk) -> None:
    desk.install()
    other = desk.folder / "autumn.davy"
    other.write_bytes(b"another")
    desk.install(bundles=(other,))
    assert "bundle: autumn.davy" in desk.path("/etc/davylamp/gateway.yaml").read_text()
    assert sorted(path.name for path in desk.path("/etc/davylamp").iterdir()) == ["autumn.davy", "gateway.yaml"]


def test_a_bundle_that_no_station_uses_is_refused(desk: Desk) -> None:
    gateway = desk.folder / "gateway.yaml"
    gateway.write_text("stations:\n  - {topic: 'a/{station}', bundle: one.davy}\n")
    desk.install(config=gateway)
    other = desk.folder / "two.davy"
    other.write_bytes(b"another")
    with pytest.raises(DeploymentError, match=r"--bundle two\.davy: the gateway file names one\.davy"):
        desk.install(config=gateway, bundles=(desk.bundle, other))


def test_two_wheels_of_davylamp_are_refused(desk: Desk) -> None:
    folder = desk.gateway.wheelhouse(desk.folder / "wheelhouse-first", "first")
    (folder / "davylamp-0.1.0-py3-none-any.whl").write_bytes(b"")
    with pytest.raises(DeploymentError, match="expected one wheel of davylamp"):
        desk.install()


def test_everything_that_is_missing_is_said_at_once(desk: Desk) -> None:
    desk.gateway.answers = {"dpkg --print-architecture": "armhf\n", "getconf GNU_LIBC_VERSION": "glibc 2.24\n"}
    (desk.gateway.root / "run/systemd/system").rmdir()
    (desk.gateway.root / "proc").mkdir()
    (desk.gateway.root / "proc/meminfo").write_text("MemTotal: 120000 kB\nMemAvailable: 60000 kB\n")
    with pytest.raises(DeploymentError) as caught:
        desk.install(bundles=(desk.folder / "gone.davy",))
    lines = str(caught.value).splitlines()
    assert [line.split(":")[0] for line in lines] == [
        "architecture", "C library", "systemd", "memory", str(desk.folder / "gone.davy"),
    ]  # fmt: skip
    assert all("fix: " in line for line in lines)


def test_what_an_interrupted_trial_left_is_ended(desk: Desk) -> None:
    desk.install()
    trial = desk.gateway.root / "run/systemd/system.control/davylamp.service"
    trial.parent.mkdir(exist_ok=True)
    trial.write_text(desk.path("/etc/systemd/system/davylamp.service").read_text())
    desk.install("second")
    assert not trial.exists()
    assert "interrupted" in desk.text
    assert desk.gateway.boot() == "second"


def test_a_unit_that_somebody_disabled_is_enabled_again(desk: Desk) -> None:
    desk.install()
    (desk.gateway.root / "etc/systemd/system/multi-user.target.wants/davylamp.service").unlink()
    desk.install()
    assert desk.gateway.boot() == "first"


def test_a_unit_that_was_changed_by_hand_is_kept_with_its_release(desk: Desk) -> None:
    desk.install()
    unit = desk.gateway.root / "etc/systemd/system/davylamp.service"
    unit.write_text(unit.read_text() + "# mine\n")
    desk.install("second")
    assert "was changed by hand" in desk.text
    assert "# mine" not in unit.read_text()
    assert "# mine" in (desk.gateway.root / "opt/davylamp.d/releases/1/davylamp.service").read_text()


def test_the_service_can_read_what_a_cautious_root_installs(desk: Desk) -> None:
    mask = os.umask(0o077)
    try:
        desk.install()
        assert os.umask(0o077) == 0o077, "it is put back"
    finally:
        os.umask(mask)
    store = desk.gateway.root / "opt/davylamp.d"
    hidden = [path for path in (store, *store.rglob("*")) if not path.is_symlink() and not path.stat().st_mode & 0o004]
    assert hidden == []


def test_a_system_without_dpkg_is_judged_by_its_python(desk: Desk) -> None:
    def no_dpkg(words: Sequence[str]) -> None:
        if words[0] in ("dpkg", "timedatectl"):
            raise FileNotFoundError(words[0])

    desk.gateway.before = no_dpkg
    desk.install()
    assert f"preflight: {'arm64' if platform.machine() == 'aarch64' else 'amd64'}, Python 3.11" in desk.text


def test_a_second_installation_at_the_same_time_is_refused(desk: Desk) -> None:
    desk.install()

    def again(words: Sequence[str]) -> None:
        desk.gateway.before = lambda words: None
        with pytest.raises(DeploymentError, match="another installation is running"):
            desk.install("third")
        raise PowerCut

    desk.gateway.before = lambda words: again(words) if "venv" in words else None
    with pytest.raises(PowerCut):
        desk.install("second")


def test_the_current_release_is_what_the_unit_says(desk: Desk) -> None:
    desk.install()
    desk.install("second")
    current = desk.gateway.root / "opt/davylamp.d/current"
    current.unlink()
    current.symlink_to("releases/1")  # as after a power cut between the unit and the links
    release = Releases(desk.gateway.machine).current()
    assert release is not None
    assert release.number == 2
    desk.install("second")
    assert str(current.readlink()) == "releases/2"
