from __future__ import annotations

import hashlib
import shutil
from pathlib import Path
from typing import Any

import pooch
import pytest

from trainer.data.download import LICENSE_NOTE, SHA256, download
from trainer.errors import FetchError


class Mirror:
    """Stands for the network: serves the record from a folder, as :func:`pooch.retrieve` would."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.urls: list[str] = []

    def __call__(self, url: str, known_hash: str, fname: str, path: Path) -> str:
        self.urls.append(url)
        return str(pooch.retrieve(url, known_hash, fname, path, downloader=self._serve))

    def _serve(self, url: str, target: str, _: Any) -> None:
        number = url.removesuffix(".csv")[-1]
        shutil.copyfile(self.folder / f"station-{number}.csv", target)


def offline(*_: object, **__: object) -> None:
    raise ConnectionError("no route to host")


def test_three_files_are_fetched_once_and_left_alone_afterwards(tmp_path: Path, record_folder: Path) -> None:
    mirror = Mirror(record_folder)
    folder = tmp_path / "new" / "data"

    first = download(folder, retrieve=mirror)
    second = download(folder, retrieve=offline)

    assert first == second == [folder / f"station-{number}.csv" for number in (1, 2, 3)]
    assert [hashlib.sha256(path.read_bytes()).hexdigest() for path in first] == list(SHA256.values())
    assert [url.rsplit("/", 1)[1] for url in mirror.urls] == [f"Dataset%20{number}.csv" for number in (1, 2, 3)]
    assert sorted(path.name for path in folder.iterdir()) == [f"station-{number}.csv" for number in (1, 2, 3)]


def test_without_a_network_one_line_says_what_to_do_by_hand(tmp_path: Path) -> None:
    with pytest.raises(FetchError) as caught:
        download(tmp_path, retrieve=offline)

    text = str(caught.value)
    assert "\n" not in text
    assert text.startswith(f"{tmp_path / 'station-1.csv'}: could not be downloaded (ConnectionError)")
    assert 'download "Dataset 1.csv" by hand from https://github.com/' in text
    assert f"save it as {tmp_path / 'station-1.csv'}" in text
    assert "davylamp demo" in text


def test_a_download_with_a_wrong_checksum_names_both_and_leaves_nothing(tmp_path: Path) -> None:
    source, target = tmp_path / "source", tmp_path / "target"
    source.mkdir()
    (source / "station-1.csv").write_text("not the record")

    with pytest.raises(FetchError) as caught:
        download(target, retrieve=Mirror(source))

    text = str(caught.value)
    assert SHA256["station-1.csv"] in text
    assert hashlib.sha256(b"not the record").hexdigest() in text
    assert "\n" not in text
    assert list(target.iterdir()) == []


def test_a_file_with_another_content_is_never_overwritten(tmp_path: Path) -> None:
    (tmp_path / "station-1.csv").write_text("my own readings")

    with pytest.raises(FetchError) as caught:
        download(tmp_path, retrieve=offline)

    assert str(caught.value) == (
        f"{tmp_path / 'station-1.csv'}: got sha256 {hashlib.sha256(b'my own readings').hexdigest()}, "
        f"expected {SHA256['station-1.csv']}; move it away and fetch again"
    )
    assert (tmp_path / "station-1.csv").read_text() == "my own readings"


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")

    with pytest.raises(FetchError, match=r"expected a folder that can be written"):
        download(tmp_path / "file" / "data", retrieve=offline)


def test_the_licence_names_its_holder() -> None:
    assert "MIT" in LICENSE_NOTE
    assert "(c) 2025 Gungun Pandey" in LICENSE_NOTE
