"""score: score the rows of files, or a stream of messages, without a broker."""

from __future__ import annotations

import os
import sys
from argparse import ArgumentParser, Namespace
from collections.abc import Collection, Iterator, Sequence
from contextlib import nullcontext
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, TextIO

from config.arguments import add_absent, positive
from config.heartbeat import heartbeat
from edge.clock import SystemClock
from edge.errors import ReadingError, RequestError

if TYPE_CHECKING:
    from edge.bundles.bundle import Bundle
    from edge.readings.decoding.decoder import Decoder
    from edge.scoring.score_tally import ScoreTally
    from edge.scoring.scorer import Scorer
    from edge.scoring.units_guard import UnitsGuard

EXAMPLE = "davylamp score one.davy data/station-2.csv -o scores.csv"

STREAM = "-"
"""Standard input in place of the files, standard output in place of the output."""


def add_arguments(parser: ArgumentParser) -> None:
    """Add the arguments of ``davylamp score``."""
    parser.add_argument("bundle", type=Path, metavar="DAVY", help="a bundle, or with a folder that of NAME.davy")
    parser.add_argument(
        "files",
        nargs="+",
        metavar="FILE",
        help="CSV files, - for NDJSON from standard input, or a folder of Parquet files of many stations",
    )
    parser.add_argument("-o", "--output", type=Path, metavar="CSV", help="default: standard output")
    parser.add_argument(
        "--request", type=float, metavar="RATE", help="requested false-alarm rate per reading, e.g. 0.01"
    )
    parser.add_argument(
        "--enhancement",
        type=float,
        metavar="LEVEL",
        help="gas level above the background that exceeds, in the unit of the gas column; default: the bundle's",
    )
    parser.add_argument(
        "--limit", type=float, metavar="LEVEL", help="gas level that exceeds, in the unit of the gas column"
    )
    parser.add_argument("--adapt", action="store_true", help="let thresholds follow the record, as the agent does")
    parser.add_argument(
        "--station", type=Path, metavar="YAML", help="how the files are written, if other than what was trained on"
    )
    add_absent(parser)
    parser.add_argument("--json", action="store_true", help="print a summary as JSON; the scores go to -o")
    folder = parser.add_argument_group("a folder of many stations (needs the trainer extra)")
    folder.add_argument("--jobs", type=positive, metavar="N", help="stations at a time; default: one per processor")
    folder.add_argument("--dask", metavar="ADDRESS", help="scheduler of an existing Dask cluster, tcp://HOST:8786")
    folder.add_argument("--memory", type=positive, metavar="MB", help="limit of each station's process; default: 2048")
    folder.add_argument("--again", action="store_true", help="score also what is done and has not changed")


def takes_folder(arguments: Namespace) -> bool:
    """Return whether a folder is to be scored, which another module does."""
    return len(arguments.files) == 1 and Path(arguments.files[0]).is_dir()


def run(arguments: Namespace) -> None:
    """Score the files or standard input."""
    if folder := next((each for each in arguments.files if Path(each).is_dir()), None):
        raise RequestError(f"{folder}: got a folder beside other files, expected it alone")
    for option in ("jobs", "dask", "memory", "again"):
        if getattr(arguments, option):
            raise RequestError(f"--{option}: got it with files, expected it with a folder of many stations")
    # What goes to the terminal itself moves anyway, and a stream has no end to wait for.
    waits = arguments.output is not None and STREAM not in (str(arguments.output), *arguments.files)
    with heartbeat(sys.stderr, "scoring") if waits else nullcontext(sys.stderr) as progress:
        score_files(
            arguments.bundle,
            arguments.files,
            arguments.output,
            request=arguments.request,
            station=arguments.station,
            absent=arguments.absent,
            adapt=arguments.adapt,
            enhancement=arguments.enhancement,
            limit=arguments.limit,
            err=progress,
            summary=sys.stdout if arguments.json else None,
        )


def left_behind(arguments: Namespace) -> str:
    """Say what an interrupted scoring has left."""
    if takes_folder(arguments):
        return "the stations that were done are kept; the same command goes on with the others"
    if arguments.output is None or str(arguments.output) == STREAM:
        return "what is printed so far is right, and the rest is missing"
    if arguments.files == [STREAM]:
        return f"{arguments.output} has the scores so far"
    return f"{arguments.output} is as it was before"


