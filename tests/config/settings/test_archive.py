"""Where an agent keeps what belongs to its journal."""

from __future__ import annotations

from pathlib import Path

from config.settings.archive import ArchiveSettings


def test_two_journals_in_one_folder_do_not_share_an_archive() -> None:
    settings = ArchiveSettings()
    assert settings.place("/var/lib/davylamp/journal.db") == Path("/var/lib/davylamp/archive.db")
    north, south = settings.place("state/north.db"), settings.place("state/south.db")
    assert north.parent == south.parent == Path("state")
    assert north != south


def test_a_path_that_is_set_is_taken_as_it_is() -> None:
    assert ArchiveSettings(path="elsewhere.db").place("north.db") == Path("elsewhere.db")
