"""Derives from a verdict, for each kind of alarm, whether the reading raises it or clears it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import msgspec

from config.settings.alarms import AlarmKind, Alarms
from edge.alarms.event import Peak
from edge.scoring.following import clearing_threshold
from edge.scoring.gas_level import GasLevel
from edge.scoring.verdict import Methane, Verdict

_SCORED: tuple[AlarmKind, ...] = ("consistency", "reconstruction")


class Condition(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """What one reading means for one kind of alarm.

    Parameters
    ----------
    kind
        Kind of the alarm.
    exceeds
        Whether the reading raises it.
    clears
        Whether the reading clears it: it lies below the threshold by more than the deadband. A reading in the deadband
        does neither.
    severity
        Gas level [ppb, or its own unit if that has no conversion] or score [-]; larger is stranger.
    peak
        The event's peak if no reading of the alarm is stranger.
    by, culprit, contributions
        As in the event.
    """

    kind: AlarmKind
    exceeds: bool
    clears: bool
    severity: float
    peak: Peak
    by: str | None = None
    culprit: str | None = None
    contributions: dict[str, float] | None = None

    @classmethod
    def unscored(
        cls, kind: AlarmKind, ts: str, *, stands: bool, contributions: Mapping[str, float] | None = None
    ) -> Condition:
        """Make the condition of a kind without a score at a time, RFC 3339: it stands or it is over.

        The ``contributions`` are those of the channels it is about, the culprit's first: the more, the stranger.
        """
        shares = dict(contributions or {})
        culprit, severity = next(iter(shares), None), float(len(shares))
        return cls(kind, stands, not stands, severity, Peak(ts=ts), culprit=culprit, contributions=shares)

    @property
    def ts(self) -> str:
        """Time of the reading, RFC 3339."""
        return self.peak.ts


class Conditions:
    """Evaluates verdicts against the alarm rules.

    Parameters
    ----------
    rules
        Per kind, as in gateway.yaml.
    """

    def __init__(self, rules: Alarms) -> None:
        self._deadbands = {kind: rules.rule_for(kind).deadband for kind in ("methane", *_SCORED)}

    def evaluate(
        self, verdict: Verdict, thresholds: Mapping[str, float], ts: str, gas_level: GasLevel | None = None
    ) -> Iterator[Condition]:
        """Evaluate one verdict for every kind of alarm on which it bears.

        Parameters
        ----------
        verdict
            Verdict on one reading.
        thresholds
            Score below which a reading clears, but for the deadband, per kind with a score.
        ts
            Time of the reading, RFC 3339.
        gas_level
            What judges the station's gas levels; ``None`` if it sends none.

        Yields
        ------
        Condition
            At most one per kind.
        """
        if verdict.methane is not None:
            yield from self._evaluate_gas(verdict, verdict.methane, thresholds.get("methane"), ts, gas_level)
        for kind in _SCORED:
            scored = getattr(verdict, kind)
            if scored is None or kind not in thresholds:
                continue
            if verdict.flags and kind == "reconstruction":
                # A channel failed, and consistency names it. What the network makes of it is no news.
                continue
            exceeds = kind in verdict.exceeds
            clears = not exceeds and scored.score < clearing_threshold(thresholds[kind], self._deadbands[kind])
            peak = Peak(ts=ts, score=scored.score, p=scored.p)
            shares = verdict.contributions if kind == "reconstruction" else scored.contributions
            yield Condition(kind, exceeds, clears, scored.score, peak, None, getattr(scored, "culprit", None), shares)

    def _evaluate_gas(
        self, verdict: Verdict, gas: Methane, threshold: float | None, ts: str, gas_level: GasLevel | None
    ) -> Iterator[Condition]:
        level = None if gas.background is None or gas_level is None else gas.level
        score = None if threshold is None else gas.score
        if level is None and score is None:
            return
        exceeds = "methane" in verdict.exceeds
        # Whichever of level and onset there is has to clear: the onset's score falls with the virtual level.
        clears = not exceeds
        if level is not None and gas.background is not None and gas_level is not None:
            clears = clears and gas_level.clears(level, gas.background)
        if score is not None and threshold is not None:
            clears = clears and score < clearing_threshold(threshold, self._deadbands["methane"])
        severity = score if level is None else level if gas.level_ppb is None else gas.level_ppb
        peak = Peak(ts=ts, score=gas.score, p=gas.p)
        if level is not None:
            peak = Peak(ts=ts, score=gas.score, p=gas.p, level_ppb=gas.level_ppb, unit=gas.unit, level=level)
        yield Condition("methane", exceeds, clears, severity or 0.0, peak, verdict.by)
