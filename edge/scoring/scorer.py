"""Turns readings into verdicts, those of many stations in one run of the network."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence, Set
from itertools import repeat
from typing import Literal

import numpy as np

from config.settings.alarms import AlarmRule
from edge.arrays import Flags, Floats
from edge.bundles.bundle import Bundle
from edge.drift.drift_state import DriftState
from edge.errors import BundleError
from edge.models.scores import ScoreState, advance, score_rows
from edge.readings.quality import GOOD, flag
from edge.readings.reading import Reading
from edge.readings.station_clock.station_clock import StationClock
from edge.scoring.adaptation import Adaptation
from edge.scoring.decider import Decider
from edge.scoring.decision import Context, Decision
from edge.scoring.gas_level import GasLevel
from edge.scoring.gas_outage import GasOutage
from edge.scoring.gas_unit import GasUnit
from edge.scoring.row_scores import RowScores, RowScoresBuilder
from edge.scoring.segments import Segments
from edge.scoring.state import Arrival, StationState
from edge.scoring.verdict import Verdict
from edge.scoring.verdict_builder import VerdictBuilder

SCORED: tuple[Literal["methane", "consistency", "reconstruction"], ...] = ("methane", "consistency", "reconstruction")
"""Kinds that have a score, in the order of a verdict's ``exceeds``."""

_PLUMES = ("limit", "enhancement")  # measured gas, which says nothing of a drift

ReadingBatch = Sequence[tuple[StationState, Reading]]
"""Readings in the order of their arrival, each with the state of its station; a station may come more than once."""

Follow = Callable[[Decision], Collection[str] | None]
"""Follows up on a decision; returns the kinds whose alarm stands after it, or ``None`` if nobody raises alarms."""


