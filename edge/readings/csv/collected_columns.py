"""Names the columns of a collected file that are no channels: what the gateway and people said of each reading."""

from __future__ import annotations

import json
from collections.abc import Sequence

import numpy as np

from edge.arrays import Texts

VERDICT = "davylamp_verdict"
"""The state of the reading's verdict, e.g. ``ok`` or ``alarm``; empty where it is not known."""

ALARMS = "davylamp_alarms"
"""Ids of the alarms that were open at the reading, joined by ``+``; empty without one."""

LABEL = "davylamp_label"
"""What people said these alarms were, joined by ``+`` where they differ; empty without one."""

COLLECTED = (VERDICT, ALARMS, LABEL)
"""All of them, in the order of the file."""

JOINED = "+"
"""Stands between two ids, and between two labels."""

NOT_BACKGROUND = frozenset({"plume", "fault"})
"""Labels of rows that no fit may see, and that ``evaluate`` tests a run with."""

_LABELS = frozenset({*NOT_BACKGROUND, "false"})
_NONE = frozenset({"", "nan", "none", "null", "na", "-"})
_MOST_NAMED = 5


def read_labels(cells: Sequence[str], lines: Sequence[int], numbered: str = "line") -> tuple[Texts, tuple[str, ...]]:
    """Read the cells of :data:`LABEL`, in whatever case they are written.

    Returns
    -------
    tuple
        The labels [N], joined by ``+``, and a sentence about words that are none: a person may have written them.

    Examples
    --------
    >>> read_labels(["", "Plume", "leak"], [2, 3, 4])[1]
    ('davylamp_label: got "leak" in 1 row, expected plume, fault or false; taken as background (first at line 4)',)
    """
    known: dict[str, str] = {}
    strange: dict[str, None] = {}
    for cell in dict.fromkeys(cells):
        words = [word for part in cell.split(JOINED) if (word := part.strip().casefold()) not in _NONE]
        known[cell] = JOINED.join(word for word in words if word in _LABELS)
        if any(word not in _LABELS for word in words):
            strange[cell] = None
    labels = np.array([known[cell] for cell in cells])
    rows = [row for row, cell in enumerate(cells) if cell in strange]
    if not rows:
        return labels, ()
    named = ", ".join(json.dumps(cell.strip()[:40], ensure_ascii=False) for cell in list(strange)[:_MOST_NAMED])
    many = "rows" if len(rows) > 1 else "row"
    first = f"(first at {numbered} {lines[rows[0]]})"
    return labels, (
        f"{LABEL}: got {named} in {len(rows)} {many}, expected plume, fault or false; taken as background {first}",
    )
