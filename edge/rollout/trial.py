"""Trial: a bundle on trial at one station, in shadow beside the running one, or watched after its activation."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from functools import partial

from edge.alarms.panel import AlarmPanel
from edge.readings.reading import Reading
from edge.rollout.model_tally import ModelTally
from edge.rollout.rate_check import too_few, too_many
from edge.rollout.shadow_counts import ShadowCounts
from edge.scoring.decision import Decision
from edge.scoring.scorer import SCORED, Scorer
from edge.scoring.state import StationState


class Trial:
    """Notes the decisions about a station's readings.

    Parameters
    ----------
    of
        Readings for which it lasts.

    Attributes
    ----------
    of
        As given.
    readings
        Readings that counted so far: in order, and of a station that has warmed up.
    error
        What scoring with the bundle has raised; empty while it works.
    """

    def __init__(self, of: int) -> None:
        self.of = of
        self.readings = 0
        self.error = ""

    def note(self, decision: Decision, *, opened: bool) -> None:
        """Note the decision of the running bundle about a reading, and whether it has opened an alarm."""
        raise NotImplementedError

    @property
    def over(self) -> bool:
        """Whether it has lasted long enough."""
        return self.readings >= self.of


class Shadow(Trial):
    """Scores with a bundle what the running one has scored.

    Its state, thresholds and alarms are its own; nothing of it is published as a score or an alarm.

    Parameters
    ----------
    scorer
        The waiting bundle's.
    state
        What it remembers of the station.
    panel
        Its alarms; nobody sees them.
    station
        Name of the station.
    of
        Readings for which it lasts.
    counts
        What both have found so far: before a restart, in the same shadow.

    Attributes
    ----------
    scorer, state, counts
        As given.
    """

    def __init__(
        self,
        scorer: Scorer,
        state: StationState,
        panel: AlarmPanel,
        station: str,
        *,
        of: int,
        counts: ShadowCounts,
    ) -> None:
        super().__init__(of)
        self.readings = counts.readings
        self.scorer = scorer
        self.state = state
        self.counts = counts
        self._station = station
        self._panel = panel
        self._noted: list[tuple[Decision, bool]] = []

    def note(self, decision: Decision, *, opened: bool) -> None:
        """Note the decision of the running bundle about a reading, and whether it has opened an alarm."""
        if not self.error:  # a turn that waits for the disk must not let them grow
            self._noted.append((decision, opened))

    def take_noted(self) -> list[tuple[Decision, bool]]:
        """Return, once, what was noted."""
        noted, self._noted = self._noted, []
        return noted

    def compare(self, running: Decision, waiting: Decision, *, opened: bool) -> Collection[str]:
        """Compare both decisions about one reading; returns the kinds whose alarm stands at the waiting one."""
        if waiting.context.placement.in_order and not running.context.warming_up and not waiting.context.warming_up:
            self.counts.add(running, waiting, opened=opened)
            self.readings = self.counts.readings
        panel = self._panel
        if not waiting.exceeds and not panel.tracks(self._station):
            return ()
        adaptation = self.state.adaptation
        thresholds: Mapping[str, float] = {kind: adaptation.judge(kind) for kind in SCORED}
        verdict = self.scorer.build_verdict(waiting)
        events = panel.observe(verdict, thresholds, self.scorer.level, adaptation.ended())
        self.counts.waiting.alarms += sum(event.event_type == "open" for event in events)
        return panel.borne(self._station)

    def fault(self, factor: float) -> str | None:
        """Return why the waiting bundle must not become active, by its rates; ``None``: it may."""
        running, waiting = self.counts.running, self.counts.waiting
        for kind in SCORED:
            if running.scored[kind] and not waiting.scored[kind]:
                return f"{kind}: got no score in {self.readings} readings of which the running one has scored some"
            if waiting.scored[kind]:
                allowed = max(self.scorer.rate, running.table_rate(kind))
                follows = self.state.adaptation.follows(kind)
                if found := rate_fault(waiting, kind, allowed, factor, follows=follows):
                    return found
        return None


class Probation(Trial):
    """Watches a bundle that has become active.

    Parameters
    ----------
    rate
        Requested share of readings that exceed by chance.
    follows
        Kinds whose thresholds follow the station.
    before
        Kind -> the share of readings that reached the running bundle's own threshold while this one was in shadow.
    of
        Readings for which it lasts.

    Attributes
    ----------
    rate
        As given.
    """

    def __init__(self, rate: float, follows: Collection[str], before: Mapping[str, float], *, of: int) -> None:
        super().__init__(of)
        self.rate = rate
        self._follows = follows
        self._before = before
        self._tally = ModelTally(rate)

    def note(self, decision: Decision, *, opened: bool) -> None:
        """Count a reading."""
        if decision.context.placement.in_order and not decision.context.warming_up:
            self.readings += 1
            self._tally.count(decision)
            self._tally.alarms += opened

    def fault(self, factor: float) -> str | None:
        """Return why the bundle has to go back, by its rates; ``None``: it may stay."""
        for kind in SCORED:
            if self._tally.scored[kind]:
                allowed = max(self._tally.rate, self._before.get(kind, 0.0))
                if found := rate_fault(self._tally, kind, allowed, factor, follows=kind in self._follows):
                    return found
        return None


def rate_fault(tally: ModelTally, kind: str, allowed: float, factor: float, *, follows: bool) -> str | None:
    """Return how the rate of a kind is surely off by more than a factor; ``None``: it is not.

    Too high is judged by the table of the training, because a threshold that follows hides it; too low by the
    thresholds that follow, because a table that is rarely reached is no fault, and following mends it.

    Parameters
    ----------
    tally
        What the bundle has done.
    kind
        Kind of score.
    allowed
        Share of readings that may reach the threshold of the training.
    factor
        By how much it may be off.
    follows
        Whether the threshold follows.
    """
    scored, count = tally.scored[kind], tally.by_table[kind]
    if too_many(count, scored, factor * allowed):
        return (
            f"{kind}: {count} of {scored} readings reach the threshold of its training, expected at most "
            f"{1000 * factor * allowed:.3g} in 1000 (rollout.rate_factor: {factor:g})"
        )
    if follows and kind != "methane" and too_few(tally.exceeds[kind], scored, tally.rate / factor):
        return (
            f"{kind}: {tally.exceeds[kind]} of {scored} readings exceed, expected at least "
            f"{1000 * tally.rate / factor:.3g} in 1000 (rollout.rate_factor: {factor:g})"
        )
    return None


def run_shadows(shadows: Iterable[Shadow]) -> None:
    """Score what was noted, the readings of one scorer at once; a shadow whose scorer fails has an error then."""
    groups: dict[Scorer, list[Shadow]] = {}
    for shadow in shadows:
        if not shadow.error:
            groups.setdefault(shadow.scorer, []).append(shadow)
    for scorer, own in groups.items():
        noted = [(shadow, *each) for shadow in own for each in shadow.take_noted()]
        batch: list[tuple[StationState, Reading]] = [(shadow.state, running.reading) for shadow, running, _ in noted]
        try:
            scorer.decide(batch, partial(_follow, iter(noted)))
        except Exception as error:  # a bundle that fails in shadow must not touch the running one
            for shadow in own:
                shadow.error = f"{type(error).__name__}: {error}"


def _follow(noted: Iterable[tuple[Shadow, Decision, bool]], waiting: Decision) -> Collection[str]:
    shadow, running, opened = next(iter(noted))
    return shadow.compare(running, waiting, opened=opened)