def score_files(
    bundle_path: str | os.PathLike[str],
    files: Sequence[str | os.PathLike[str]],
    output: str | Path | TextIO | None = None,
    *,
    request: float | None = None,
    station: str | Path | None = None,
    absent: Collection[str] = (),
    adapt: bool = False,
    enhancement: float | None = None,
    limit: float | None = None,
    source: BinaryIO | None = None,
    err: TextIO | None = None,
    summary: TextIO | None = None,
) -> None:
    """Score files, one output row per input row, in order; or with ``-`` a stream, one output line per reading.

    The columns are :data:`~edge.scoring.score_table.SCORE_COLUMNS`; a cell is empty while there is no such score.
    ``row`` counts the rows below the header from 0, the blank ones too: with the header on line 1 it is the row's line
    minus 2. Rows that are no readings have no verdict; they are counted on ``err``, and so are those without a score.
    Rows that are newest first are scored from the oldest to the newest.
    ``virtual`` is the virtual gas level in ``unit``, that of the gas column, and ``virtual_ppb`` the same in ppb where
    that exists; beyond the levels that were trained on both are ``over range`` or ``under range``. ``flag`` is the
    worst channel's; ``alarm`` names, joined by ``+``, the kinds that exceed on this row, before any delay or hold.
    Scoring starts afresh with each file, and after a row of nothing but separators.

    A stream is NDJSON, each line a payload as a station would publish it. Each reading gives its verdict as one line
    of JSON; a reading that cannot be used gives ``{"error", "at", "line"}`` instead, and the stream goes on without a
    failure. Blank lines are skipped.

    Parameters
    ----------
    bundle_path
        Path of the station's bundle.
    files
        CSV files of that station, or ``["-"]``.
    output
        A path, or an open text stream; ``None`` and ``-``: standard output. A CSV is replaced whole or not at all.
    request
        Requested rate of exceedances by chance, per kind, as a share of the readings in (0, 1); ``None``: the bundle's.
    station
        Station file that says how the files are written; ``None``: as those that the bundle was trained on.
    absent
        Keys that the station never sends: the gas column's, or none. A file may lack their columns; if it has them,
        they are ignored.
    adapt
        Whether thresholds adapt to the rows, as they adapt to a station on a gateway; otherwise they stay fixed.
    enhancement, limit
        Gas level above the background, and absolute gas level, that exceed [unit of the gas column]; ``None``: the
        bundle's enhancement, no limit.
    source
        Stream to read for ``-``; ``None``: standard input.
    err
        Stream for what was left out or has no score; ``None``: standard error.
    summary
        Stream for a summary as JSON, which also has what ``err`` would get; needs an ``output``. ``None``: none.

    Raises
    ------
    BundleError
        The bundle cannot be used, or has no scorer for a station without the ``absent`` keys.
    ConfigError
        ``station`` is wrong, or has other keys than the bundle.
    TableError
        A file cannot be read as this station's readings.
    RequestError
        ``request``, ``enhancement`` or ``limit`` is out of its range, or the stations send no gas level to compare with
        the last two; or ``-`` stands beside files.
    OSError
        ``output`` cannot be written.
    """
    from edge.bundles.bundle import Bundle
    from edge.bundles.file_station import file_station
    from edge.readings.csv.reader import read_table
    from edge.readings.csv.writer import write_table
    from edge.readings.decoding.decoder import Decoder
    from edge.scoring.file_scorer import check_request, file_scorer, unadapted_note
    from edge.scoring.score_table import SCORE_COLUMNS
    from edge.scoring.score_tally import ScoreTally
    from edge.scoring.table_scorer import TableScorer

    check_request(request)
    names = [os.fspath(file) for file in files]
    if STREAM in names and len(names) > 1:
        raise RequestError("files: got - beside other files, expected it alone")
    if summary is not None and (output is None or output == STREAM):
        raise RequestError("--json: got no -o FILE, expected one for the scores: standard output gets the summary")
    bundle = Bundle.open(bundle_path)
    scorer = file_scorer(bundle, absent=absent, request=request, enhancement=enhancement, limit=limit, adapt=adapt)
    bundle.verify()
    target = sys.stdout if output is None or output == STREAM else output
    tally = ScoreTally(None if summary is not None else sys.stderr if err is None else err)
    if adapt and (note := unadapted_note(bundle, scorer, absent)):
        tally.say(note)
    if names == [STREAM]:
        decoder = Decoder(bundle.station.name, bundle.station, absent=absent)
        guard = _guard(bundle, absent)
        lines = _score_stream(scorer, decoder, guard, sys.stdin.buffer if source is None else source, tally)
        if isinstance(target, str | Path):
            with Path(target).open("w", encoding="utf-8") as file:
                _write_lines(lines, file)
        else:
            _write_lines(lines, target)
    else:
        described = file_station(bundle, station)
        tables = ((name, read_table(name, described, absent=absent)) for name in names)
        rows = (TableScorer(scorer, _guard(bundle, absent), tally).rows(table, name) for name, table in tables)
        write_table(target, SCORE_COLUMNS, chain.from_iterable(rows))
    if summary is not None:
        print(tally.as_json(bundle=bundle.id, output=str(output)), file=summary)


def _guard(bundle: Bundle, absent: Collection[str]) -> UnitsGuard:
    from edge.scoring.trained_ranges import TrainedRanges
    from edge.scoring.units_guard import UnitsGuard

    return UnitsGuard(TrainedRanges(bundle.scoring(absent=bool(absent)), bundle.station))


def _score_stream(
    scorer: Scorer, decoder: Decoder, guard: UnitsGuard, source: BinaryIO, tally: ScoreTally
) -> Iterator[bytes]:
    import msgspec

    state = scorer.new_state()
    clock = SystemClock()
    printed: set[str | None] = {None}
    for number, line in enumerate(source, 1):
        if not line.strip():
            continue
        for reading in decoder.decode(line, clock.now()):
            if isinstance(reading, ReadingError):
                tally.leave_out()
                yield msgspec.json.encode({"error": reading.reason, "at": reading.at, "line": number})
            else:
                verdict = guard.review(scorer.score([(state, reading)])[0], reading.values)
                tally.add(verdict)
                tally.note_doubt("standard input", guard.doubt)
                yield msgspec.json.encode(verdict)
        for note in (*decoder.notes.values(), state.clock.problem):
            if note not in printed:
                printed.add(note)
                tally.say(f"line {number}: {note}")
        decoder.notes.clear()
    tally.report("standard input", "readings")


def _write_lines(lines: Iterator[bytes], target: TextIO) -> None:
    for line in lines:
        target.write(line.decode() + "\n")
        target.flush()  # the reader at the other end of a pipe gets each line at once
