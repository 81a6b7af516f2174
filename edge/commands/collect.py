"""collect: fetch readings, verdicts and labels from the archive of a gateway, as a training file."""

from __future__ import annotations

import sys
from argparse import ArgumentParser, ArgumentTypeError, Namespace
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

from config.arguments import add_agent, agent_of
from config.errors import DavylampError
from edge.clock import rfc3339
from edge.errors import BrokerError, RequestError

if TYPE_CHECKING:
    from config.settings.broker import Broker
    from edge.collecting.collected_file import Written
    from edge.collecting.fetch import Gathering
    from edge.collecting.requester import Requester

EXAMPLE = "davylamp collect --station st-1 -o recent.csv --broker gateway.local"

_DAY = 86_400.0  # [s]
_MOST_NAMED = 20
_LOCKED = 5.0  # [s] that a copied file may be locked by another program


def add_arguments(parser: ArgumentParser) -> None:
    """Add the arguments of ``davylamp collect``."""
    which = parser.add_mutually_exclusive_group()
    which.add_argument(
        "--station", action="append", default=[], metavar="NAME", help="a station, or several; default: the only one"
    )
    which.add_argument("--all", action="store_true", help="every station that there is")
    parser.add_argument(
        "-o", "--output", type=Path, required=True, metavar="CSV",
        help="the file, or for several stations the folder with one file of each",
    )  # fmt: skip
    parser.add_argument("--days", type=_days, metavar="N", help="the last N days; default: all that there is")
    parser.add_argument(
        "--file", type=Path, metavar="DB", help="read a gateway's archive.db, copied by hand, and ask no broker"
    )
    add_agent(parser)


def run(arguments: Namespace) -> int:
    """Collect; returns 1 if a station could not be collected."""
    if arguments.file is not None:
        return collect_file(
            arguments.file, arguments.station, arguments.output, everything=arguments.all, days=arguments.days,
            out=sys.stdout, err=sys.stderr,
        )  # fmt: skip
    broker, base = agent_of(arguments)
    return collect_stations(
        broker, base, arguments.station, arguments.output, everything=arguments.all, days=arguments.days,
        out=sys.stdout, err=sys.stderr,
    )  # fmt: skip


def left_behind(arguments: Namespace) -> str:
    """Say what an interrupted collection has left."""
    if arguments.file is not None:
        return f"{arguments.output} is as it was"
    return "what was fetched is kept beside the output (.part); the same command goes on from there"


def collect_stations(
    broker: Broker,
    base: str | None,
    stations: Sequence[str],
    output: Path,
    *,
    everything: bool = False,
    days: float | None = None,
    out: TextIO,
    err: TextIO,
) -> int:
    """Collect stations from running agents; whatever is killed meanwhile, the same call goes on where it was.

    Parameters
    ----------
    broker
        The agents' broker.
    base
        Base topic of the agent; ``None``: each gateway below ``davylamp`` that is online.
    stations
        Names of stations.
    output
        The file; with several stations, the folder.
    everything
        Whether to collect every station.
    days
        How many days before now; ``None``: all that there is.
    out, err
        Streams for what was written, and for what was not.

    Returns
    -------
    int
        0, or 1 if a station could not be collected, or one of several gateways did not answer.

    Raises
    ------
    RequestError
        The only agent has no archive, or it is not clear which station is meant.
    BrokerError
        The broker cannot be reached, or the only agent does not answer.
    """
    from edge.collecting.fetch import ask_for_stations
    from edge.collecting.online_gateways import find_online_gateways
    from edge.collecting.requester import Requester
    from edge.mqtt.command_link import command_link
    from edge.mqtt.link import Subscription
    from edge.mqtt.topics import Topics
    from edge.stop import Stop

    with Stop() as stop:
        bases = [base] if base is not None else find_online_gateways(broker, "collect", stop)
        if not bases:
            raise RequestError("online: no gateway; fix: start one, or name it with --base")
        topics = [Topics(each) for each in bases]
        with command_link(
            broker, "collect", [Subscription(each.response("collect/#")) for each in topics], stop
        ) as link:
            found: list[tuple[Requester, Gathering]] = []
            for each in topics:
                requester = Requester(link, each, stop)
                try:
                    gathering = ask_for_stations(requester)
                except (RequestError, BrokerError) as error:
                    if len(topics) == 1:
                        raise
                    print(error, file=err, flush=True)
                    continue
                found.append((requester, gathering))
                if gathering.problem is not None:
                    print(f"{each.base}: {gathering.problem}", file=err, flush=True)
            if not found:
                raise RequestError(f"none of the {len(topics)} gateways could be asked")
            wanted = _wanted(stations, [name for _, each in found for name in each.holdings], everything=everything)
            failed = _each(
                wanted, output, everything or len(wanted) > 1, err,
                lambda name, path: _fetch(name, path, found, days=days, out=out, err=err),
            )  # fmt: skip
            return max(failed, int(len(found) < len(topics) and not stations))


