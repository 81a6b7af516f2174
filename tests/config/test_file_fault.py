"""Why a file cannot be used is said with who forbids it, and with the fix."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from config.file_fault import reading_fault, writing_fault

DENIED = PermissionError(errno.EACCES, "Permission denied")
ABSENT = FileNotFoundError(errno.ENOENT, "No such file or directory")


@pytest.fixture
def service(monkeypatch: pytest.MonkeyPatch) -> None:
    """This process is a service with a folder of its own."""
    monkeypatch.setenv("SYSTEMD_EXEC_PID", str(os.getpid()))
    monkeypatch.setenv("STATE_DIRECTORY", "/var/lib/davylamp")


class Denied:
    """What ``os.access`` answers to a user who owns nothing: root may do everything."""

    def __init__(self, *closed: Path) -> None:
        self.closed = closed

    def __call__(self, path: object, mode: int, *, effective_ids: bool = False) -> bool:
        return not any(Path(str(path)) == each for each in self.closed)


def test_a_home_is_hidden_from_the_service(service: None) -> None:
    assert reading_fault("/home/pi/one.davy", DENIED) == (
        "Permission denied: the service cannot see /home (ProtectHome); "
        "fix: sudo install -m 644 /home/pi/one.davy /etc/davylamp/one.davy, and name it there"
    )


def test_a_link_into_a_home_is_followed(service: None, tmp_path: Path) -> None:
    link = tmp_path / "one.davy"
    link.symlink_to("/root/one.davy")
    assert "cannot see /root (ProtectHome); fix: sudo install -m 644 /root/one.davy" in reading_fault(link, DENIED)


def test_the_same_home_is_no_secret_to_another_process(tmp_path: Path) -> None:
    assert "ProtectHome" not in reading_fault("/home/pi/one.davy", ABSENT)


def test_the_service_has_a_folder_for_temporary_files_of_its_own(service: None) -> None:
    assert "a /tmp of its own (PrivateTmp); fix: sudo install" in reading_fault("/tmp/one.davy", ABSENT)


def test_a_password_becomes_a_credential_and_not_readable_for_everybody(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    file = tmp_path / "password"
    file.write_text("hunter2")
    file.chmod(0o600)
    monkeypatch.setattr(os, "access", Denied(file))
    fault = reading_fault(file, DENIED, secret=True)
    assert f"{file} belongs to " in fault
    assert "(mode 600)" in fault
    assert fault.endswith(f"fix: LoadCredential=password:{file} in the unit")
    assert reading_fault(file, DENIED).endswith(f"fix: sudo chmod 644 {file}")


def test_the_folder_that_is_closed_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    closed = tmp_path / "closed"
    (closed / "deep").mkdir(parents=True)
    monkeypatch.setattr(os, "access", Denied(closed))
    assert reading_fault(closed / "deep/one.davy", DENIED).endswith(f"fix: sudo chmod 755 {closed}")
    assert f"{closed} belongs to" in str(writing_fault(closed / "deep/journal.db"))


def test_the_folder_that_is_missing_is_named(tmp_path: Path) -> None:
    fault = reading_fault(tmp_path / "a/b/c", ABSENT, otherwise="expected a bundle")
    assert fault == f"No such file or directory: there is no folder {tmp_path / 'a'}; expected a bundle"


def test_a_place_that_can_be_written_has_no_fault_and_stays_as_it_is(tmp_path: Path) -> None:
    assert writing_fault(tmp_path / "journal.db") is None
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("path", "fault"),
    [
        ("sub/journal.db", "there is no folder {}/sub; fix: make it, or a path relative to /var/lib/davylamp"),
        ("file/journal.db", "{}/file is no folder"),
        ("folder", "{}/folder is no file"),
        (
            "/home/pi/journal.db",
            "the service cannot see /home (ProtectHome); fix: a path relative to /var/lib/davylamp",
        ),
    ],
)
def test_a_place_where_nothing_can_be_written_is_named(service: None, tmp_path: Path, path: str, fault: str) -> None:
    (tmp_path / "file").touch()
    (tmp_path / "folder").mkdir()
    assert fault.format(tmp_path) in str(writing_fault(tmp_path / path))


def test_a_file_of_somebody_else_gets_its_folders_owner(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    file = tmp_path / "journal.db"
    file.touch()
    monkeypatch.setattr(os, "access", Denied(file))
    assert str(writing_fault(file)).endswith(f"fix: sudo chown --reference={tmp_path} {file}")


def test_what_is_mounted_read_only_is_said_to_be(service: None) -> None:
    read_only = [
        line.split()[1]
        for line in Path("/proc/self/mounts").read_text().splitlines()
        if ",ro," in f",{line.split()[3]},"
    ]
    folder = next((each for each in read_only if Path(each).is_dir() and not os.access(each, os.W_OK)), None)
    if folder is None:
        pytest.skip("nothing is mounted read-only here")
    assert f"{folder} is read-only for the service (ProtectSystem)" in str(writing_fault(f"{folder}/journal.db"))
