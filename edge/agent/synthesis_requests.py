"""Synthesis: the answer to a request for synthetic rows, one part at a time."""

from __future__ import annotations

import secrets
from collections import deque
from collections.abc import Iterator
from io import StringIO
from typing import Any, Literal

import msgspec

from config.settings.gateway import SynthesisSettings as Bounds
from edge.agent.stations import LiveStation, StationGroup, Stations
from edge.arrays import Floats
from edge.clock import Clock
from edge.errors import RequestError
from edge.readings.csv.writer import write_table
from edge.synthesis.sampling_conditions import DrawRows, SamplingConditions

_DIGITS = 6  # significant: what every processor agrees on
_MINUTE = 60.0  # [s]
_N = 100
_SEEDS = 2**32


class SynthesisRequest(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The body of a ``synthesize`` request.

    Parameters
    ----------
    station
        Whose rows; may be left out where there is only one bundle.
    n, seed
        How many rows, and which; without a seed one is drawn, and told in the answer.
    wish
        ``from``: what they should be like; by default all of the training.
    format
        ``json``: rows as arrays; ``csv``: rows as text, the first part with a header, so that the parts put together
        are a file like those of the training.
    """

    transaction: Any = None
    station: str | None = None
    n: int = _N
    seed: int | None = None
    wish: SamplingConditions = msgspec.field(name="from", default=SamplingConditions(prior=True))
    format: Literal["json", "csv"] = "json"


class SynthesisRequests:
    """Answers ``synthesize``.

    Parameters
    ----------
    stations
        Whose samplers are used.
    bounds
        Most rows, rows per part, requests per minute.
    clock
        For the requests per minute.
    """

    def __init__(self, stations: Stations, bounds: Bounds, clock: Clock) -> None:
        self._stations = stations
        self._bounds = bounds
        self._clock = clock
        self._asked: deque[float] = deque()

    def answer(self, request: SynthesisRequest) -> Iterator[dict[str, Any]]:
        """Check a request, then draw its rows, a part each time the iterator is asked.

        Raises
        ------
        RequestError
            It asks for what there is not, for too much, or too often.
        """
        group = self._group(request.station)
        if not 1 <= request.n <= self._bounds.max_rows:
            raise RequestError(f"n: got {request.n}, expected 1 to {self._bounds.max_rows} (synthesis.max_rows)")
        seed = secrets.randbelow(_SEEDS) if request.seed is None else request.seed
        draw = request.wish.draw(group.sampler, seed, lambda: self._live(request.station).recent)
        draw(1, 0)  # what is wished for is checked before the first part, and before it counts
        self._count()
        return self._parts(request, group, seed, draw)

    def _parts(
        self, request: SynthesisRequest, group: StationGroup, seed: int, draw: DrawRows
    ) -> Iterator[dict[str, Any]]:
        station, size = group.bundle.station, self._bounds.rows_per_part
        parts = -(-request.n // size)
        for part in range(parts):
            rows = draw(min(size, request.n - part * size), part * size)
            yield {
                "station": request.station or station.name,
                "columns": station.keys if request.format == "json" else station.names,
                "units": station.units,
                "rows": _arrays(rows) if request.format == "json" else _csv(station.names, rows, header=part == 0),
                "seed": seed,
                "bundle": group.bundle.id,
                "part": part + 1,
                "parts": parts,
            }

    def _group(self, name: str | None) -> StationGroup:
        groups = self._stations.groups
        if name is None:
            if len({group.bundle.id for group in groups}) == 1:
                return groups[0]
            raise RequestError("station: got none, expected one: this gateway has more than one bundle")
        if name in self._stations:
            return self._stations[name].group
        named = [group for group in groups if group.entry.station == name]
        if named:
            return named[0]
        # It has not sent yet; where every station is scored by one bundle, that does not matter.
        open_groups = [group for group in groups if group.entry.station is None]
        if len({group.bundle.id for group in open_groups}) == 1:
            return open_groups[0]
        raise self._unheard(f"{name[:64]!r}")

    def _live(self, name: str | None) -> LiveStation:
        """The station that is meant by its readings."""
        heard = list(self._stations)
        if name is None and len(heard) == 1:
            return heard[0]
        if name is None or name not in self._stations:
            raise self._unheard("none" if name is None else f"{name[:64]!r}")
        return self._stations[name]

    def _unheard(self, got: str) -> RequestError:
        known = ", ".join(sorted(station.name for station in self._stations)) or "none yet"
        return RequestError(f"station: got {got}, expected one that has been heard: {known}")

    def _count(self) -> None:
        now = self._clock.monotonic()
        while self._asked and now - self._asked[0] >= _MINUTE:
            self._asked.popleft()
        if len(self._asked) >= self._bounds.per_minute:
            wait = _MINUTE - (now - self._asked[0])
            limit = f"{self._bounds.per_minute} requests a minute (synthesis.per_minute)"
            raise RequestError(f"too many requests, expected at most {limit}; try again in {wait:.0f} s")
        self._asked.append(now)


def _arrays(rows: Floats) -> list[list[float]]:
    return [[float(f"{value:.{_DIGITS}g}") for value in row] for row in rows.tolist()]


def _csv(names: tuple[str, ...], rows: Floats, *, header: bool) -> str:
    text = StringIO()
    write_table(text, names, rows, digits=_DIGITS)
    return text.getvalue() if header else text.getvalue().split("\n", 1)[1]
