"""synthesize: rows from a bundle, as a CSV like those of the training."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from itertools import chain
from pathlib import Path
from typing import TextIO

import numpy as np

from edge.bundle import Bundle
from edge.errors import RequestError
from edge.sampler import Rows, Sampler
from edge.table import read_table
from edge.writing import write_table

DIGITS = 6
"""Significant digits: what every processor agrees on."""

_PART = 50_000  # rows drawn at a time


def synthesize(
    bundle: str | os.PathLike[str],
    output: str | Path | TextIO,
    *,
    n: int,
    seed: int,
    around: str | Path | None = None,
    noise: float | None = None,
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
    around
        A CSV of the station whose rows are to be imitated; ``None``: rows like those of the whole training.
    noise
        With ``around``, the disturbance of the codes; see :meth:`edge.sampler.Sampler.around`.

    Raises
    ------
    BundleError
        The bundle cannot be used.
    TableError
        ``around`` cannot be read.
    RequestError
        ``n``, ``seed`` or ``noise`` is out of its range, or a row of ``around`` has a missing value.
    OSError
        ``output`` cannot be written.
    """
    opened = Bundle.open(bundle)
    opened.verify()
    sampler = Sampler(opened)
    if around is None:
        if noise is not None:
            raise RequestError("noise: got a value without rows to imitate; fix: name them with --around FILE")
        parts = _parts(n, lambda rows, first: sampler.prior(rows, seed, first=first))
    else:
        given = _given(around, opened)
        parts = _parts(n, lambda rows, first: sampler.around(given, rows, seed, noise, first=first))
    first = next(parts)  # a wrong number is refused before the header is written
    target = sys.stdout if str(output) == "-" else output
    rows = chain.from_iterable(part.tolist() for part in chain([first], parts))
    write_table(target, opened.station.names, rows, digits=DIGITS)


def _parts(n: int, draw: Callable[[int, int], Rows]) -> Iterator[Rows]:
    yield draw(min(n, _PART), 0)
    for first in range(_PART, n, _PART):
        yield draw(min(n - first, _PART), first)


def _given(path: str | Path, bundle: Bundle) -> Rows:
    table = read_table(path, bundle.station)
    missing = np.argwhere(np.isnan(table.values))
    if len(missing):
        row, column = missing[0]
        raise RequestError(
            f"{path}: line {table.lines[row]}, column {table.names[column]!r}: got no value, expected a number; "
            "fix: leave out rows with missing values"
        )
    return table.values
