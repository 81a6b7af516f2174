"""Lays a record out from its past to its future, and from its future to its past."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import Literal

import numpy as np

from edge.arrays import Floats, Indices
from trainer.data.record import Record
from trainer.data.splits import BLOCKS, CYCLE

PARTS = 5
"""Consecutive parts of equal size."""
TRAINED = {1: (2,), 2: (2, 4), 3: (2, 3, 4)}
"""Fits in each direction -> how many parts each is fitted on, from either end."""
QUARTERS = 4
"""Stretches of a part; each has an age of its own."""
LEAST_LAID_OUT = 1500
"""Least rows of a record that is laid out: two of five parts are then the 600 rows that a training takes."""
MOST_LAID_OUT = 50_000
"""Rows that represent a longer record: one run of consecutive rows from every quarter of a part."""

_DAY = 86_400.0

Direction = Literal["ahead", "back"]
"""``ahead``: fitted on the past, tested on the future; ``back``: the reverse."""
DIRECTIONS: tuple[Direction, ...] = ("ahead", "back")


@dataclass(frozen=True)
class TestedQuarter:
    """A quarter of a part that was not fitted on.

    Parameters
    ----------
    part
        Which part, from 0, in the order of time.
    rows
        Row numbers, in order.
    age
        Mean distance of its rows from the nearest row of the training [rows of the whole record].
    days
        The same in days; ``None`` without time stamps.
    """

    part: int
    rows: Indices
    age: float
    days: float | None


@dataclass(frozen=True)
class AgeingLayout:
    """Rows to fit on, and the quarters to test on.

    Parameters
    ----------
    direction
        Where the tested rows lie.
    trained
        How many parts are fitted on.
    train
        Their row numbers, in order.
    tested
        Quarters of all other parts, the youngest first.
    """

    direction: Direction
    trained: int
    train: Indices
    tested: tuple[TestedQuarter, ...]

    @property
    def tested_rows(self) -> Indices:
        """Row numbers of all quarters, in order."""
        return np.sort(np.concatenate([quarter.rows for quarter in self.tested]))


@dataclass(frozen=True)
class LaidOut:
    """A record and its layouts, whose row numbers are the record's.

    Parameters
    ----------
    record
        The whole record, or what represents a long one.
    layouts
        Those ahead, and then those back.
    """

    record: Record
    layouts: tuple[AgeingLayout, ...]


@dataclass(frozen=True)
class _Run:
    """A quarter of one line of time, or the middle of a long one: row numbers, and their positions in that line."""

    rows: Indices
    positions: Indices


def lay_out_in_time(record: Record, fits: int = 3, most: int = MOST_LAID_OUT) -> LaidOut:
    """Cut a record in five consecutive parts, of which some are fitted on, from either end.

    Every part that is not fitted on is tested: with three fits, the last part once has the age of three parts, once of
    two and once of one. Files that follow one another in time are one line of time. Without time stamps, two to five
    files of similar length are taken for boards that shared their hours, as in
    :func:`trainer.data.splits.blocked`: each is then cut by itself.

    Parameters
    ----------
    record
        A record of at least :data:`LEAST_LAID_OUT` rows.
    fits
        Layouts in each direction: 3 fit on two, three and four parts, 2 on two and four, and 1 on two.
    most
        Most rows to use; of a longer record each quarter of a part is represented by as many rows from its middle.
    """
    lines = time_lines(record)
    length = max(1, most // (len(lines) * PARTS * QUARTERS)) if len(record.values) > most else len(record.values)
    runs = [_runs(line, length) for line in lines]
    used = np.sort(np.concatenate([run.rows for of_line in runs for run in of_line]))
    cut = _Cut(record, lines, runs, used)
    return LaidOut(
        record if len(used) == len(record.values) else record.take(used),
        tuple(cut.layout(direction, trained) for direction in DIRECTIONS for trained in TRAINED[fits]),
    )


def _runs(line: Indices, length: int) -> list[_Run]:
    """Return a run of at most ``length`` rows from the middle of each quarter of each part of a line."""
    runs = []
    for part in np.array_split(np.arange(len(line)), PARTS):
        for quarter in np.array_split(part, QUARTERS):
            first = max(0, (len(quarter) - length) // 2)
            positions = quarter[first : first + length]
            runs.append(_Run(line[positions], positions))
    return runs


@dataclass(frozen=True)
class _Cut:
    """The runs of each line of time, and the rows in all of them, in order."""

    record: Record
    lines: list[Indices]
    runs: list[list[_Run]]
    used: Indices

    def layout(self, direction: Direction, trained: int) -> AgeingLayout:
        """Fit on parts from one end, and test on the others."""
        step = 1 if direction == "ahead" else -1
        order, quarters = range(PARTS)[::step], range(QUARTERS)[::step]
        borders = [_border(of_line, order[trained - 1], direction) for of_line in self.runs]
        train = [run for part in order[:trained] for quarter in quarters for run in self.at(part, quarter)]
        return AgeingLayout(
            direction=direction,
            trained=trained,
            train=self.numbers(train),
            tested=tuple(self.tested(part, quarter, borders) for part in order[trained:] for quarter in quarters),
        )

    def at(self, part: int, quarter: int) -> list[_Run]:
        """Return the run of every line."""
        return [of_line[part * QUARTERS + quarter] for of_line in self.runs]

    def numbers(self, runs: list[_Run]) -> Indices:
        """Return the numbers of the runs' rows among those used, in order."""
        return np.searchsorted(self.used, np.sort(np.concatenate([run.rows for run in runs])))

    def tested(self, part: int, quarter: int, borders: list[int]) -> TestedQuarter:
        """Return a quarter, its age counted from the border of each line."""
        runs, time = self.at(part, quarter), self.record.time
        pairs = list(zip(self.lines, runs, borders, strict=True))
        days = [] if time is None else [np.abs(time[run.rows] - time[line[at]]) / _DAY for line, run, at in pairs]
        known = np.concatenate([one[np.isfinite(one)] for one in days]) if days else np.zeros(0)
        return TestedQuarter(
            part=part,
            rows=self.numbers(runs),
            age=float(np.mean(np.concatenate([np.abs(run.positions - at) for _, run, at in pairs]))),
            days=float(np.mean(known)) if len(known) else None,
        )


def _border(runs: list[_Run], part: int, direction: Direction) -> int:
    """Return the position in a line of the last row fitted on, or ``back``, of the first."""
    if direction == "ahead":
        return int(runs[(part + 1) * QUARTERS - 1].positions[-1])
    return int(runs[part * QUARTERS].positions[0])


def time_lines(record: Record) -> list[Indices]:
    """Return the rows of each line of time: all of them, or those of each board if several shared their hours."""
    parts = [np.arange(start, end) for start, end in record.parts]
    spans = [] if record.time is None else sorted((*_span(record.time[rows]), n) for n, rows in enumerate(parts))
    if spans and all(end <= start for (_, end, _), (start, _, _) in pairwise(spans)):
        return [np.concatenate([parts[n] for *_, n in spans])]
    rows = len(record.values)
    if min(map(len, parts)) * BLOCKS >= rows * len(CYCLE):
        return parts
    return [np.arange(rows)]


def _span(time: Floats) -> tuple[float, float]:
    """Return the first and the last time; without any, all of time, which overlaps with every other file."""
    known = time[np.isfinite(time)]
    return (float(known.min()), float(known.max())) if len(known) else (-np.inf, np.inf)
