"""Places: a page that cannot be written is told before anything is drawn."""

from __future__ import annotations

from pathlib import Path

import pytest

from trainer.page import path_problem


def test_a_place_that_serves_says_nothing(tmp_path: Path) -> None:
    assert path_problem(tmp_path / "page.html", None) is None
    assert path_problem(tmp_path / "page.html", tmp_path / "new") is None
    assert path_problem("page.html", tmp_path) is None


@pytest.mark.parametrize(
    ("page", "pictures", "told"),
    [
        ("no/page.html", None, "no/page.html: expected a folder that is there; fix: mkdir -p "),
        ("folder", None, "folder: got a folder, expected a file to write; fix: -o "),
        ("page.html", "file", "file: got a file, expected a folder for the pictures; fix: --png with another name"),
    ],
)
def test_a_place_that_does_not_serve_is_told_with_the_fix(
    tmp_path: Path, page: str, pictures: str | None, told: str
) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "file").touch()
    sentence = path_problem(tmp_path / page, tmp_path / pictures if pictures else None)
    assert sentence is not None
    assert told in sentence
    assert "\n" not in sentence
