"""Damages a journal as a dying card or a stray `rm` does; each returns what it did, or "" if there was nothing."""

from __future__ import annotations

import contextlib
import os
import random
import sqlite3
from pathlib import Path

PAGE = 2048  # [B] of the journal's file
_OVERWRITTEN = 64  # [B]


def overwrite_page(journal: Path, rng: random.Random, table: str) -> str:
    """Overwrite 64 bytes at the head of a page with rows of a table, which the page's reader notices."""
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


def truncate_journal(journal: Path) -> str:
    """Cut the journal in half."""
    size = journal.stat().st_size
    os.truncate(journal, size // 2)
    return f"{journal.name} cut to {size // 2} bytes"
