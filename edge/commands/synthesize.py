"""synthesize: rows from a bundle, as a CSV like those of the training."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from itertools import chain
from pathlib import Path
from typing import TextIO

import numpy as np
from msgspec.structs import replace

from edge.arrays import Floats
from edge.bundles.bundle import Bundle
from edge.errors import RequestError
from edge.readings.csv.reader import read_table
from edge.readings.csv.writer import write_table
from edge.readings.recent import Recent
from edge.synthesis.sampler import Sampler
from edge.synthesis.sampling_conditions import Draw, SamplingConditions

DIGITS = 6
"""Significant digits: what every processor agrees on."""

_PART = 50_000  # rows drawn at a time


def synthesize(
    bundle: str | os.PathLike[str],
    output: str | Path | TextIO,
    *,
    n: int,
    seed: int,
    wish: SamplingConditions | None = None,
    around: str | Path | None = None,
) -> None:
    """Write synthetic rows under the column names and in the units of the training.

    Parameters
    ----------
    bundle
        Path of a bundle.
    output
        A path, ``-`` for standard output, or an open text stream.
    n, seed
        How many rows, and which: the same bundle and seed give the same rows, and fewer rows are the first of more.
    wish
        What they should be like; ``None``: all of the training.
    around
        A CSV of the station whose rows become those that the wish is ``around``.

    Raises
    ------
    BundleError
        The bundle cannot be used.
    TableError
        ``around`` cannot be read.
    RequestError
        A number is out of its range, the training has no such rows, or a row of ``around`` has a missing value.
    OSError
        ``output`` cannot be written.
    """
    opened = Bundle.open(bundle)
    opened.verify()
    wish = wish or SamplingConditions(prior=around is None)
    if around is not None:
        wish = replace(wish, around=_given(around, opened).tolist())
    draw = wish.draw(Sampler(opened.generator), seed, _nobody)
    parts = _parts(n, draw)
    first = next(parts)  # a wrong number is refused before the header is written
    target = sys.stdout if str(output) == "-" else output
    rows = chain.from_iterable(part.tolist() for part in chain([first], parts))
    write_table(target, opened.station.names, rows, digits=DIGITS)


def _nobody() -> Recent:
    raise RequestError("around: got the readings of a station, expected rows; fix: send this request to an agent")


def _parts(n: int, draw: Draw) -> Iterator[Floats]:
    yield draw(min(n, _PART), 0)
    for first in range(_PART, n, _PART):
        yield draw(min(n - first, _PART), first)


def _given(path: str | Path, bundle: Bundle) -> Floats:
    table = read_table(path, bundle.station)
    missing = np.argwhere(np.isnan(table.values))
    if len(missing):
        row, column = missing[0]
        raise RequestError(
            f"{path}: line {table.lines[row]}, column {table.names[column]!r}: got no value, expected a number; "
            "fix: leave out rows with missing values"
        )
    return table.values
