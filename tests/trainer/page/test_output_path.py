"""A page that cannot be written is reported before anything is drawn."""

from __future__ import annotations

from pathlib import Path

import pytest

from trainer.page.output_path import path_problem


def test_a_usable_path_has_no_problem(tmp_path: Path) -> None:
    assert path_problem(tmp_path / "page.html", None) is None
    assert path_problem(tmp_path / "page.html", tmp_path / "new") is None
    assert path_problem("page.html", tmp_path) is None


@pytest.mark.parametrize(
    ("page", "pictures", "expected"),
    [
        ("no/page.html", None, "no/page.html: expected an existing folder; fix: mkdir -p "),
        ("folder", None, "folder: got a folder, expected a file to write; fix: -o "),
        ("page.html", "file", "file: got a file, expected a folder for the pictures; fix: --png with another name"),
    ],
)
def test_an_unusable_path_is_reported_with_the_fix(
    tmp_path: Path, page: str, pictures: str | None, expected: str
) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "file").touch()
    problem = path_problem(tmp_path / page, tmp_path / pictures if pictures else None)
    assert problem is not None
    assert expected in problem
    assert "\n" not in problem
