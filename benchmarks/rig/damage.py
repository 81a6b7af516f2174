"""Damages a journal as a dying card or a stray `rm` does; each returns what it did, or "" if there was nothing."""

from __future__ import annotations

import contextlib
import os
import random
import sqlite3
from pathlib import Path

PAGE = 2048  # [B] of the journal's file
_LEAF = (0x0A, 0x0D)  # kinds of pages that contain rows
_OVERWRITTEN = 64  # [B]


def overwrite_page(journal: Path, rng: random.Random, table: str | None = None) -> str:
    """Overwrite 64 bytes at the head of a page with rows, of a table or of any, which the page's reader notices."""
    if table is None:
        pages = [each for each in range(1, journal.stat().st_size // PAGE) if _kind(journal, each) in _LEAF]
    else:
        query = "select pageno - 1 from dbstat where name = ? and pagetype = 'leaf'"
        with contextlib.closing(sqlite3.connect(journal)) as database:
            pages = [page for (page,) in database.execute(query, (table,))]
    if not pages:
        return ""
    page = rng.choice(pages)
    with journal.open("r+b") as file:
        file.seek(page * PAGE)
        file.write(b"\xff" * _OVERWRITTEN)
    return f"{_OVERWRITTEN} bytes of page {page} overwritten"


def remove_log(journal: Path) -> str:
    """Remove the file beside the journal that the latest commits are in."""
    try:
        Path(f"{journal}-wal").unlink()
    except FileNotFoundError:
        return ""
    return "-wal removed"


def truncate_log(journal: Path) -> str:
    """Cut that file in half."""
    return _halve(Path(f"{journal}-wal"))


def truncate_journal(journal: Path) -> str:
    """Cut the journal in half."""
    return _halve(journal)


def empty_journal(journal: Path) -> str:
    """Cut the journal to nothing."""
    os.truncate(journal, 0)
    return "emptied"


def remove_journal(journal: Path) -> str:
    """Remove the journal with what is beside it, but for the lock and the numbers."""
    for end in ("", "-wal", "-shm"):
        Path(f"{journal}{end}").unlink(missing_ok=True)
    return "removed"


def _halve(file: Path) -> str:
    try:
        size = file.stat().st_size
    except FileNotFoundError:
        return ""
    os.truncate(file, size // 2)
    return f"{file.name} cut to {size // 2} bytes"


def _kind(journal: Path, page: int) -> int:
    with journal.open("rb") as file:
        file.seek(page * PAGE)
        return (file.read(1) or b"\0")[0]
