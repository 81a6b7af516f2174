"""Checks the header of a file for a station's columns, and names the nearest when one is missing."""

from __future__ import annotations

import difflib
import json
import re
from collections.abc import Sequence

_MOST_NAMED = 30
_VALUES = frozenset(
    ("value", "values", "_value", "state", "reading", "measurement", "result", "wert", "valeur", "valor")
)
_NUMBER = re.compile(r"[+-]?\d[\d.,:/ TZ+-]*")
_OF_ALARMS = ("opened", "closed", "peak_ts", "culprit")
_EXPORT = "expected CSV; export the table as CSV"
_BEGINNINGS = (
    (re.compile(r"\[?\s*\{"), f"JSON, {_EXPORT}"),
    (re.compile(r"<[!?a-z]", re.IGNORECASE), f"HTML or XML, {_EXPORT}"),
    (
        re.compile(
            r"(--[^\n]*\n|\s|PRAGMA[^\n]*\n)*(BEGIN TRANSACTION|CREATE TABLE|INSERT INTO|SET \w+)", re.IGNORECASE
        ),
        f"the dump of a database, {_EXPORT}",
    ),
)


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


def other_content(head: str, names: Sequence[str], wanted: Sequence[str]) -> str | None:
    """Describe a file that has hardly a column because it is something else; ``None``: it cannot be told.

    Parameters
    ----------
    head
        The beginning of the file.
    names
        What would be its header.
    wanted
        The names needed.
    """
    for pattern, what in _BEGINNINGS:
        if pattern.match(head):
            return f"got {what}"
    cells = [name for name in names if name]
    if set(_OF_ALARMS) <= set(cells):
        return "got the alarms of a station, which collect writes beside its readings; leave this file out"
    if sum(not character.isprintable() for name in cells for character in name) > 3:
        return f"got bytes that are no text, {_EXPORT}"
    if len(cells) == 1 and sum(name in cells[0] for name in wanted) > 1:
        return "got lines that are one cell each; export the file again without quotes around whole lines"
    if cells and all(map(_NUMBER.fullmatch, cells)):
        return (
            f"got numbers ({', '.join(map(quoted, cells[:3]))}, ...), expected a header; write one above the first row"
        )
    line = [cell.strip(" \r\"'") for cell in re.split(r"[;,\t|]", head.partition("\n")[0])]
    found = next((each for each in (cells, line) if any(name.casefold() in _VALUES for name in each)), None)
    if found is not None:
        return (
            f"got the columns {', '.join(map(quoted, found[:_MOST_NAMED]))}, which have one value in each row; "
            "export it with one column for each quantity, and its readings of one time in one row"
        )
    return None