def collect_file(
    archive: Path,
    stations: Sequence[str],
    output: Path,
    *,
    everything: bool = False,
    days: float | None = None,
    out: TextIO,
    err: TextIO,
) -> int:
    """Collect stations from a copy of an archive; parameters, and what is returned, as of :func:`collect_stations`.

    Raises
    ------
    ArchiveError
        The file cannot be read.
    RequestError
        It is not clear which station is meant.
    """
    import sqlite3

    from edge.archive import tables
    from edge.archive.archive_fault import OF_COPY
    from edge.archive.archive_reader import read_archive
    from edge.collecting.collected_file import write_collected

    with read_archive(archive, patience=_LOCKED, fixes=OF_COPY) as db:
        db.execute("begin")  # an agent that writes on takes nothing away meanwhile
        try:
            (found,) = db.execute("pragma integrity_check(1)").fetchone()
        except sqlite3.DatabaseError as error:
            found = str(error)
        damaged = found != "ok"
        if damaged:
            found = " ".join(found.split())
            print(f"{archive}: damaged ({found}), and some of it may be missing; fix: {OF_COPY['corrupt']}", file=err)
        held = {each.station: each for each in tables.holdings(db)}
        wanted = _wanted(stations, list(held), everything=everything)

        def write(name: str, path: Path) -> None:
            since = 0.0 if days is None else max(0.0, held[name].last - days * _DAY) if name in held else 0.0
            _report(name, path, write_collected(db, name, path, since, err), out)

        return max(_each(wanted, output, everything or len(wanted) > 1, err, write), int(damaged))


def _wanted(stations: Sequence[str], known: Sequence[str], *, everything: bool) -> list[str]:
    """Return which stations are meant."""
    if stations:
        return list(dict.fromkeys(stations))
    listed = sorted(set(known))
    if not listed:
        raise RequestError("the archive has no reading yet; fix: wait until a station has sent")
    if len(listed) > 1 and not everything:
        raise RequestError(f"got no --station, expected some of {_named(listed)}; fix: name them, or add --all")
    return listed


def _named(stations: Sequence[str]) -> str:
    """List stations, so that the line stays one that can be read."""
    more = f" and {len(stations) - _MOST_NAMED:,} more" if len(stations) > _MOST_NAMED else ""
    return ", ".join(stations[:_MOST_NAMED]) + more or "none"


def _each(
    wanted: Sequence[str], output: Path, folder: bool, err: TextIO, collect_one: Callable[[str, Path], None]
) -> int:
    """Collect one station after the other; one that fails is named, and the others are collected all the same."""
    from edge.collecting.output_check import check_output

    if folder or output.is_dir():
        if output.exists() and not output.is_dir():
            raise RequestError(f"-o: got the file {output}, expected a folder for {len(wanted)} stations")
        output.mkdir(parents=True, exist_ok=True)
    failed = 0
    for name in wanted:
        try:
            path = output / f"{name}.csv" if output.is_dir() else output
            check_output(path)
            collect_one(name, path)
        except (DavylampError, OSError) as error:
            failed += 1
            if len(wanted) == 1:
                raise
            print(f"{name}: {error}", file=err, flush=True)
    if failed:
        print(f"{len(wanted) - failed} of {len(wanted)} stations collected", file=err, flush=True)
    return 1 if failed else 0


def _fetch(
    name: str,
    path: Path,
    found: Sequence[tuple[Requester, Gathering]],
    *,
    days: float | None,
    out: TextIO,
    err: TextIO,
) -> None:
    """Fetch a station from the gateway that has it, and write its file."""
    from config.heartbeat import heartbeat
    from edge.collecting.collected_file import write_collected
    from edge.collecting.fetch import fetch
    from edge.collecting.spool import Spool

    holders = [(requester, gathering) for requester, gathering in found if name in gathering.holdings]
    if not holders:
        known = _named(sorted({each for _, gathering in found for each in gathering.holdings}))
        raise RequestError(f'got the station "{name}", expected one of those that have sent: {known}')
    if len(holders) > 1:
        raise RequestError(f'{len(holders)} gateways have a station "{name}"; fix: name one gateway with --base')
    requester, gathering = holders[0]
    since = 0.0 if days is None else max(0.0, gathering.now - days * _DAY)
    spool = Spool(path.with_name(f"{path.name}.part"), name, since)
    if spool.readings:
        print(f"{name}: going on with {spool.readings:,} readings that were fetched before", file=out, flush=True)
    try:
        with heartbeat(err, f"{name}: fetching") as line:
            fetch(requester, spool, gathering, station=name, since=since, out=line)
        with spool.transaction() as db:
            written = write_collected(db, name, path, since, err)
        spool.remove()
    except DavylampError:
        if not spool.readings:
            spool.remove()
        raise
    finally:
        spool.close()
    _report(name, path, written, out)


def _report(name: str, path: Path, written: Written, out: TextIO) -> None:
    from edge.collecting.collected_file import alarms_path

    labels = "".join(f", {rows:,} labelled {label}" for label, rows in sorted(written.labels.items()))
    print(
        f"{path}: {written.rows:,} readings of {name}, {rfc3339(written.first)} to {rfc3339(written.last)}{labels}; "
        f"{written.alarms:,} alarms in {alarms_path(path).name}",
        file=out,
        flush=True,
    )


def _days(text: str) -> float:
    """Convert an argument to a number of days above 0."""
    try:
        value = float(text)
    except ValueError:
        value = 0.0
    if not 0 < value <= 36_500:
        raise ArgumentTypeError(f"got {text!r}, expected a number of days above 0")
    return value
