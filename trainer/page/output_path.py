"""Checks, before anything is drawn, whether a page and its pictures can be written."""

from __future__ import annotations

import os
from pathlib import Path


def path_problem(page: str | os.PathLike[str], pictures: str | os.PathLike[str] | None) -> str | None:
    """Return why a page cannot be written there, or its pictures into that folder; ``None`` if both can."""
    page = Path(page)
    if page.is_dir():
        return f"{page}: got a folder, expected a file to write; fix: -o {page / 'page.html'}"
    if not page.resolve().parent.is_dir():
        return f"{page}: expected an existing folder; fix: mkdir -p {page.parent}"
    if pictures is not None and Path(pictures).exists() and not Path(pictures).is_dir():
        return f"{pictures}: got a file, expected a folder for the pictures; fix: --png with another name"
    return None