class Scorer:
    """Scores readings with one bundle; what is remembered of each station lies with the caller.

    Parameters
    ----------
    bundle
        The trained station.
    absent
        Keys that the stations never send: the gas column's, or none. What they send there nevertheless is ignored.
    exceedances_per_1000
        Requested rate of each kind: readings in 1000 that may exceed by chance, in (0, 1000]; ``None`` takes the
        bundle's.
    enhancement
        Gas level above the background that exceeds [unit of the gas column]; ``None`` takes the bundle's.
    limit
        Absolute gas level that exceeds [unit of the gas column]; ``None`` for no limit.
    adapt
        Whether thresholds follow the station, see :class:`edge.scoring.adaptation.Adaptation`. That of the onset learns
        only from readings that an analyser calls quiet: real plumes must not teach it, and without an analyser it stays
        as it was trained.
    rules
        Kind -> when its alarm opens and closes; the default rule for those without an entry.

    Attributes
    ----------
    rate
        Requested share of readings that exceed by chance, in (0, 1].
    level
        Reads the gas levels; ``None`` if the stations send none.

    Raises
    ------
    ValueError
        The rate is not in (0, 1000].
    BundleError
        The bundle has no scorer without the ``absent`` keys.
    """

    def __init__(
        self,
        bundle: Bundle,
        *,
        absent: Collection[str] = (),
        exceedances_per_1000: float | None = None,
        enhancement: float | None = None,
        limit: float | None = None,
        adapt: bool = False,
        rules: Mapping[str, AlarmRule] | None = None,
    ) -> None:
        per_1000 = bundle.manifest.exceedances_per_1000 if exceedances_per_1000 is None else exceedances_per_1000
        if not 0 < per_1000 <= 1000:
            raise ValueError(f"exceedances_per_1000: got {per_1000:g}, expected more than 0 and at most 1000")
        self.rate = per_1000 / 1000
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
        self._source = " ".join((bundle.id, *absent))
        self._drift = bundle.drift(absent=bool(absent))
        columns = list(self._model.columns)
        # A slice makes a view, which costs nothing.
        self._columns = slice(None) if columns == list(range(station.size)) else columns
        self._adapt = adapt
        self._rules = rules
        self._row_scores = RowScoresBuilder(self._model, station)
        unit = GasUnit.from_bundle(bundle)
        self._verdicts = VerdictBuilder(self._model, unit, bundle.id)
        self._outage = None if unit is None or absent else GasOutage(bundle, self._model)
        self.level = None
        if unit is not None and not absent:
            self.level = GasLevel(station, unit, bundle.enhancement if enhancement is None else enhancement, limit)
        self._teaches_onset = self.level is not None and bundle.no_onset() is None
        self._decider = Decider(self.level, self.rate)

    def new_state(self, cadence: float | None = None, clock: type[StationClock] = StationClock) -> StationState:
        """Return the state of a station without readings.

        Parameters
        ----------
        cadence
            Configured interval between readings [s]; ``None``: the bundle's.
        clock
            What places the readings: :class:`edge.readings.station_clock.record_clock.RecordClock` for the rows of a
            file.
        """
        levels = background = None
        drift, model = self._drift, self._model
        if self.level is not None:
            levels = self.level.new_background(self._model.windows)
            background = self._bundle.background
        return StationState(
            self._model.size,
            score_state=ScoreState(self._model),
            adaptation=Adaptation(
                self.rate,
                adapt=self._adapt,
                rules=self._rules,
                fixed=() if self._teaches_onset else ("methane",),
                source=self._source,
            ),
            clock=clock(cadence or self._station.cadence),
            levels=levels,
            background=background,
            windows=self._model.windows,
            drift=None if drift is None else DriftState(drift, model.keys, model.residuals, model.effects),
        )

    def score(self, batch: ReadingBatch) -> list[Verdict]:
        """Return a verdict for each reading; alarms open and close by the rules alone. See :meth:`decide`."""
        verdicts: list[Verdict] = []
        self.decide(batch, lambda decision: verdicts.append(self.build_verdict(decision)))
        return verdicts

    def decide(self, batch: ReadingBatch, follow: Follow) -> None:
        """Measure readings at once, then decide one by one what they exceed.

        A flagged channel exceeds by rule, and is named as the culprit. The other scores use its last good value, for
        at most 12 readings; after that there are none. A missing gas level breaks no rule: the reading is scored as
        that of a station without an analyser. A reading beside the order is scored like one after a gap, by
        what is remembered of its station now, and changes nothing.

        Parameters
        ----------
        batch
            The readings. They are decided in order, and no differently together than one by one.
        follow
            Called with each decision. The thresholds take over which alarms stand before the next decision
            (:meth:`edge.scoring.adaptation.Adaptation.settle`).
        """
        if not batch:
            return
        values = np.array([reading.values for _, reading in batch], dtype=np.float64)
        flags = flag(values, self._station)
        contexts, segments = self._arrive(batch, values, flags)
        values, flags = values[:, self._columns], flags[:, self._columns]
        faulty = _faulty(flags)
        judged = flags if not faulty or self._outage is None else self._outage.excuse(flags)
        measured = self._measure(values, flags, judged, segments, faulty.keys())
        for i, ((state, reading), context) in enumerate(zip(batch, contexts, strict=True)):
            scores = measured.get(i)
            if scores is None:
                scores = self._row_scores.build_unscored(judged[i])
            broken = i in faulty and bool((judged[i] != GOOD).any())
            decision = self._decider.decide(state, reading, context, scores, faulty.get(i), broken=broken)
            drift = state.drift
            if drift is not None:
                drift.left -= 1
                if drift.left < 0 and i not in faulty and context.placement.in_order and decision.by not in _PLUMES:
                    drift.add(values[i], scores.error)
            stands = follow(decision)
            adaptation = state.adaptation
            if stands is None or stands or adaptation.stands:
                adaptation.settle(stands)

    def build_verdict(self, decision: Decision) -> Verdict:
        """Build the verdict of a decision; that costs as much as deciding, and not every verdict is published."""
        return self._verdicts.build(decision)

    def advance(self, batch: ReadingBatch, codes: Sequence[int]) -> list[Arrival]:
        """Let readings that were scored before pass through the states; thresholds and verdicts are left out.

        Parameters
        ----------
        batch
            The readings.
        codes
            Journal code of each, see :meth:`edge.scoring.state.StationState.resume`.

        Returns
        -------
        list of Arrival
            How each of them follows the one before it.
        """
        if not batch:
            return []
        values = np.array([reading.values for _, reading in batch], dtype=np.float64)
        flags = flag(values, self._station)
        arrivals = []
        segments = Segments(self._outage)
        for i, ((state, reading), code, (level, good)) in enumerate(
            zip(batch, codes, self._levels(values, flags), strict=False)
        ):
            arrival = state.resume(code, reading.ts, reading.received)
            arrivals.append(arrival)
            if arrival is not Arrival.BESIDE:
                segments.add(state, arrival, i)
                if good and level is not None:
                    state.update_background(level)
        values, flags = values[:, self._columns], flags[:, self._columns]
        for outage, order, states in segments.runs(values, values.copy(), flags, _faulty(flags).keys()):
            if outage is not None:
                outage.advance(values[order], states)
            else:
                advance(self._model, values[order], states)
        degrees = self._row_scores.degrees(values).tolist()
        for (state, _), arrival, degree in zip(batch, arrivals, degrees, strict=True):
            if arrival is not Arrival.BESIDE:
                state.note_domain(degree)
        return arrivals

    def replay_drift(self, state: StationState, readings: Sequence[Reading]) -> None:
        """Let readings in order that were scored before pass through a state's drift, and through nothing else."""
        if state.drift is not None and readings:
            values = np.array([reading.values for reading in readings], dtype=np.float64)
            good = (flag(values, self._station)[:, self._columns] == GOOD).all(axis=1)
            state.drift.replay(values[good][:, self._columns])

    def _arrive(self, batch: ReadingBatch, values: Floats, flags: Flags) -> tuple[list[Context], Segments]:
        """Let the readings arrive at their stations' states; returns their contexts, and the rows by station."""
        contexts: list[Context] = []
        segments = Segments(self._outage)
        for i, ((state, reading), (level, good)) in enumerate(zip(batch, self._levels(values, flags), strict=False)):
            arrival, placement = state.arrive(reading.ts, reading.received)
            segments.add(state, arrival, i)
            # The background is that of the readings before this one.
            background = state.background
            if good and level is not None and placement.in_order:
                state.update_background(level)
            contexts.append(Context(state.n, arrival, placement, state.warming_up, level, background))
        return contexts, segments

    def _levels(self, values: Floats, flags: Flags) -> Iterable[tuple[float | None, bool]]:
        """Return the gas level of each reading [its unit], and whether it is good; endless if there is none."""
        return repeat((None, False)) if self.level is None else self.level.read(values, flags)

    def _measure(
        self, values: Floats, flags: Flags, judged: Flags, segments: Segments, faulty: Set[int]
    ) -> dict[int, RowScores]:
        """Return the scores of the rows that can be measured, by row; the states advance."""
        measured: dict[int, RowScores] = {}
        actual = values.copy() if faulty else values
        for outage, order, states in segments.runs(values, actual, flags, faulty):
            own = values[order]
            if outage is not None:
                measured |= outage.measure(order, own, actual[order], flags[order], states)
                continue
            if faulty.isdisjoint(order):
                scores = self._row_scores.build(score_rows(self._model, own, states), own)
            else:
                broken = (judged[order] != GOOD).any(axis=1)
                raw = score_rows(self._model, own, states, actual=actual[order], broken=broken)
                scores = self._row_scores.build(raw, own, judged[order])
            measured.update(zip(order, scores, strict=True))
        return measured


def _faulty(flags: Flags) -> dict[int, list[int]]:
    """Return the flags [F] of the rows with a flag other than good, by row."""
    if flags.max() == GOOD:
        return {}  # the usual case
    return {row: flags[row].tolist() for row in np.flatnonzero((flags != GOOD).any(axis=1)).tolist()}
