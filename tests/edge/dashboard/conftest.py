"""Fixtures of the page's tests."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.edge.dashboard.made_up_page import MadeUpPage


@pytest.fixture
def page(monkeypatch: pytest.MonkeyPatch) -> Iterator[MadeUpPage]:
    """The page upon made-up answers."""
    one = MadeUpPage(monkeypatch)
    yield one
    one.close()
