"""Places: where a page and its pictures are to be, looked at before anything is drawn."""

from __future__ import annotations

import os
from pathlib import Path


def path_problem(page: str | os.PathLike[str], pictures: str | os.PathLike[str] | None) -> str | None:
    """Say why a page cannot be written there, or its pictures into that folder; ``None``: they can."""
    page = Path(page)
    if page.is_dir():
        return f"{page}: got a folder, expected a file to write; fix: -o {page / 'page.html'}"
    if not page.resolve().parent.is_dir():
        return f"{page}: expected a folder that is there; fix: mkdir -p {page.parent}"
    if pictures is not None and Path(pictures).exists() and not Path(pictures).is_dir():
        return f"{pictures}: got a file, expected a folder for the pictures; fix: --png with another name"
    return None
