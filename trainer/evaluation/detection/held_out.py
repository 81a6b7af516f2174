"""Scores the held-out rows of a record, with or without faults in them, as a gateway would."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Literal, NamedTuple

import numpy as np

from config.settings.alarms import Alarms
from config.settings.station import Station
from edge.alarms.panel import AlarmPanel
from edge.arrays import Floats, Indices, Mask
from edge.models.pvalue import SCORE_CAP
from edge.models.scores import ScoreState, score_rows
from edge.models.scoring_model import ScoringModel
from edge.models.windows import WARM_UP
from edge.readings.quality import GOOD, flag
from edge.readings.station_clock.station_clock import StationClock
from edge.scoring.adaptation import Adaptation
from edge.scoring.segments import Segments
from edge.scoring.state import Arrival, StationState
from edge.scoring.verdict import Consistency, Verdict
from trainer.data.record import Span
from trainer.evaluation.budget import replay_thresholds
from trainer.evaluation.detection.folds import Fold

ScoreName = Literal["consistency", "reconstruction"]

_CONSISTENCY: ScoreName = "consistency"


class HeldOutScores(NamedTuple):
    """Scores of N held-out rows, in order.

    Parameters
    ----------
    consistency
        -log10 p, [N]; nan for rows with a held cell.
    reconstruction, error
        -log10 p and the raw error behind it, [N]; nan for rows without a score.
    culprit
        The column that broke a rule, or else the strangest one, [N].
    broken
        Whether a row broke a rule, [N].
    """

    consistency: Floats
    reconstruction: Floats
    error: Floats
    culprit: Indices
    broken: Mask


def score_held_out(model: ScoringModel, values: Floats, station: Station, fold: Fold) -> HeldOutScores:
    """Score held-out rows as a gateway does: first the rules, then the model on the readings that pass them.

    Every span of held-out rows is scored as a station that has just started, with an empty memory. Rows with a held
    cell pass through the memory and have no score.

    Parameters
    ----------
    model
        A model with its tables.
    values
        All readings [rows, station.size] of the record, in the station's units; only those of ``fold.test`` are read.
    station
        What the columns are.
    fold
        Which rows are held out.
    """
    model = replace(model, virtual=None)  # the onset is not needed here
    flags = flag(values[fold.test], station)[:, model.columns]
    held = values[fold.test][:, model.columns]
    actual = held.copy()
    bad = flags != GOOD
    broken = bad.any(axis=1)
    # A row that no memory can complete has broken a rule for long.
    consistency, reconstruction, error = (np.full(len(held), fill) for fill in (SCORE_CAP, np.nan, np.nan))
    strangeness = np.where(bad, np.inf, 0.0)
    faulty = set(np.flatnonzero(broken).tolist())
    for _, rows, runs in _segments(model, fold).runs(held, actual, flags, faulty):
        measures = score_rows(model, held[rows], runs, actual=actual[rows], broken=broken[rows])
        consistency[rows], reconstruction[rows] = measures.consistency, measures.reconstruction
        error[rows] = measures.error
        strangeness[rows] = np.fmax(strangeness[rows], measures.strangeness)
    none = ~fold.judged
    for score in (consistency, reconstruction, error):
        score[none] = np.nan
    broken[none] = False
    culprit = np.array(model.columns)[strangeness.argmax(axis=1)]
    return HeldOutScores(consistency, reconstruction, error, culprit, broken)


def _segments(model: ScoringModel, fold: Fold) -> Segments:
    segments = Segments()
    restarts = set(fold.restarts)
    row = 0
    for start, end in fold.spans:
        state = StationState(
            model.size,
            score_state=ScoreState(model),
            adaptation=Adaptation(1.0),
            clock=StationClock(None),
            windows=model.windows,
        )
        for place in range(start, end):
            segments.add(state, Arrival.GAP if place in restarts and place > start else Arrival.NEXT, row)
            row += 1
    return segments


def exceedances(scores: HeldOutScores, name: ScoreName, rate: float, *, adapt: bool) -> Mask:
    """Return whether the score of each row exceeds at a requested rate, [N].

    Parameters
    ----------
    scores
        Scores of one station's rows, in order.
    name
        Which score.
    rate
        Share of readings that may exceed.
    adapt
        Whether the threshold follows the station. A broken rule makes the consistency exceed by itself; the threshold
        learns nothing from it, nor from a row without a score.
    """
    by_rule = scores.broken & (name == "consistency")
    replay = replay_thresholds(getattr(scores, name), rate, broken=by_rule, teaches=~scores.broken, adapt=adapt)
    return np.asarray(by_rule | replay.exceeds)


class AlarmReplay(NamedTuple):
    """Thresholds and alarms of a gateway with default settings over N held-out rows.

    Parameters
    ----------
    thresholds
        Adaptive threshold of the consistency score, [N]; inf while a station warms up.
    alarms
        ``(start, end)`` rows of the record during which a consistency alarm was active.
    """

    thresholds: Floats
    alarms: tuple[Span, ...]


def replay_alarms(scores: HeldOutScores, fold: Fold, rate: float, warm_up: int = WARM_UP) -> AlarmReplay:
    """Raise and clear consistency alarms on held-out rows as a gateway with default settings does.

    Each span is replayed as a station that has just started, so nothing exceeds while it warms up; the threshold
    carries over from one span to the next.
    """
    panel = AlarmPanel(Alarms(), _FrozenClock())
    adaptation = Adaptation(rate)
    remaining = iter(scores.consistency.tolist())
    thresholds: list[float] = []
    alarms: list[Span] = []
    for number, (start, end) in enumerate(fold.spans):
        station = f"span-{number}"
        opened = None
        for n in range(1, end - start + 1):
            one = next(remaining)
            warm = n > warm_up
            decides = warm and not math.isnan(one)
            verdict = Verdict(
                station=station,
                n=n,
                ts="",
                received="",
                consistency=Consistency(score=one, p=10**-one, culprit=""),
                exceeds=(_CONSISTENCY,) if decides and adaptation.decide(_CONSISTENCY, one) else (),
                state="ok",
                bundle="",
            )
            threshold = adaptation.threshold(_CONSISTENCY)
            thresholds.append(threshold if warm else np.inf)
            judge: dict[str, float] = {_CONSISTENCY: adaptation.judge(_CONSISTENCY)}
            for event in panel.observe(verdict, judge, ended=adaptation.ended()):
                if event.event_type == "open":
                    opened = start + n - 1
                elif event.event_type == "close" and opened is not None:
                    alarms.append((opened, start + n))
                    opened = None
            adaptation.settle(panel.borne(station))
        if opened is not None:
            alarms.append((opened, end))
    return AlarmReplay(np.array(thresholds), tuple(alarms))


def count_alarms(scores: HeldOutScores, fold: Fold, rate: float, warm_up: int = WARM_UP) -> int:
    """Count the consistency alarms on undisturbed held-out rows; see :func:`replay_alarms`."""
    return len(replay_alarms(scores, fold, rate, warm_up).alarms)


class _FrozenClock:
    """A clock that stands still: no alarm is repeated, and readings alone decide."""

    def now(self) -> float:
        return 0.0

    def monotonic(self) -> float:
        return 0.0
