"""What is built once for all of these tests."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.gateway.fixture_bundle import make_bundle
from tests.packages.images import ImageStore, lacking
from tests.packages.tools import FOLDER, ran, tool


@pytest.fixture(scope="session")
def distributions() -> dict[str, Path]:
    """The sdist and the wheel that is built from it, as they would stand on a package index."""
    folder = FOLDER / "dist"
    shutil.rmtree(folder, ignore_errors=True)
    ran(tool("python"), "-m", "build", "--no-isolation", "--outdir", folder)
    return {"sdist": next(folder.glob("*.tar.gz")), "wheel": next(folder.glob("*.whl"))}


@pytest.fixture(scope="session")
def bundle() -> Path:
    """A bundle trained in seconds."""
    return make_bundle(FOLDER / "one.davy")


@pytest.fixture(scope="session")
def images() -> ImageStore:
    """The store; skipped where nothing can be built."""
    if missing := lacking():
        pytest.skip(f"NO IMAGE CAN BE BUILT HERE: {missing[0]}")
    return ImageStore()
