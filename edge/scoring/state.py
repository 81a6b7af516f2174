"""What is remembered of a station between readings: bounded, and rebuilt from its last 2000 readings, or a snapshot."""

from __future__ import annotations

from enum import IntEnum

import msgspec

from edge.drift.drift_state import DriftState
from edge.models.background import Background
from edge.models.scores import LongMemory, ScoreState, Thinned
from edge.models.windows import DEFAULT_WINDOWS, Windows
from edge.readings.gaps import is_gap
from edge.readings.last_good import LastGood
from edge.readings.station_clock import placement as codes
from edge.readings.station_clock.placement import Placement
from edge.readings.station_clock.station_clock import StationClock
from edge.scoring.adaptation import Adaptation

DOMAIN_TOLERANCE = 0.1
"""How far the climate may lie outside the range of the training, as a share of that range."""

DOMAIN_READINGS = 60
"""Readings of which more than half have to lie farther outside for a station to be out of its domain."""

_DOMAIN_MASK = (1 << DOMAIN_READINGS) - 1


class Arrival(IntEnum):
    """How a reading follows the one before it; the values are codes of the journal, as in ``placement.py``."""

    NEXT = codes.NEXT
    BESIDE = codes.BESIDE
    GAP = codes.GAP
    LONG_GAP = codes.LONG_GAP


class _Snapshot(msgspec.Struct, array_like=True, frozen=True):
    seen: int
    score_state: LongMemory
    outage: LongMemory | None
    levels: Thinned | None


_NEXT = Arrival.NEXT  # a member of an enumeration is looked up slowly


