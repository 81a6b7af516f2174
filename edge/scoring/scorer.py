"""Scorer: readings become verdicts, those of many stations in one run of the network."""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable, Iterator, Sequence, Set
from itertools import repeat

import numpy as np

from edge.arrays import Flags, Floats
from edge.bundles.bundle import Bundle
from edge.errors import BundleError
from edge.models.scores import ScoreState, advance, score_rows
from edge.readings.quality import GOOD, flag
from edge.readings.reading import Reading
from edge.scoring.adaptation import Adaptation
from edge.scoring.decision import Context, Decision
from edge.scoring.gas_level import PPB_PER_UNIT, GasLevel
from edge.scoring.row_scores import RowScores, RowScoresBuilder
from edge.scoring.segments import Segments
from edge.scoring.state import Arrival, StationState
from edge.scoring.verdict import Verdict
from edge.scoring.verdict_builder import VerdictBuilder, round_score

SUSPECT_TIMES = 10.0
"""A reading is suspect when a p-value is at most this many times the requested rate."""

SCORED = ("methane", "consistency", "reconstruction")
"""Kinds that have a score, in the order in which exceedances are told."""

ScoreBatch = Sequence[tuple[StationState, Reading]]


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
        Whether thresholds follow the station, see :class:`edge.scoring.adaptation.Adaptation`.

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
        columns = list(self._model.columns)
        # All of them are a view, which costs nothing.
        self._columns = slice(None) if columns == list(range(station.size)) else columns
        self._adapt = adapt
        gas = station.gas_index
        ppb = None if gas is None else PPB_PER_UNIT.get(station.units[gas])
        self._findings = RowScoresBuilder(self._model)
        self._teller = VerdictBuilder(self._model, ppb, bundle.id)
        self._level = None if ppb is None or absent else GasLevel(station, enhancement_ppb, limit_ppb)

    def new_state(self, cadence: float | None = None) -> StationState:
        """Begin a station, or a new segment of one; ``cadence`` [s] as configured, ``None``: the bundle's, if any."""
        levels = background = None
        if self._level is not None:
            levels = self._level.new_background()
            background = self._level.ppb(float(self._bundle.tables["background_ppb"][0]))
        return StationState(
            self._model.size,
            memory=ScoreState(self._model),
            adaptation=Adaptation(self.rate, adapt=self._adapt),
            levels=levels,
            background=background,
            cadence=cadence or self._station.cadence,
        )

    def score(self, batch: ScoreBatch) -> list[Verdict]:
        """Score readings in the order in which they came, and tell all of it; see :meth:`judge`."""
        return [self.tell(judgement) for judgement in self.judge(batch)]

    def judge(self, batch: ScoreBatch) -> Iterator[Decision]:
        """Score readings in the order in which they came, and judge each when it is drawn.

        All are measured at once. What exceeds is decided one by one, so that an alarm that opens on a verdict
        (:meth:`edge.scoring.adaptation.Adaptation.freeze`) counts for the next; every judgement has to be drawn.

        A flagged channel exceeds by rule, and is named as the culprit. The other scores hold its last good value, for
        at most 12 readings; after that there are none. A late reading has no score and changes nothing; it is
        ``suspect``, because nobody vouches for it.

        Parameters
        ----------
        batch
            Each reading with the state of its station; a station may come more than once.

        Yields
        ------
        Judgement
            One per reading, in order, the same whether they came together or one by one; see :meth:`tell`.
        """
        if not batch:
            return
        values = np.array([reading.values for _, reading in batch], dtype=np.float64)
        flags = flag(values, self._station)
        pasts, segments = self._arrive(batch, values, flags)
        values, flags = values[:, self._columns], flags[:, self._columns]
        faulty = _faulty(flags)
        findings = self._measure(values, flags, segments, faulty.keys())
        for i, ((state, reading), past) in enumerate(zip(batch, pasts, strict=True)):
            finding = findings.get(i)
            if finding is None:
                finding = RowScores() if past.late else self._findings.unscored(flags[i])
            yield self._judge(state.adaptation, reading, past, finding, faulty.get(i))

    def tell(self, judgement: Decision) -> Verdict:
        """Put a judgement into words; that costs as much as coming to it, and not every verdict is published."""
        return self._teller.tell(judgement)

    def remember(self, batch: ScoreBatch) -> None:
        """Let the states go on by readings that were scored before; nothing is said, and no threshold moves.

        Parameters
        ----------
        batch
            As in :meth:`judge`.
        """
        if not batch:
            return
        values = np.array([reading.values for _, reading in batch], dtype=np.float64)
        flags = flag(values, self._station)
        _, segments = self._arrive(batch, values, flags)
        values, flags = values[:, self._columns], flags[:, self._columns]
        for order, runs in segments.runs(values, values.copy(), flags, _faulty(flags).keys()):
            advance(self._model, values[order], runs)

    def _arrive(self, batch: ScoreBatch, values: Floats, flags: Flags) -> tuple[list[Context], Segments]:
        """Let the states see the readings come; and note whose row follows on what."""
        pasts: list[Context] = []
        segments = Segments()
        levels: Iterable[tuple[float | None, bool]] = repeat((None, False))
        if self._level is not None:
            levels = self._level.read(values, flags)
        for i, ((state, reading), (level, good)) in enumerate(zip(batch, levels, strict=False)):
            arrival = state.arrive(reading.ts, reading.received)
            if arrival is Arrival.LATE:
                pasts.append(Context(state.n, late=True))
                continue
            segments.add(state, arrival, i)
            # The background is that of the readings before this one.
            background = state.background
            if good and level is not None:
                state.rise(level)
            pasts.append(Context(state.n, False, state.warming_up, level, background))
        return pasts, segments

    def _measure(self, values: Floats, flags: Flags, segments: Segments, faulty: Set[int]) -> dict[int, RowScores]:
        """Findings by row, of the rows that can be measured; the memories go on."""
        findings: dict[int, RowScores] = {}
        actual = values.copy() if faulty else values
        for order, runs in segments.runs(values, actual, flags, faulty):
            own = values[order]
            if faulty.isdisjoint(order):
                found = self._findings.of(score_rows(self._model, own, runs), own)
            else:
                broken = (flags[order] != GOOD).any(axis=1)
                measures = score_rows(self._model, own, runs, actual=actual[order], broken=broken)
                found = self._findings.of(measures, own, flags[order])
            findings.update(zip(order, found, strict=True))
        return findings

    def _judge(
        self, adaptation: Adaptation, reading: Reading, past: Context, finding: RowScores, flags: list[int] | None
    ) -> Decision:
        by: str | None = None if self._level is None else self._level.judge(past.level, past.background)
        exceeds: list[str] = []
        most = 0.0  # of the scores
        if (score := round_score(finding.onset)) is not None:
            most = score
            if not past.warming_up and adaptation.decide("methane", score) and by is None:
                by = "onset"
        if by is not None:
            exceeds.append("methane")
        if (score := round_score(finding.consistency)) is not None:
            most = max(most, score)
            # A broken rule exceeds as such, and teaches the threshold nothing.
            if not past.warming_up and (flags is not None or adaptation.decide("consistency", score)):
                exceeds.append("consistency")
        if (score := round_score(finding.reconstruction)) is not None:
            most = max(most, score)
            if not past.warming_up and adaptation.decide("reconstruction", score):
                exceeds.append("reconstruction")
        suspect = flags is not None or most >= self._suspect
        return Decision(reading, past, finding, flags, tuple(exceeds), by, suspect)


def _faulty(flags: Flags) -> dict[int, list[int]]:
    """Flags [F] of the rows that have one."""
    if flags.max() == GOOD:
        return {}  # nearly always
    return {row: flags[row].tolist() for row in np.flatnonzero((flags != GOOD).any(axis=1)).tolist()}
