"""What was fetched survives, belongs to one collection at a time, and takes nobody else's file."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from edge.archive.tables import BlockRow
from edge.collecting.spool import Spool
from edge.errors import ArchiveError

BLOCK = BlockRow(7, "st-1", "c", 1.0, 2.0, 3, 3, 2.5, b"data")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "recent.csv.part"


def test_it_goes_on_where_it_was_and_anew_for_another_station_or_more_days(path: Path) -> None:
    for station, since, after in (
        ("st-1", 100.0, 0), ("st-1", 100.0, 7), ("st-1", 200.0, 7), ("st-1", 50.0, 0), ("st-2", 50.0, 0),
    ):  # fmt: skip
        spool = Spool(path, station, since)
        assert spool.after("a") == after
        assert spool.after("b") == 0
        spool.put_block("a", BLOCK)
        spool.close()


def test_two_collections_do_not_write_to_the_same(path: Path) -> None:
    spool = Spool(path, "st-1", 0.0)
    with pytest.raises(ArchiveError, match="fix: wait until the other davylamp collect has done, or give each its own"):
        Spool(path, "st-1", 0.0)
    spool.put_block("a", BLOCK)
    spool.close()
    again = Spool(path, "st-1", 0.0)
    assert again.after("a") == 7
    again.close()


def test_a_file_of_another_program_is_left_as_it_is(path: Path) -> None:
    path.write_text("half a download\n" * 100)
    with pytest.raises(ArchiveError, match="file is not a database; fix: remove it"):
        Spool(path, "st-1", 0.0)
    assert path.read_text().startswith("half a download")
    path.unlink()
    with closing(sqlite3.connect(path, isolation_level=None)) as db:
        db.execute("create table songs (name text)")
    with pytest.raises(ArchiveError, match="got another program's file"):
        Spool(path, "st-1", 0.0)
    with closing(sqlite3.connect(path, isolation_level=None)) as db:
        assert db.execute("select name from sqlite_schema").fetchall() == [("songs",)]
