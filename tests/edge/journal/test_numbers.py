"""Numbers are reserved a thousand at a time, and what was reserved is known after a kill."""

from __future__ import annotations

from pathlib import Path

import pytest

from edge.journal import numbers as module
from edge.journal.numbers import Numbers
from edge.journal.transaction import StationRow


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "journal.db.numbers"


def _station(name: str, n: int) -> StationRow:
    return StationRow(1, name, "t", "a", n, b"", None)


def test_a_line_is_written_once_in_a_thousand_readings(path: Path) -> None:
    numbers = Numbers(path)
    for n in range(1, 3001):
        assert numbers.reserve("st-1", n) >= n
        if numbers.pending:
            assert numbers.write() == ""
    assert len(path.read_bytes().split()) == 3
    again = Numbers(path)
    assert (again.highest("st-1"), again.highest("st-2")) == (3003, 0)
    assert again.reserve("st-1", 3001) == 3003
    assert not again.pending


def test_a_count_that_is_smaller_than_what_was_journalled_shows_a_loss(path: Path) -> None:
    numbers = Numbers(path)
    for n in (1, 1002, 2003):
        numbers.reserve("st-1", n)
    assert numbers.raised([_station("st-1", 2002)], lost=False) == []
    assert [row.n for row in numbers.raised([_station("st-1", 2002)], lost=True)] == [3003]
    assert [row.n for row in numbers.raised([_station("st-1", 1000)], lost=False)] == [3003]
    assert numbers.raised([_station("st-2", 5)], lost=True) == []


def test_a_line_that_was_cut_off_or_overwritten_is_left_out(path: Path) -> None:
    numbers = Numbers(path)
    numbers.reserve("st-1", 1)
    numbers.reserve("st-2", 1)
    numbers.write()
    text = path.read_bytes()
    path.write_bytes(b"\xff\xff\n" + text[:-5])
    numbers = Numbers(path)
    assert (numbers.highest("st-1"), numbers.highest("st-2")) == (1001, 0)
    numbers.reserve("st-2", 7)
    numbers.write()
    assert Numbers(path).highest("st-2") == 1007


def test_the_file_does_not_grow_without_end_and_invented_names_are_forgotten_first(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_MOST_STATIONS", 20)
    monkeypatch.setattr(module, "_MOST_LINES", 40)
    numbers = Numbers(path)
    numbers.reserve("real", 5000)
    numbers.reserve("old", 900)
    numbers.retire("old")
    for n in range(200):
        numbers.reserve(f"invented-{n}", 1)
        numbers.write()
        numbers.retire(f"invented-{n}")
    again = Numbers(path)
    assert (again.highest("real"), again.highest("old")) == (6000, 1900)
    assert len(list(again)) <= 40
    assert len(path.read_bytes().split()) <= 40
    assert path.stat().st_mode & 0o777 == 0o600


def test_a_disk_that_refuses_is_said_and_tried_again(tmp_path: Path) -> None:
    numbers = Numbers(tmp_path / "nowhere" / "numbers")
    numbers.reserve("st-1", 1)
    assert "No such file" in numbers.write()
    assert numbers.pending
    (tmp_path / "nowhere").mkdir()
    assert numbers.write() == ""
    assert Numbers(tmp_path / "nowhere" / "numbers").highest("st-1") == 1001
