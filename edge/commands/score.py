"""score: verdicts on the rows of files, or on a stream of messages, without a broker."""

from __future__ import annotations

import os
import sys
from collections.abc import Collection, Iterator, Sequence
from pathlib import Path
from typing import BinaryIO, TextIO

import msgspec
import numpy as np

from edge.bundles.bundle import Bundle
from edge.clock import SystemClock
from edge.errors import ReadingError, RequestError
from edge.readings.csv.reader import read_table
from edge.readings.csv.writer import Cell, write_table
from edge.readings.quality import worst
from edge.readings.reading import Decoder, Reading
from edge.scoring.scorer import Scorer
from edge.scoring.verdict import Methane, Verdict

COLUMNS = (
    "file", "row", "reconstruction", "reconstruction_p", "consistency", "consistency_p", "culprit",
    "methane", "methane_p", "virtual_ppb", "virtual_sd_ppb", "flag", "state", "alarm",
)  # fmt: skip
"""Of the CSV that comes out."""

STREAM = "-"
"""In the place of a file: standard input, and standard output."""

_ROWS = 512  # scored together


def score_files(
    bundle_path: str | os.PathLike[str],
    files: Sequence[str | os.PathLike[str]],
    output: str | Path | TextIO | None = None,
    *,
    request: float | None = None,
    absent: Collection[str] = (),
    adapt: bool = False,
    source: BinaryIO | None = None,
) -> None:
    """Score files, one output row per input row, in order; or with ``-`` a stream, one line per reading.

    The columns are :data:`COLUMNS`; a cell is empty while there is no such score. ``row`` counts the rows below the
    header from 0, the blank ones too: it is the row's line minus 2. Blank rows are no readings and have no verdict.
    ``virtual_ppb`` says ``over range`` or ``under range`` beyond the levels that were trained on. ``flag`` is the worst
    channel's; ``alarm`` names, joined by ``+``, the kinds that exceed on this row, before any delay or hold. Each file
    begins without a past, and so does what follows a row of nothing but separators.

    A stream is NDJSON, each line a payload as a station would publish it. Each reading gives its verdict as one line
    of JSON, and what cannot be used gives ``{"error", "at", "line"}`` in its place; the stream goes on, and that is no
    failure. Blank lines are passed over.

    Parameters
    ----------
    bundle_path
        The trained station.
    files
        CSV files of that station, or ``["-"]``.
    output
        A path, or an open text stream; ``None`` and ``-``: standard output. A CSV is replaced whole or not at all.
    request
        Requested rate of exceedances by chance, per kind, as a share of the readings in (0, 1); ``None``: the bundle's.
    absent
        Keys that the station never sends: the gas column's, or none. The column need not be there, and is not looked
        at where it is.
    adapt
        Whether thresholds follow the rows, as they follow a station on a gateway; else they stay.
    source
        The stream in; ``None``: standard input.

    Raises
    ------
    BundleError
        The bundle cannot be used, or has no scorer for a station without the ``absent`` keys.
    TableError
        A file cannot be read as this station's readings.
    RequestError
        ``request`` is out of its range, or ``-`` stands beside files.
    OSError
        ``output`` cannot be written.
    """
    if request is not None and not 0 < request < 1:
        raise RequestError(f"request: got {request:g}, expected a rate in (0, 1); 0.001 is one reading in 1000")
    names = [os.fspath(file) for file in files]
    if STREAM in names and len(names) > 1:
        raise RequestError("files: got - beside other files, expected it alone")
    bundle = Bundle.open(bundle_path)
    scorer = Scorer(
        bundle, absent=absent, exceedances_per_1000=None if request is None else 1000 * request, adapt=adapt
    )
    bundle.verify()
    target = sys.stdout if output is None or output == STREAM else output
    if names == [STREAM]:
        decoder = Decoder(bundle.station.name, bundle.station, absent=absent)
        lines = _score_stream(scorer, decoder, sys.stdin.buffer if source is None else source)
        if isinstance(target, str | Path):
            with Path(target).open("w", encoding="utf-8") as file:
                _pour(lines, file)
        else:
            _pour(lines, target)
    else:
        write_table(target, COLUMNS, (row for name in names for row in _score_file(scorer, bundle, name, absent)))


def _score_file(scorer: Scorer, bundle: Bundle, name: str, absent: Collection[str]) -> Iterator[Sequence[Cell]]:
    table = read_table(name, bundle.station, absent=absent)
    starts = {0, *table.breaks}
    state = scorer.new_state()
    for first in range(0, len(table.values), _ROWS):
        chunk = slice(first, first + _ROWS)
        times = np.full(_ROWS, np.nan) if table.time is None else table.time[chunk]
        batch = []
        for i, (values, time) in enumerate(zip(table.values[chunk].tolist(), times.tolist(), strict=False), first):
            if i in starts:
                state = scorer.new_state()
            ts = None if time != time else time  # noqa: PLR0124  # the quick test for nan
            batch.append((state, Reading(station=bundle.station.name, values=tuple(values), ts=ts, received=0.0)))
        for line, verdict in zip(table.lines[chunk].tolist(), scorer.score(batch), strict=True):
            yield _row(name, line - 2, verdict)


def _row(file: str, row: int, verdict: Verdict) -> Sequence[Cell]:
    reconstruction, consistency, methane = verdict.reconstruction, verdict.consistency, verdict.methane
    return (
        file,
        row,
        reconstruction.score if reconstruction else None,
        reconstruction.p if reconstruction else None,
        consistency.score if consistency else None,
        consistency.p if consistency else None,
        consistency.culprit if consistency else None,
        methane.score if methane else None,
        methane.p if methane else None,
        _virtual(methane) if methane else None,
        methane.sd_ppb if methane else None,
        worst(verdict.flags.values()),
        verdict.state,
        "+".join(verdict.exceeds),
    )


def _virtual(methane: Methane) -> Cell:
    return "over range" if methane.over_range else "under range" if methane.under_range else methane.virtual_ppb


def _score_stream(scorer: Scorer, decoder: Decoder, source: BinaryIO) -> Iterator[bytes]:
    state = scorer.new_state()
    clock = SystemClock()
    for number, line in enumerate(source, 1):
        if not line.strip():
            continue
        for found in decoder.decode(line, clock.now()):
            if isinstance(found, ReadingError):
                yield msgspec.json.encode({"error": found.reason, "at": found.at, "line": number})
            else:
                yield msgspec.json.encode(scorer.score([(state, found)])[0])


def _pour(lines: Iterator[bytes], target: TextIO) -> None:
    for line in lines:
        target.write(line.decode() + "\n")
        target.flush()  # whoever reads the other end of a pipe wants it now
