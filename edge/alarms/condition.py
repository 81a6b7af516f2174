"""Sign: what one reading says about one kind of alarm."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import msgspec

from config.settings.alarms import AlarmKind, Alarms
from edge.alarms.event import Peak
from edge.scoring.verdict import Methane, Verdict

LEVEL_DEADBAND = 0.1
"""Deadband of the gas level, as a share of the enhancement that alarms."""

_SCORED: tuple[AlarmKind, ...] = ("consistency", "reconstruction")


class Condition(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """What one reading says about one kind of alarm.

    Parameters
    ----------
    kind
        Of the alarm.
    exceeds
        Whether the reading speaks for it.
    quiet
        Whether it speaks against it: below the threshold by more than the deadband. Between the two it does neither.
    size
        The larger, the stranger: the gas level [ppb], or the score.
    peak
        What is told of the reading if none is stranger.
    by, culprit, contributions
        As in the event.
    """

    kind: AlarmKind
    exceeds: bool
    quiet: bool
    size: float
    peak: Peak
    by: str | None = None
    culprit: str | None = None
    contributions: dict[str, float] | None = None

    @property
    def ts(self) -> str:
        """When, RFC 3339."""
        return self.peak.ts


class Conditions:
    """Makes the signs of verdicts.

    Parameters
    ----------
    rules
        Per kind, as in gateway.yaml.
    """

    def __init__(self, rules: Alarms) -> None:
        self._deadbands = {kind: rules.rule_for(kind).deadband for kind in ("methane", *_SCORED)}
        self._enhancement = rules.methane.enhancement_ppb
        self._limit = rules.methane.limit_ppb

    def of(self, verdict: Verdict, thresholds: Mapping[str, float], ts: str) -> Iterator[Condition]:
        """Say what a verdict means for each kind of alarm on which it says anything.

        Parameters
        ----------
        verdict
            On one reading.
        thresholds
            Per kind with a score: the least score that exceeds.
        ts
            When the reading was, RFC 3339.

        Yields
        ------
        Sign
            At most one per kind.
        """
        if verdict.methane is not None:
            yield from self._of_gas(verdict, verdict.methane, thresholds.get("methane"), ts)
        for kind in _SCORED:
            scored = getattr(verdict, kind)
            if scored is None or kind not in thresholds:
                continue
            if verdict.flags and kind == "reconstruction":
                # A channel failed: consistency says so and names it. What the network makes of it is no news.
                continue
            exceeds = kind in verdict.exceeds
            quiet = not exceeds and scored.score < self._quiet_below(kind, thresholds[kind])
            peak = Peak(ts=ts, score=scored.score, p=scored.p)
            shares = verdict.contributions if kind == "reconstruction" else None
            yield Condition(kind, exceeds, quiet, scored.score, peak, None, getattr(scored, "culprit", None), shares)

    def _of_gas(self, verdict: Verdict, gas: Methane, threshold: float | None, ts: str) -> Iterator[Condition]:
        level = None if gas.background_ppb is None else gas.level_ppb
        score = None if threshold is None else gas.score
        if level is None and score is None:
            return
        exceeds = "methane" in verdict.exceeds
        # Level and onset have to be over, as far as there are any: the onset's score falls with the virtual level.
        quiet = not exceeds
        if level is not None and gas.background_ppb is not None:
            least = gas.background_ppb + self._enhancement
            if self._limit is not None:
                least = min(least, self._limit)
            quiet = quiet and level < least - LEVEL_DEADBAND * self._enhancement
        if score is not None and threshold is not None:
            quiet = quiet and score < self._quiet_below("methane", threshold)
        size = level if level is not None else score
        peak = Peak(ts=ts, score=gas.score, p=gas.p, level_ppb=level)
        yield Condition("methane", exceeds, quiet, size or 0.0, peak, verdict.by)

    def _quiet_below(self, kind: AlarmKind, threshold: float) -> float:
        least = threshold - self._deadbands[kind]
        # No score would ever lie below a deadband as wide as the threshold.
        return least if least > 0 else threshold / 2
