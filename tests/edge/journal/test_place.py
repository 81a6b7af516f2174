"""A journal's place is judged before it is opened, and a place that does not last is named."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from config.settings.gateway import Gateway, JournalSettings
from edge.agent.run import open_journal
from edge.errors import JournalError
from edge.journal.place import check_place, short_life
from tests.doubles import FakeClock


def test_a_place_without_a_fault_is_left_as_it_is(tmp_path: Path) -> None:
    check_place(tmp_path / "journal.db")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("end", ["", ".lock", "-wal"])
def test_each_file_of_a_journal_is_judged(tmp_path: Path, end: str) -> None:
    Path(f"{tmp_path}/journal.db{end}").mkdir()
    with pytest.raises(JournalError, match=rf"^journal\.path: .*journal\.db{end} is no file"):
        check_place(tmp_path / "journal.db")


def test_the_agent_refuses_what_the_check_refuses(tmp_path: Path, fake_clock: FakeClock) -> None:
    path = tmp_path / "sub/journal.db"
    with pytest.raises(JournalError) as checked:
        check_place(path)
    with pytest.raises(JournalError) as opened:
        open_journal(Gateway(journal=JournalSettings(path=str(path))), fake_clock)
    assert str(opened.value) == str(checked.value)


MOUNTS = """\
22 1 8:1 / / rw - ext4 /dev/mmcblk0p2 rw
23 22 0:20 / /run rw - tmpfs tmpfs rw
24 22 8:1 /tmp/systemd-private-1-davylamp.service-x/tmp /tmp rw - ext4 /dev/mmcblk0p2 rw
25 22 8:2 / /media/my\\040disk rw shared:3 - ext4 /dev/sda1 rw
"""


@pytest.mark.parametrize(
    ("path", "service", "life"),
    [
        ("/var/lib/davylamp/journal.db", True, None),
        ("/media/my disk/journal.db", True, None),
        ("/run/journal.db", False, "/run is in memory (tmpfs) and is empty after the next boot"),
        ("/run/journal.db", True, "/run is in memory (tmpfs) and is empty after the next stop of the service"),
        ("/tmp/journal.db", True, "/tmp is the service's own (PrivateTmp) and is emptied whenever the service stops"),
    ],
)
def test_a_place_that_does_not_last_is_named(
    monkeypatch: pytest.MonkeyPatch, path: str, service: bool, life: str | None
) -> None:
    monkeypatch.setenv("SYSTEMD_EXEC_PID", str(os.getpid()) if service else "1")
    monkeypatch.setattr(os.path, "realpath", lambda path: path)
    monkeypatch.setattr(Path, "read_text", lambda self, **_: MOUNTS)
    found = short_life(path)
    assert found is None if life is None else life in str(found)
