"""Which rows of a record are trained on, and which are judged."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from edge.arrays import Indices
from field_study.field_record import FieldRecord

BLOCKS = 12
"""Contiguous blocks of the interleaved split, of which every third is judged."""
_MONTHS = {6: "6 -> 6 months", 9: "9 -> 3 months", 3: "3 -> 9 months"}


@dataclass(frozen=True)
class FieldSplit:
    """Rows to train on, and rows to judge on.

    Parameters
    ----------
    name
        In words.
    train, test
        Rows of the record, in order.
    """

    name: str
    train: Indices
    test: Indices


def field_splits(record: FieldRecord) -> Iterator[FieldSplit]:
    """Yield the splits of a record: from its past to its future, backwards, and one of interleaved blocks."""
    rows = np.arange(len(record.values))
    if record.place == "roadside":
        days = record.time.astype("datetime64[s]")
        month = days[0].astype("datetime64[M]")
        into = days[0].astype("datetime64[D]") - month.astype("datetime64[D]")
        for months, name in _MONTHS.items():
            past = days < (month + months).astype("datetime64[D]") + into
            yield FieldSplit(name, rows[past], rows[~past])
    else:
        half = len(rows) // 2
        yield FieldSplit("first -> second half", rows[:half], rows[half:])
        yield FieldSplit("second -> first half", rows[half:], rows[:half])
    block = rows * BLOCKS // len(rows)
    yield FieldSplit("interleaved blocks", rows[block % 3 != 1], rows[block % 3 == 1])
