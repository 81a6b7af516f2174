"""Builds the published verdict from a decision, rounded to its significant digits."""

from __future__ import annotations

import math
from collections.abc import Sequence

from edge.clock import rfc3339
from edge.models.scoring_model import ScoringModel
from edge.readings.quality import GOOD
from edge.scoring.decision import Context, Decision
from edge.scoring.gas_unit import GasUnit
from edge.scoring.row_scores import RowScores
from edge.scoring.verdict import Consistency, Methane, Reconstruction, Shift, State, Verdict

_LISTED = 3  # largest contributions that a verdict lists
_LEAST, _MOST = 1e-9, 1e4  # in this range rounding by a power of ten is exact, and twice as fast as by text


class VerdictBuilder:
    """Builds the verdicts of one scoring model.

    Parameters
    ----------
    model
        The scoring model.
    unit
        Unit of its gas; ``None`` if there is none.
    bundle
        Id of its bundle.
    """

    def __init__(self, model: ScoringModel, unit: GasUnit | None, bundle: str) -> None:
        self._keys = model.keys
        self._virtual = virtual = model.virtual
        if virtual is not None:
            self._low, self._high = math.log(virtual.low) - 2 * virtual.sd, math.log(virtual.high)
        self._unit = unit
        self._bundle = bundle

    def build(self, decision: Decision) -> Verdict:
        """Build the verdict; numbers are rounded to their significant digits."""
        reading, context, scores, flags, exceeds, by, _, _, shifts = decision
        in_order, _, _, historical, ts, ts_from, _ = context.placement
        received = rfc3339(reading.received)
        return Verdict(
            station=reading.station,
            n=context.n,
            seq=reading.seq,
            ts=received if ts_from == "received" else rfc3339(ts),
            ts_from=ts_from,
            received=received,
            reconstruction=_reconstruction(scores),
            consistency=self._consistency(decision),
            methane=self._methane(scores, context),
            exceeds=exceeds,
            by=by,
            flags={} if flags is None else {k: f for k, f in zip(self._keys, flags, strict=True) if f != GOOD},
            out_of_domain=scores.outside,
            out_of_domain_degree=round(scores.degree, 4) if scores.degree else 0.0,
            contributions=self._contributions(scores),
            state=state_of(decision),
            shift=Shift.from_shifts(shifts),
            late=not in_order,
            historical=historical,
            bundle=self._bundle,
        )

    def _consistency(self, decision: Decision) -> Consistency | None:
        scores = decision.scores
        score = round_score(scores.consistency)
        if score is None:
            return None
        culprit = self._keys[scores.culprit]
        if "consistency" not in decision.exceeds:
            return Consistency(score=score, p=_p(scores.consistency), culprit=culprit)
        flags = decision.flags
        if flags is not None and flags[scores.culprit] != GOOD:
            # What was filled in for a channel that broke a rule is not strange, and the channel is.
            strangest = {key: 1.0 for key, flag in zip(self._keys, flags, strict=True) if flag != GOOD}
        else:  # without a flag, or with one that is excused
            strangest = self._largest([0.0 if math.isnan(each) else each for each in scores.strangeness])
        return Consistency(score=score, p=_p(scores.consistency), culprit=culprit, contributions=strangest)

    def _contributions(self, scores: RowScores) -> dict[str, float]:
        return {} if math.isnan(scores.error) else self._largest(scores.contributions)

    def _largest(self, parts: Sequence[float]) -> dict[str, float]:
        largest = sorted(range(len(parts)), key=parts.__getitem__, reverse=True)[:_LISTED]
        return {self._keys[j]: _four_digits(parts[j]) for j in largest}

    def _methane(self, scores: RowScores, context: Context) -> Methane | None:
        unit, level, background = self._unit, context.level, context.background
        virtual = self._virtual
        if unit is None:
            return None
        inferred = sd = math.nan
        over = under = False
        score = None
        if virtual is None or not scores.contributions:
            if level is None and background is None:
                return None
        else:
            over, under = scores.virtual > self._high, scores.virtual < self._low
            if not over and not under:
                inferred = math.exp(scores.virtual)
                sd = inferred * virtual.sd
            score = round_score(scores.onset)
            if background is None:
                background = math.exp(scores.background)
        own = (level, unit.round(inferred), unit.round(sd), None if background is None else unit.round(background))
        # In the usual unit the two are the same, and nothing is rounded twice.
        ppb = own if unit.in_tenths_of_ppb else tuple(map(unit.to_ppb, (level, inferred, sd, background)))
        return Methane(
            score=score,
            p=None if score is None else _p(scores.onset),
            level_ppb=ppb[0],
            virtual_ppb=ppb[1],
            sd_ppb=ppb[2],
            over_range=over,
            under_range=under,
            background_ppb=ppb[3],
            unit=unit.code,
            level=own[0],
            virtual=own[1],
            sd=own[2],
            background=own[3],
        )


def round_score(score: float) -> float | None:
    """Round a score to the four decimals with which it is published and compared; ``None`` for nan."""
    # Adding 0.0 turns -0.0 into 0.0.
    return None if score != score else round(score * 1e4) / 1e4 + 0.0  # noqa: PLR0124  # the fast test for nan


def _reconstruction(scores: RowScores) -> Reconstruction | None:
    score = round_score(scores.reconstruction)
    if score is None:
        return None
    return Reconstruction(score=score, p=_p(scores.reconstruction), error=_four_digits(scores.error))


def state_of(decision: Decision) -> State:
    """Return the state of a verdict; a channel whose unit is in doubt is not looked at."""
    if decision.exceeds:
        return "alarm"
    if decision.context.warming_up:
        return "warming_up"
    return "out_of_domain" if decision.elsewhere else "suspect" if decision.suspect else "ok"


def _p(score: float) -> float:
    """Return the p-value with three significant digits: it is calibrated on a few thousand readings."""
    places = 2 + math.ceil(score)
    return round(math.pow(10.0, places - score)) / 10.0**places


def _four_digits(value: float) -> float:
    """Round an error or a contribution to four significant digits."""
    if not _LEAST <= value < _MOST:
        return float(f"{value:.4g}")
    scale = 10.0 ** (3 - math.floor(math.log10(value)))
    return round(value * scale) / scale
