"""A real bundle, as a file, as bytes and as what is in it."""

from __future__ import annotations

import zipfile
from pathlib import Path

import pytest


@pytest.fixture(scope="module")
def path(bundles: dict[str, Path]) -> Path:
    return bundles["both"]


@pytest.fixture(scope="module")
def data(path: Path) -> bytes:
    return path.read_bytes()


@pytest.fixture(scope="module")
def entries(path: Path) -> dict[str, bytes]:
    with zipfile.ZipFile(path) as archive:
        return {name: archive.read(name) for name in archive.namelist()}