class StationState:
    """What is remembered of one station.

    Parameters
    ----------
    columns
        Number of columns that are scored, F.
    score_state
        What the scoring model remembers.
    adaptation
        The station's thresholds.
    clock
        Places its readings.
    levels
        Background of the gas column [its unit]; ``None`` without one.
    windows
        How long it warms up, and after which gap it forgets.
    background
        The bundle's background [its unit], used until the station has its own; ``None`` without a gas column.
    drift
        Its course beside the training; ``None``: the bundle does not know how its training wandered.

    Attributes
    ----------
    n
        Readings seen, those beside the order included.
    last_good
        Last good values of the channels.
    outage
        What the model without the gas column remembers; ``None`` unless the level has been missing lately.
    since_gas_missing
        Readings since the last one without a gas level; ``None`` unless there was one lately.
    without_gas
        Readings without a gas level up to the last one, in a row.
    windows, drift
        As given.
    """

    __slots__ = (
        "_forget",
        "_given_background",
        "_levels",
        "_outside",
        "_seen",
        "_warm_up",
        "adaptation",
        "clock",
        "drift",
        "last_good",
        "n",
        "outage",
        "score_state",
        "since_gas_missing",
        "windows",
        "without_gas",
    )

    def __init__(
        self,
        columns: int,
        *,
        score_state: ScoreState,
        adaptation: Adaptation,
        clock: StationClock,
        levels: Background | None = None,
        background: float | None = None,
        windows: Windows = DEFAULT_WINDOWS,
        drift: DriftState | None = None,
    ) -> None:
        self.n = 0
        self.score_state = score_state
        self.adaptation = adaptation
        self.clock = clock
        self.last_good = LastGood(columns)
        self.outage: ScoreState | None = None
        self.since_gas_missing: int | None = None
        self.without_gas = 0
        self._seen = 0
        self._outside = 0
        self._levels = levels
        self._given_background = background
        self.windows = windows
        self.drift = drift
        self._warm_up = windows.warm_up
        self._forget = float(windows.forget)

    @property
    def cadence(self) -> float | None:
        """Interval between readings [s], configured or learnt; ``None`` while it is unknown."""
        return self.clock.cadence

    @property
    def background(self) -> float | None:
        """Background of the levels in the window [their unit]; before it has been filled, the bundle's."""
        levels = self._levels
        return levels.value if levels is not None and levels.full else self._given_background

    @property
    def warming_up(self) -> bool:
        """Whether too few readings have been seen for a score to exceed."""
        return self._seen <= self._warm_up

    def arrive(self, ts: float | None, received: float) -> tuple[Arrival, Placement]:
        """Count a reading, place it, and find out how it follows the one before it.

        More than 3 cadences are a gap; more than 240 of them, if the baseline does not reach further back, are a long
        one. A change of the clock, or the beginning of a backlog, is a gap however little time has elapsed. A long gap
        restarts the warm-up and the background; :meth:`forget` restarts the rest.

        Parameters
        ----------
        ts
            When it was measured, Unix time [s], or ``None``.
        received
            When it arrived, Unix time [s].

        Returns
        -------
        Arrival
            ``BESIDE`` if the reading is out of order; then only the count changes.
        Placement
            Where its clock has placed it.
        """
        self.n += 1
        clock = self.clock
        cadence = clock.cadence
        placement = clock.place(ts, received)
        in_order, elapsed, cut, _, _, _, _ = placement
        if not in_order:
            return Arrival.BESIDE, placement
        if not cut and (cadence is None or not is_gap(0.0, elapsed, cadence)):
            self._seen += 1
            return _NEXT, placement
        long = cadence is not None and elapsed > self._forget * cadence
        arrival = Arrival.LONG_GAP if long else Arrival.GAP
        self._follow(arrival)
        return arrival, placement

    def resume(self, code: int, ts: float | None, received: float) -> Arrival:
        """Let a reading from the journal arrive as it did when it came; the clock is not asked.

        Parameters
        ----------
        code
            Its journal code. One of version 0.2, which says too little, is placed now.
        ts, received
            As in :meth:`arrive`.
        """
        if not code & codes.PLACED:
            return self.arrive(ts, received)[0]
        self.n += 1
        arrival = Arrival(code & codes.LONG_GAP)
        if arrival is not Arrival.BESIDE:
            self._follow(arrival)
        return arrival

    def _follow(self, arrival: Arrival) -> None:
        self._seen += 1
        if arrival is Arrival.LONG_GAP:
            self._seen = 1
            if self._levels is not None:
                self._levels.clear()

    def outlasts(self, readings: int) -> bool:
        """Return whether it remembers more than its last so many readings give back."""
        windows = self.windows
        return readings < max(windows.recenter_reach, windows.background_reach, windows.warm_up)

    def snapshot(self) -> bytes:
        """Return what :meth:`restore` takes: the warm-up and the long windows."""
        return msgspec.msgpack.encode(
            _Snapshot(
                self._seen,
                self.score_state.snapshot(),
                None if self.outage is None else self.outage.snapshot(),
                None if self._levels is None else self._levels.snapshot(),
            )
        )

    def restore(self, snapshot: bytes) -> None:
        """Take over a :meth:`snapshot`; the readings before it have given the rest (ValueError if it is of no use)."""
        found = msgspec.msgpack.decode(snapshot, type=_Snapshot)
        self.score_state.restore(*found.score_state)
        if self.outage is not None and found.outage is not None:
            self.outage.restore(*found.outage)
        if self._levels is not None and found.levels is not None:
            self._levels.restore(*found.levels)
        self._seen = found.seen

    def forget(self, gap: Arrival) -> None:
        """Forget what a gap has made useless, once everything before it has been measured.

        Lags, flat lines and averages restart; after a long gap so do the baseline and the virtual background.
        """
        if gap is Arrival.LONG_GAP:
            self.score_state.clear()
        else:
            self.score_state.restart()

    @property
    def elsewhere(self) -> bool:
        """Whether more than half of the last 60 readings lie outside the range of the training by a tenth of it."""
        return self._outside.bit_count() > DOMAIN_READINGS // 2

    def note_domain(self, degree: float) -> bool:
        """Note how far a reading in order lies outside the range of the training; returns :attr:`elsewhere`."""
        outside = degree > DOMAIN_TOLERANCE
        if not outside and not self._outside:
            return False  # nearly always
        self._outside = (self._outside << 1 | outside) & _DOMAIN_MASK
        return self.elsewhere

    def shift_clock(self, seconds: float) -> None:
        """Note that the gateway's clock has jumped by so much [s], so that the jump makes no gap."""
        self.clock.shift(seconds)

    def update_background(self, level: float) -> None:
        """Add a gas level [its unit] to the background of the readings after it."""
        if self._levels is not None:
            self._levels.push(level)
