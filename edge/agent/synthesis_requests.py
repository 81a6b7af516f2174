"""Answers requests for synthetic rows, one part at a time."""

from __future__ import annotations

import secrets
from collections import deque
from collections.abc import Iterator
from io import StringIO
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from config.settings.gateway import SynthesisSettings
from edge.agent.answers import Answer, SyntheticRows
from edge.agent.request_bodies import TransactionId
from edge.agent.station import LiveStation, StationGroup
from edge.agent.stations import Stations
from edge.clock import Clock
from edge.errors import RequestError
from edge.models.column_digits import shorten_rows, shortest_text
from edge.readings.csv.writer import write_table
from edge.synthesis.sampling_conditions import DrawRows, SamplingConditions

_MINUTE = 60.0  # [s]
_N = 100
_LONGEST_NUMBER = 24  # characters of a float64
_SEEDS = 2**32
_PRIOR = SamplingConditions(prior=True)
_FROM = "What the rows should resemble; by default the whole training record (prior)."


class SynthesisRequest(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The body of a ``synthesize`` request.

    Parameters
    ----------
    transaction
        Anything by which the sender recognises the answer.
    station
        Whose rows; may be omitted if there is only one bundle.
    n
        Number of rows.
    seed
        Seed of the rows; without one it is drawn, and part of the answer.
    conditions
        The key ``from``: what the rows should resemble; by default the whole training record (``prior``).
    format
        ``json`` sends rows as arrays; ``csv`` as text, the first part with a header, so that the joined parts are a
        file like a training record.
    """

    transaction: TransactionId = None
    station: str | None = None
    n: Annotated[int, Meta(extra_json_schema={"minimum": 1})] = _N
    seed: int | None = None
    conditions: Annotated[SamplingConditions, Meta(description=_FROM)] = msgspec.field(name="from", default=_PRIOR)
    format: Literal["json", "csv"] = "json"


class SynthesisRequests:
    """Answers ``synthesize``.

    Parameters
    ----------
    stations
        Stations whose samplers are used.
    settings
        Most rows, rows per part, requests per minute.
    clock
        Counts the requests per minute.
    """

    def __init__(self, stations: Stations, settings: SynthesisSettings, clock: Clock) -> None:
        self._stations = stations
        self._settings = settings
        self._clock = clock
        self._times: deque[float] = deque()

    def answer(self, request: SynthesisRequest, room: int | None = None) -> Iterator[SyntheticRows]:
        """Check a request; returns an iterator that draws one part of the rows at a time.

        Parameters
        ----------
        request
            The request.
        room
            Most bytes of a message of the answer, so that parts get fewer rows; ``None`` without a limit.

        Raises
        ------
        RequestError
            The request names an unknown station, or asks for too many rows, or too often; or not one row fits.
        """
        group = self._group(request.station)
        if not 1 <= request.n <= self._settings.max_rows:
            raise RequestError(f"n: got {request.n}, expected 1 to {self._settings.max_rows} (synthesis.max_rows)")
        seed = secrets.randbelow(_SEEDS) if request.seed is None else request.seed
        draw = request.conditions.prepare(group.sampler, seed, lambda: self._live(request.station).recent)
        draw(1, 0)  # checks the conditions before the first part, and before the request counts
        size = self._settings.rows_per_part
        if room is not None:
            size = min(size, _rows_within(room, request, group))
        self._count()
        # The rows that it may have given are encoded by now: a request that waits must not keep megabytes of them.
        return self._parts(msgspec.structs.replace(request, conditions=_PRIOR), group, seed, draw, size)

    @staticmethod
    def _parts(
        request: SynthesisRequest, group: StationGroup, seed: int, draw: DrawRows, size: int
    ) -> Iterator[SyntheticRows]:
        station = group.bundle.station
        parts = -(-request.n // size)
        for part in range(parts):
            drawn = draw(min(size, request.n - part * size), part * size)
            rows = shorten_rows(drawn, group.bundle.generator.digits)
            yield SyntheticRows(
                station=request.station or station.name,
                columns=station.keys if request.format == "json" else station.names,
                units=station.units,
                rows=rows if request.format == "json" else _csv(station.names, rows, header=part == 0),
                seed=seed,
                bundle=group.bundle.id,
                part=part + 1,
                parts=parts,
            )

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
        # A station that has sent nothing yet: if one bundle scores every station, that does not matter.
        open_groups = [group for group in groups if group.entry.station is None]
        if len({group.bundle.id for group in open_groups}) == 1:
            return open_groups[0]
        raise self._unknown(f"{name[:64]!r}")

    def _live(self, name: str | None) -> LiveStation:
        """Find the station whose readings a request refers to."""
        stations = list(self._stations)
        if name is None and len(stations) == 1:
            return stations[0]
        if name is None or name not in self._stations:
            raise self._unknown("none" if name is None else f"{name[:64]!r}")
        return self._stations[name]

    def _unknown(self, got: str) -> RequestError:
        known = ", ".join(sorted(station.name for station in self._stations)) or "none yet"
        return RequestError(f"station: got {got}, expected one that has sent a reading: {known}")

    def _count(self) -> None:
        now = self._clock.monotonic()
        while self._times and now - self._times[0] >= _MINUTE:
            self._times.popleft()
        if len(self._times) >= self._settings.per_minute:
            wait = _MINUTE - (now - self._times[0])
            limit = f"{self._settings.per_minute} requests a minute (synthesis.per_minute)"
            raise RequestError(f"too many requests, expected at most {limit}; try again in {wait:.0f} s")
        self._times.append(now)


def _rows_within(room: int, request: SynthesisRequest, group: StationGroup) -> int:
    """Return how many rows fit into a message of an answer of so many bytes, whatever their values are."""
    station = group.bundle.station
    empty = SyntheticRows(
        station=request.station or station.name,
        columns=station.keys if request.format == "json" else station.names,
        units=station.units,
        rows=[] if request.format == "json" else _csv(station.names, [], header=True),
        seed=request.seed or _SEEDS,
        bundle=group.bundle.id,
        part=request.n,
        parts=request.n,
    )
    envelope = len(msgspec.json.encode(Answer(data=empty, transaction=request.transaction)))
    row = len(station.keys) * (_LONGEST_NUMBER + 1) + 3
    if room < envelope + row:
        raise RequestError(
            f"the broker takes messages of {room} bytes, and one with a single row may have {envelope + row}; "
            "fix: max_packet_size in mosquitto.conf"
        )
    return (room - envelope) // row


def _csv(names: tuple[str, ...], rows: list[list[float]], *, header: bool) -> str:
    text = StringIO()
    write_table(text, names, [list(map(shortest_text, row)) for row in rows])
    return text.getvalue() if header else text.getvalue().split("\n", 1)[1]
