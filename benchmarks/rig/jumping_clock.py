"""Run davylamp with a wall clock that can be moved from outside: jumping_clock.py OFFSET_FILE VERB ...

Beside the file, ``facts`` gets a line for each reading that is scored: station, n, seq, place and time of arrival.
With ``CHAOS_MUTANT=forgets`` in the environment the agent has a defect, which the judge must find: it does not send
again what it had scored before it was started.
"""

from __future__ import annotations

import mmap
import os
import struct
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any
from unittest.mock import patch

import edge.agent.run
from davylamp import main
from edge.agent.intake import Entry
from edge.agent.pipeline import Pipeline, Results
from edge.delivery.delivery import Delivery
from edge.journal.schema import Recovered
from edge.journal.transaction import Transaction


class JumpingClock:
    """The machine's clocks; the wall clock is moved by the seconds [float64] in a file.

    Parameters
    ----------
    path
        Path of the file, which may change at any time.
    """

    def __init__(self, path: Path) -> None:
        with path.open("rb") as file:
            self._offset = mmap.mmap(file.fileno(), 8, access=mmap.ACCESS_READ)

    def now(self) -> float:
        """Unix time [s]."""
        (offset,) = struct.unpack("d", self._offset[:])
        return time.time() + float(offset)

    def monotonic(self) -> float:
        """Seconds since an arbitrary start [s]."""
        return time.monotonic()


def _note_facts(path: Path) -> Callable[..., None]:
    """Return a stand-in for :meth:`Pipeline._score` that also writes down the clock facts of its readings."""
    score, file = Pipeline._score, os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND)  # noqa: SLF001  # the one place

    def noted(
        pipeline: Pipeline, group: Any, entries: Sequence[Entry], results: Results, transaction: Transaction
    ) -> None:
        before = len(transaction.readings)
        score(pipeline, group, entries, results, transaction)
        names = {entry.station.id: entry.station.name for entry in entries}
        lines = [
            f"{names[row.station]} {row.n} {row.seq} {row.place} {row.received!r}\n"
            for row in transaction.readings[before:]
        ]
        os.write(file, "".join(lines).encode())

    return noted


def _without_scores(recovered: Recovered) -> Recovered:
    return recovered._replace(scores=())


if __name__ == "__main__":
    if os.environ.get("CHAOS_MUTANT") == "forgets":
        begin = Delivery.__init__
        Delivery.__init__ = lambda self, link, topics, clock, recovered: begin(  # type: ignore[method-assign]
            self, link, topics, clock, _without_scores(recovered)
        )
    Pipeline._score = _note_facts(Path(sys.argv[1]).with_name("facts"))  # type: ignore[method-assign]  # noqa: SLF001
    clock = JumpingClock(Path(sys.argv[1]))
    with patch.object(edge.agent.run, "SystemClock", lambda: clock):
        sys.exit(main(sys.argv[2:]))
