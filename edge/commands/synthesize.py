"""synthesize: write synthetic rows from a bundle, as a CSV like those it was trained on."""

from __future__ import annotations

import os
import sys
from argparse import ArgumentParser, ArgumentTypeError, Namespace
from collections.abc import Iterator
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

from config.arguments import natural
from edge.errors import RequestError

if TYPE_CHECKING:
    from config.settings.station import Station
    from edge.arrays import Floats
    from edge.readings.recent import Recent
    from edge.synthesis.sampling_conditions import DrawRows, SamplingConditions

EXAMPLE = "davylamp synthesize one.davy -n 1000 --range ch4_ppb=5000:8000 -o rows.csv"

_PART = 50_000  # rows drawn at a time


def add_arguments(parser: ArgumentParser) -> None:
    """Add the arguments of ``davylamp synthesize``."""
    parser.add_argument("bundle", type=Path, metavar="DAVY")
    parser.add_argument("-n", "--rows", type=natural, default=1000, metavar="N", help="default: 1000")
    parser.add_argument("--seed", type=natural, default=0, help="default: 0")
    conditions = parser.add_mutually_exclusive_group()
    conditions.add_argument(
        "--regime", metavar="NAME", help="background, elevated or plume, in place of all the training"
    )
    conditions.add_argument(
        "--range",
        type=_range,
        action="append",
        default=[],
        metavar="KEY=LOW:HIGH",
        help="such as ch4_ppb=5000:8000; may be repeated: all of them hold",
    )
    conditions.add_argument(
        "--mix", type=_shares, metavar="NAME=SHARE,...", help="regimes or prior: background=.5,plume=.5"
    )
    conditions.add_argument("--around", type=Path, metavar="CSV", help="rows to oversample")
    parser.add_argument(
        "--station", type=Path, metavar="YAML", help="how that file is written, if other than what was trained on"
    )
    parser.add_argument("--noise", type=float, metavar="STD", help="of the latents, with --around")
    parser.add_argument("-o", "--output", type=Path, metavar="CSV", help="default: standard output")


def run(arguments: Namespace) -> None:
    """Write the rows to ``--output`` or to standard output."""
    from edge.synthesis.sampling_conditions import SamplingConditions

    given = {"regime": arguments.regime, "range": dict(arguments.range) or None, "mix": arguments.mix}
    prior = True if arguments.around is None and not any(given.values()) else None
    synthesize(
        arguments.bundle,
        arguments.output or sys.stdout,
        n=arguments.rows,
        seed=arguments.seed,
        conditions=SamplingConditions(prior=prior, noise=arguments.noise, **given),
        around=arguments.around,
        station=arguments.station,
    )


def left_behind(arguments: Namespace) -> str:
    """Say what an interrupted sampling has left."""
    return "the rest is missing" if str(arguments.output) == "-" else f"{arguments.output} is as it was before"


def synthesize(
    bundle: str | os.PathLike[str],
    output: str | Path | TextIO,
    *,
    n: int,
    seed: int,
    conditions: SamplingConditions | None = None,
    around: str | Path | None = None,
    station: str | Path | None = None,
) -> None:
    """Write synthetic rows under the column names and in the units of the training.

    Parameters
    ----------
    bundle
        Path of a bundle.
    output
        A path, ``-`` for standard output, or an open text stream.
    n
        Number of rows; a smaller number gives the first rows of a larger one.
    seed
        The same bundle and seed give the same rows; on another kind of processor to within 1e-5 relative.
    conditions
        What the rows are conditioned on; ``None``: nothing, they are drawn from the whole prior.
    around
        A CSV of the station; its rows become the conditions' ``around``.
    station
        Station file that says how that CSV is written; ``None``: as those that the bundle was trained on.

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
    from msgspec.structs import replace

    from edge.bundles.bundle import Bundle
    from edge.bundles.file_station import file_station
    from edge.models.column_digits import shorten_rows, shortest_text
    from edge.readings.csv.writer import write_table
    from edge.synthesis.sampler import Sampler
    from edge.synthesis.sampling_conditions import SamplingConditions

    opened = Bundle.open(bundle)
    opened.verify()
    conditions = conditions or SamplingConditions(prior=around is None)
    if around is not None:
        conditions = replace(conditions, around=_rows(around, file_station(opened, station)).tolist())
    draw = conditions.prepare(Sampler(opened.generator), seed, _no_station)
    parts = _parts(n, draw)
    first = next(parts)  # a wrong number is refused before the header is written
    target = sys.stdout if str(output) == "-" else output
    digits = opened.generator.digits
    rows = chain.from_iterable(shorten_rows(part, digits) for part in chain([first], parts))
    write_table(target, opened.station.names, (list(map(shortest_text, row)) for row in rows))


def _no_station() -> Recent:
    raise RequestError("around: got the readings of a station, expected rows; fix: send this request to an agent")


def _parts(n: int, draw: DrawRows) -> Iterator[Floats]:
    yield draw(min(n, _PART), 0)
    for first in range(_PART, n, _PART):
        yield draw(min(n - first, _PART), first)


def _rows(path: str | Path, station: Station) -> Floats:
    import numpy as np

    from edge.readings.csv.reader import read_table

    table = read_table(path, station)
    for sentence in table.sentences():
        print(sentence, file=sys.stderr)
    missing = np.argwhere(np.isnan(table.values))
    if len(missing):
        row, column = missing[0]
        raise RequestError(
            f"{path}: line {table.lines[row]}, column {table.names[column]!r}: got no value, expected a number; "
            "fix: leave out rows with missing values"
        )
    return table.values


def _range(text: str) -> tuple[str, tuple[float, float]]:
    key, _, ends = text.partition("=")
    low, _, high = ends.partition(":")
    try:
        return key, (float(low), float(high))
    except ValueError:
        raise ArgumentTypeError(f"got {text!r}, expected KEY=LOW:HIGH, such as ch4_ppb=5000:8000") from None


def _shares(text: str) -> dict[str, float]:
    try:
        return {name: float(share) for name, _, share in (part.partition("=") for part in text.split(","))}
    except ValueError:
        expected = "NAME=SHARE,..., such as background=0.5,plume=0.5"
        raise ArgumentTypeError(f"got {text!r}, expected {expected}") from None
