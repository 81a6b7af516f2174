"""Downloads the reference record, three CSVs, from its public repository and verifies the checksums."""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Callable
from pathlib import Path
from typing import Any

from trainer.errors import FetchError

REPOSITORY = "https://github.com/gungunpandey/Synthetic-Data-Generation"
COMMIT = "8d286141ff52a0f7c8701d2fe3d1611233851754"
SHA256 = {
    "station-1.csv": "8ee07913b77e5081ea26bd5e843bd7e761131b2344b9fc6162f078ab2b1c5022",
    "station-2.csv": "a128075242b9944c72fe56824ffa8a7a3c39c70a149480d00f298cdc4240520d",
    "station-3.csv": "ba8bedf08cd37a916544d26e1c7e3c84987289d437cbcb1af53af1b927b922d0",
}
LICENSE_NOTE = f"The record is MIT-licensed, (c) 2025 Gungun Pandey: {REPOSITORY}"

_RAW = f"https://raw.githubusercontent.com/gungunpandey/Synthetic-Data-Generation/{COMMIT}"


def download(folder: str | Path, *, retrieve: Callable[..., Any] | None = None) -> list[Path]:
    """Download the reference record into ``folder``; files that are already there and intact are left alone.

    Parameters
    ----------
    folder
        Folder; it is created if it does not exist.
    retrieve
        Function that downloads, with the signature of :func:`pooch.retrieve`, which is the default.

    Returns
    -------
    list
        ``station-1.csv``, ``station-2.csv``, ``station-3.csv`` in the folder.

    Raises
    ------
    FetchError
        A download failed, a checksum is wrong, or the folder cannot be written. An existing file with other content is
        never overwritten.
    """
    folder = Path(folder)
    paths = [folder / name for name in SHA256]
    for number, path in enumerate(paths, 1):
        if path.exists():
            _verify(path, "move it away and fetch again")
        else:
            _download(path, f"Dataset {number}.csv", retrieve or _pooch())
    return paths


def _download(path: Path, name: str, retrieve: Callable[..., Any]) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise FetchError(f"{path.parent}: {error.strerror or error}; expected a folder that can be written") from error
    url = f"{_RAW}/{name.replace(' ', '%20')}"
    try:
        # pooch writes a temporary file in the same folder, and renames it only if the checksum is right.
        retrieve(url, known_hash=f"sha256:{SHA256[path.name]}", fname=path.name, path=path.parent)
    except OSError as error:  # the errors of requests are OSErrors, too
        raise FetchError(
            f'{path}: could not be downloaded ({type(error).__name__}); without a network: download "{name}" by hand '
            f"from {REPOSITORY}/tree/{COMMIT} and save it as {path}, or train on the simulator: davylamp demo"
        ) from error
    except ValueError as error:  # pooch's sentence names both checksums
        raise FetchError(f"{url}: {error} Fetch again; if it fails again, the file has changed there") from error
    _verify(path, "delete it and fetch again")


def _verify(path: Path, fix: str) -> None:
    try:
        got = hashlib.sha256(path.read_bytes()).hexdigest()
    except OSError as error:
        raise FetchError(f"{path}: {error.strerror or error}; expected a file that can be read") from error
    if got != SHA256[path.name]:
        raise FetchError(f"{path}: got sha256 {got}, expected {SHA256[path.name]}; {fix}")


def _pooch() -> Callable[..., Any]:
    import pooch  # needed only for a download

    pooch.get_logger().setLevel(logging.WARNING)  # we report the progress ourselves
    retrieve: Callable[..., Any] = pooch.retrieve
    return retrieve
