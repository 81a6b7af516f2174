"""docs/home-assistant.md has the tables that the components give."""

from __future__ import annotations

from pathlib import Path

from edge.discovery.documentation import component_tables

PAGE = Path(__file__).parents[3] / "docs" / "home-assistant.md"


def test_the_page_lists_the_components_that_are_announced() -> None:
    assert component_tables() in PAGE.read_text(encoding="utf-8"), "fix: python -m edge.discovery.documentation"
