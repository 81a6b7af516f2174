"""An archive in a folder of its own, with a clock that stands still."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from config.settings.archive import ArchiveSettings
from edge.archive.archive import Archive
from tests.doubles import FakeClock
from tests.edge.archive.archives import T0


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "archive.db"


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock(T0)


@pytest.fixture
def archive(path: Path, clock: FakeClock) -> Iterator[Archive]:
    archive = Archive(ArchiveSettings(), path, clock)
    yield archive
    archive.close()
