"""beside_journal: where an agent keeps what belongs to its journal."""

from __future__ import annotations

from pathlib import Path


def beside_journal(journal: str | Path, name: str) -> Path:
    """Return the path of a file or folder that belongs to a journal.

    Two agents may have their journals in one folder, and must not share what lies beside them.

    Examples
    --------
    >>> str(beside_journal("/var/lib/davylamp/journal.db", "archive.db"))
    '/var/lib/davylamp/archive.db'
    >>> str(beside_journal("north.db", "models"))
    'north-models'
    """
    path = Path(journal)
    return path.with_name(name if path.stem == "journal" else f"{path.stem}-{name}")
