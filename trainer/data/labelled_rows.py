"""Finds the rows of collected files that people have labelled as a plume or a fault: no fit may see them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from edge.arrays import Mask, Texts
from edge.readings.csv.collected_columns import JOINED, NOT_BACKGROUND
from edge.readings.csv.table import CsvTable, Dropped

BEFORE = 4
"""Rows before a labelled one that are left out with it: an alarm opens on the third exceedance of five readings."""


def find_labelled(tables: Sequence[CsvTable]) -> Mask:
    """Return which rows of files [N] are labelled as a plume or a fault, or come right before such a row."""
    return np.concatenate([_of(table) for table in tables])


def label_spans(labels: Texts) -> Iterator[tuple[str, int, int]]:
    """Yield the label, the first row and the row after the last one of each stretch of a plume or a fault.

    Examples
    --------
    >>> list(label_spans(np.array(["", "plume", "plume", "", "fault", "false"])))
    [('plume', 1, 3), ('fault', 4, 5)]
    """
    kinds = [_kind(label) for label in labels.tolist()]
    start = 0
    for row in range(1, len(kinds) + 1):
        if row == len(kinds) or kinds[row] != kinds[start]:
            if kinds[start]:
                yield kinds[start], start, row
            start = row


def labelled_sentence(table: CsvTable, labelled: Mask, numbered: str) -> str | None:
    """Describe what was left out of a file because of its labels; ``None``: nothing.

    Parameters
    ----------
    table
        The file's rows.
    labelled
        Which of them are left out [N].
    numbered
        What its rows are numbered by.
    """
    if table.labels is None or not labelled.any():
        return None
    counts: dict[str, int] = {}
    for kind, start, end in label_spans(table.labels):
        counts[kind] = counts.get(kind, 0) + end - start
    listed = ", ".join(f"{kind} {count}" for kind, count in sorted(counts.items()))
    reason = f"labelled {listed}, and up to {BEFORE} before each"
    return Dropped(reason, int(labelled.sum()), int(table.lines[np.argmax(labelled)])).sentence(numbered)


def _kind(label: str) -> str:
    """Return what makes a label no background; a plume counts more than a fault."""
    found = NOT_BACKGROUND.intersection(label.split(JOINED)) if label else ()
    return max(found, default="")


def _of(table: CsvTable) -> Mask:
    found = np.zeros(len(table.values), dtype=np.bool_)
    if table.labels is not None:
        for _, start, end in label_spans(table.labels):
            found[max(0, start - BEFORE) : end] = True
    return found
