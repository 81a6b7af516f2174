"""Fixtures of the tests of discovery."""

from __future__ import annotations

from pathlib import Path

import pytest

from edge.bundles.bundle import Bundle


@pytest.fixture(scope="session")
def methane_bundle(bundles: dict[str, Path]) -> Bundle:
    return Bundle.open(bundles["ae"])
