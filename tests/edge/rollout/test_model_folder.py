"""The folder of bundles that were pushed."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

import pytest

from edge.errors import BundleError, RequestError
from edge.rollout.model_folder import ModelFolder

DATA = bytes(range(200))
SHA256 = hashlib.sha256(DATA).hexdigest()


@pytest.fixture
def folder(tmp_path: Path) -> ModelFolder:
    return ModelFolder(tmp_path / "models")


def test_a_file_has_its_name_only_when_it_is_whole(folder: ModelFolder) -> None:
    assert folder.append(SHA256, 200, 0, DATA[:120]) == 120
    assert not folder.file(SHA256).exists()
    assert folder.append(SHA256, 200, 120, DATA[120:]) == 200
    assert folder.file(SHA256).read_bytes() == DATA
    assert folder.received(SHA256, 200) == 200


def test_a_whole_part_that_has_not_got_its_name_comes_again(folder: ModelFolder) -> None:
    folder.append(SHA256, 200, 0, DATA[:150])
    part = folder.path / f"{SHA256}.part"
    part.write_bytes(DATA)  # the power was cut before the rename
    assert folder.received(SHA256, 200) == 0
    assert folder.append(SHA256, 200, 0, DATA) == 200
    assert folder.file(SHA256).read_bytes() == DATA


def test_a_file_that_was_changed_is_deleted(folder: ModelFolder) -> None:
    with pytest.raises(BundleError, match="it was changed on its way"):
        folder.append(SHA256, 200, 0, DATA[::-1])
    assert list(folder.path.iterdir()) == []


def test_files_that_nobody_finishes_give_way(folder: ModelFolder) -> None:
    names = [hashlib.sha256(bytes([number])).hexdigest() for number in range(5)]
    for age, name in enumerate(names):
        folder.append(name, 200, 0, DATA[:10])
        os.utime(folder.path / f"{name}.part", (age, age))
    assert sorted(each.stem for each in folder.path.iterdir()) == sorted(names[-3:])


def test_what_a_power_cut_left_of_an_index_is_removed(folder: ModelFolder) -> None:
    folder.save()
    (folder.path / ".davylamp-1234").write_text("{")
    folder.file(SHA256).write_bytes(DATA)
    folder.save()
    assert [each.name for each in folder.path.iterdir()] == ["models.json"]


def test_nobody_else_may_read_the_folder(folder: ModelFolder) -> None:
    folder.save()
    assert folder.path.stat().st_mode & 0o777 == 0o700


def test_what_is_left_on_the_disk_is_the_journals(folder: ModelFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("edge.rollout.model_folder.free_mb", lambda _: 11.5)
    with pytest.raises(RequestError, match=r"its disk has 11\.5 MB left, and 12 of them are the journal's; fix: make"):
        folder.append(SHA256, 200, 0, DATA[:10])
    assert not list(folder.path.glob("*.part"))
