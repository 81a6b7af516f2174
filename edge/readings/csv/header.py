"""Checks the header of a file for a station's columns, and names the nearest when one is missing."""

from __future__ import annotations

import difflib
import json
from collections.abc import Sequence

_MOST_NAMED = 30


def quoted(text: str, most: int = 40) -> str:
    """Quote ``text`` for a one-line message, cut to ``most`` characters."""
    return json.dumps(text if len(text) <= most else text[:most] + "…", ensure_ascii=False)


def nearest(word: str, known: Sequence[str]) -> str | None:
    """Find the name most like ``word`` among ``known``, ignoring case, or ``None``."""
    folded = {name.casefold(): name for name in reversed(known)}
    close = difflib.get_close_matches(word.casefold(), list(folded), n=1, cutoff=0.5)
    return folded[close[0]] if close else None


def header_fault(header: Sequence[str], wanted: Sequence[str]) -> str | None:
    """Describe what is wrong with a header in a sentence; ``None``: nothing.

    Parameters
    ----------
    header
        The names found, stripped.
    wanted
        The names needed, each exactly once. Other columns do not matter.
    """
    missing = [name for name in wanted if name not in header]
    if missing:
        named = []
        for name in missing:
            found = nearest(name, [other for other in header if other and other not in wanted])
            named.append(quoted(name) + (f" (nearest: {quoted(found)})" if found else ""))
        others = [quoted(name) for name in header if name]
        more = f" and {len(others) - _MOST_NAMED} more" if len(others) > _MOST_NAMED else ""
        return (
            f"got the columns {', '.join(others[:_MOST_NAMED]) or 'none'}{more}, expected also {', '.join(named)}; "
            "rename the columns here or the names in the station file"
        )
    twice = [name for name in wanted if list(header).count(name) > 1]
    if twice:
        return f"got {', '.join(map(quoted, twice))} more than once, expected each column once; remove or rename one"
    return None
