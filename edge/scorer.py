"""Scorer: readings become verdicts, those of many stations in one run of the network."""

from __future__ import annotations

import math
from collections.abc import Collection, Iterator, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from edge.adaptation import Adaptation
from edge.bundle import Bundle
from edge.clock import rfc3339_all
from edge.errors import BundleError
from edge.finding import Finding, Findings, Virtual
from edge.level import PPB, LevelRule
from edge.measures import StationMemory, measure, remember
from edge.quality import GOOD, flag
from edge.reading import Reading
from edge.segments import Segments
from edge.state import Arrival, StationState
from edge.verdict import Methane, State, Verdict

SUSPECT_TIMES = 10.0
"""A reading is suspect when a p-value is at most this many times the requested rate."""

SCORED = ("methane", "consistency", "reconstruction")
"""Kinds that have a score, in the order in which exceedances are told."""

Rows = NDArray[np.float64]
Batch = Sequence[tuple[StationState, Reading]]


class Scorer:
    """Scores readings with what one bundle holds; the stations' pasts are the caller's.

    Parameters
    ----------
    bundle
        The trained station.
    absent
        Keys that the stations never send: the gas column's, or none. Whatever they send there is not looked at.
    exceedances_per_1000
        Requested rate, per kind: readings in 1000 that may exceed by chance, in (0, 1000]; ``None``: the bundle's.
    enhancement_ppb
        Gas level above the background that exceeds [ppb].
    limit_ppb
        Absolute gas level that exceeds [ppb]; ``None``: none.
    adapt
        Whether thresholds follow the station, see :class:`edge.adaptation.Adaptation`.

    Attributes
    ----------
    rate
        Requested share of readings that exceed, in (0, 1].

    Raises
    ------
    ValueError
        The rate is not in (0, 1000].
    BundleError
        The bundle holds no scorer without the ``absent`` keys.
    """

    def __init__(
        self,
        bundle: Bundle,
        *,
        absent: Collection[str] = (),
        exceedances_per_1000: float | None = None,
        enhancement_ppb: float = 1000.0,
        limit_ppb: float | None = None,
        adapt: bool = False,
    ) -> None:
        per_1000 = bundle.manifest.exceedances_per_1000 if exceedances_per_1000 is None else exceedances_per_1000
        if not 0 < per_1000 <= 1000:
            raise ValueError(f"exceedances_per_1000: got {per_1000:g}, expected more than 0 and at most 1000")
        self.rate = per_1000 / 1000
        self._suspect = -math.log10(self.rate * SUSPECT_TIMES)
        self._bundle = bundle
        self._station = station = bundle.station
        unknown = sorted(set(absent) - {station.gas})
        if unknown:
            without = f"only without {station.gas}" if station.gas else "only for stations that send every column"
            raise BundleError(
                f"{bundle.path}: absent: got {', '.join(unknown)}, but this bundle has a scorer {without}; "
                "fix: train with a station file that leaves the column out"
            )
        self._model = bundle.scoring(absent=bool(absent))
        self._columns = list(self._model.columns)
        self._adapt = adapt
        gas = station.gas_index
        ppb = None if gas is None else PPB.get(station.units[gas])
        self._findings = Findings(self._model, ppb)
        self._level = None if ppb is None or absent else LevelRule(station, enhancement_ppb, limit_ppb)

    def new_state(self, cadence: float | None = None) -> StationState:
        """Begin a station, or a new segment of one; ``cadence`` [s] as configured, ``None``: the bundle's, if any."""
        levels = background = None
        if self._level is not None:
            levels = self._level.new_background()
            background = self._level.ppb(float(self._bundle.tables["background_ppb"][0]))
        return StationState(
            len(self._columns),
            memory=StationMemory(self._model),
            adaptation=Adaptation(self.rate, adapt=self._adapt),
            levels=levels,
            background=background,
            cadence=cadence or self._station.cadence,
        )

    def score(self, batch: Batch) -> list[Verdict]:
        """Score readings in the order in which they came; see :meth:`verdicts`."""
        return list(self.verdicts(batch))

    def verdicts(self, batch: Batch) -> Iterator[Verdict]:
        """Score readings in the order in which they came, and judge each when it is drawn.

        All are measured at once. What exceeds is decided one by one, so that an alarm that opens on a verdict
        (:meth:`edge.adaptation.Adaptation.freeze`) counts for the next; every verdict has to be drawn.

        A flagged channel exceeds by rule, and is named as the culprit. The other scores hold its last good value, for
        at most 12 readings; after that there are none. A late reading has no score and changes nothing; it is
        ``suspect``, because nobody vouches for it.

        Parameters
        ----------
        batch
            Each reading with the state of its station; a station may come more than once.

        Yields
        ------
        Verdict
            One per reading, in order, the same whether they came together or one by one.
        """
        if not batch:
            return
        values = np.array([reading.values for _, reading in batch], dtype=np.float64)
        flags = flag(values, self._station)
        pasts, segments = self._arrive(batch, values, flags)
        flags = flags[:, self._columns]
        findings = self._measure(values[:, self._columns], flags, segments)
        faulty = {i: flags[i].tolist() for i in np.flatnonzero((flags != GOOD).any(axis=1)).tolist()}
        for i, ((state, reading), past) in enumerate(zip(batch, pasts, strict=True)):
            finding = findings.get(i)
            if finding is None:
                finding = Finding() if past.late else self._findings.unscored(flags[i])
            yield self._verdict(state.adaptation, reading, past, finding, faulty.get(i))

    def remember(self, batch: Batch) -> None:
        """Let the states go on by readings that were scored before; nothing is said, and no threshold moves.

        Parameters
        ----------
        batch
            As in :meth:`verdicts`.
        """
        if not batch:
            return
        values = np.array([reading.values for _, reading in batch], dtype=np.float64)
        flags = flag(values, self._station)
        _, segments = self._arrive(batch, values, flags)
        values, flags = values[:, self._columns], flags[:, self._columns]
        for order, runs in segments.runs(values, values.copy(), flags):
            remember(self._model, values[order], runs)

    def _arrive(self, batch: Batch, values: Rows, flags: NDArray[np.uint8]) -> tuple[list[_Past], Segments]:
        """Let the states see the readings come; and note whose row follows on what."""
        pasts: list[_Past] = []
        segments = Segments()
        levels = None if self._level is None else self._level.read(values, flags)
        received = [reading.received for _, reading in batch]
        told = rfc3339_all([*received, *(reading.ts for _, reading in batch if reading.ts is not None)])
        measured = iter(told[len(batch) :])
        for i, (state, reading) in enumerate(batch):
            arrival = state.arrive(reading.ts, reading.received)
            ts = None if reading.ts is None else next(measured)
            if arrival is Arrival.LATE:
                pasts.append(_Past(state.n, ts, told[i], late=True))
                continue
            segments.add(state, arrival, i)
            if levels is None:
                pasts.append(_Past(state.n, ts, told[i], state.warming_up))
                continue
            # The background is that of the readings before this one.
            background = state.background
            level, good = levels[i]
            if good and level is not None:
                state.rise(level)
            pasts.append(_Past(state.n, ts, told[i], state.warming_up, level, background))
        return pasts, segments

    def _measure(self, values: Rows, flags: NDArray[np.uint8], segments: Segments) -> dict[int, Finding]:
        """Findings by row, of the rows that can be measured; the memories go on."""
        findings: dict[int, Finding] = {}
        actual = values.copy()
        bad = (flags != GOOD).any(axis=1)
        for order, runs in segments.runs(values, actual, flags):
            own = values[order]
            if bad[order].any():
                measures = measure(self._model, own, runs, actual=actual[order], broken=bad[order])
                found = self._findings.of(measures, own, flags[order])
            else:
                found = self._findings.of(measure(self._model, own, runs), own)
            findings.update(zip(order, found, strict=True))
        return findings

    def _verdict(
        self, adaptation: Adaptation, reading: Reading, past: _Past, finding: Finding, flags: list[int] | None
    ) -> Verdict:
        consistency, reconstruction, virtual = finding.consistency, finding.reconstruction, finding.virtual
        by: str | None = None if self._level is None else self._level.judge(past.level, past.background)
        exceeds: list[str] = []
        most = 0.0  # of the scores
        if virtual is not None and virtual.score is not None:
            most = virtual.score
            if not past.warming_up and adaptation.decide("methane", most) and by is None:
                by = "onset"
        if by is not None:
            exceeds.append("methane")
        if consistency is not None:
            most = max(most, consistency.score)
            # A broken rule exceeds as such, and teaches the threshold nothing.
            if not past.warming_up and (flags is not None or adaptation.decide("consistency", consistency.score)):
                exceeds.append("consistency")
        if reconstruction is not None:
            most = max(most, reconstruction.score)
            if not past.warming_up and adaptation.decide("reconstruction", reconstruction.score):
                exceeds.append("reconstruction")
        suspect = flags is not None or most >= self._suspect
        return Verdict(
            station=reading.station,
            n=past.n,
            seq=reading.seq,
            ts=past.ts,
            received=past.received,
            reconstruction=reconstruction,
            consistency=consistency,
            methane=_methane(past, virtual),
            exceeds=tuple(exceeds),
            by=by,
            flags={} if flags is None else {k: f for k, f in zip(self._model.keys, flags, strict=True) if f != GOOD},
            out_of_domain=finding.outside,
            contributions=finding.contributions,
            state=_state(past, by, outside=bool(finding.outside), exceeds=bool(exceeds), suspect=suspect),
            late=past.late,
            bundle=self._bundle.id,
        )


class _Past(NamedTuple):
    """One reading, seen with its station's past."""

    n: int
    ts: str | None
    received: str
    warming_up: bool = False
    level: float | None = None
    background: float | None = None
    late: bool = False


def _methane(past: _Past, virtual: Virtual | None) -> Methane | None:
    if virtual is None:
        if past.level is None and past.background is None:
            return None
        return Methane(level_ppb=past.level, background_ppb=_tenths(past.background))
    return Methane(
        score=virtual.score,
        p=virtual.p,
        level_ppb=past.level,
        virtual_ppb=virtual.level,
        sd_ppb=virtual.sd,
        over_range=virtual.over_range,
        under_range=virtual.under_range,
        background_ppb=virtual.background if past.background is None else _tenths(past.background),
    )


def _state(past: _Past, by: str | None, *, outside: bool, exceeds: bool, suspect: bool) -> State:
    if by == "limit":
        return "alarm"
    if past.late:
        return "suspect"
    if past.warming_up:
        return "warming_up"
    if outside:
        return "out_of_domain"
    return "alarm" if exceeds else "suspect" if suspect else "ok"


def _tenths(level: float | None) -> float | None:
    return None if level is None else round(level, 1)
