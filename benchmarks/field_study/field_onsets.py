"""Onsets of gas in a field record: found without the analyser, and what that costs on quiet rows."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import numpy as np

from edge.arrays import Floats, Indices, Mask
from edge.scoring.decider import QUIET
from field_study.field_record import FieldRecord
from trainer.data.onsets import PLUME
from trainer.scoring.onset import IN_TIME

BEFORE, AFTER, WAKE = 2 * 60.0, 10 * 60.0, 30 * 60.0
"""Seconds around a release in which an exceedance finds it, and after it while the site clears."""
RELEASES = "metec-2022-releases.csv"
ASIDE = ("2022-05-11T02:50:00Z", "2022-05-11T14:10:00Z")
"""A night of the METEC week in which an unlogged release is likely."""


@dataclass(frozen=True)
class Onsets:
    """Where something begins, and the rows in which nothing does.

    Parameters
    ----------
    name
        What they are.
    spans
        ``(start, end)`` rows in which an exceedance finds each of them.
    quiet
        Rows in which an exceedance is a cost [N].
    """

    name: str
    spans: tuple[tuple[int, int], ...]
    quiet: Mask

    def count(self, exceeds: Mask) -> dict[str, Any]:
        """Count those in which something exceeds, and the share of quiet rows that exceed."""
        return {
            "onsets": len(self.spans),
            "found": sum(bool(exceeds[start:end].any()) for start, end in self.spans),
            "quiet rows": int(self.quiet.sum()),
            "cost": float(exceeds[self.quiet].mean()) if self.quiet.any() else None,
        }


def field_onsets(record: FieldRecord, train: Indices, test: Indices) -> Sequence[Onsets]:
    """Return the plumes by the gas column and, at METEC, the logged releases with and without the likely other one."""
    column = record.station.gas_index
    assert column is not None
    gas, time = record.values[test, column], record.time[test]
    background = float(np.nanquantile(record.values[train, column], 0.1))
    known = record.undisturbed[test]
    low = known & (gas < QUIET * background)
    found = [Onsets("plumes", tuple(_plumes(gas, background)), low)]
    path = record.path.with_name(RELEASES)
    if record.place == "metec" and path.is_file():
        with path.open(newline="", encoding="utf-8") as file:
            releases = [(_unix(row["start"]), _unix(row["end"])) for row in csv.DictReader(file)]
        inside = [one for one in releases if time[0] <= one[0] <= time[-1]]
        spans = [np.searchsorted(time, (start - BEFORE, end + AFTER)) for start, end in inside]
        free = low.copy()
        for start, end in releases:
            free &= (time < start - BEFORE) | (time > end + WAKE)
        aside = free & ((time < _unix(ASIDE[0])) | (time > _unix(ASIDE[1])))
        every = tuple((int(start), int(end)) for start, end in spans if end > start)
        found += [Onsets("labelled", every, free), Onsets("night aside", every, aside)]
    return found


def _plumes(gas: Floats, background: float) -> list[tuple[int, int]]:
    """Return for each plume the rows from the last quiet one to 30 after its coming, or until it is quiet again."""
    spans: list[tuple[int, int]] = []
    quiet, begun = None, False
    for row, level in enumerate(gas.tolist()):
        if np.isnan(level):
            continue
        if level < QUIET * background:
            if begun and spans:
                start, end = spans[-1]
                spans[-1] = (start, min(end, row))
            quiet, begun = row, False
        elif level >= PLUME * background and quiet is not None and not begun:
            spans.append((quiet + 1, row + IN_TIME + 1))
            begun = True
    return spans


def _unix(text: str) -> float:
    return datetime.fromisoformat(text).timestamp()
