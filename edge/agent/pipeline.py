"""Takes readings to verdicts and alarms, and journals them."""

from __future__ import annotations

import struct
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import lru_cache, partial

from edge.agent.health import Health
from edge.agent.intake import Entry
from edge.agent.station import LiveStation, StationGroup
from edge.agent.station_clocks import StationClocks
from edge.agent.station_drifts import StationDrifts
from edge.alarms.event import Event
from edge.alarms.panel import AlarmPanel
from edge.archive.archive import Archive
from edge.archive.station_tail import ArchivedReading
from edge.delivery.delivery import Delivery
from edge.errors import ReadingError
from edge.journal.transaction import ReadingRow, Transaction
from edge.log import Log
from edge.readings.csv.collected_columns import JOINED
from edge.readings.station_clock.placement import OBSERVED, PLACED, VERDICT
from edge.rollout.trial import Shadow, run_shadows
from edge.scoring.decision import Decision
from edge.scoring.scorer import SCORED
from edge.scoring.unit_doubt import UnitDoubt
from edge.scoring.verdict import NUMBERED_STATES, Verdict
from edge.scoring.verdict_builder import state_of


@dataclass
class Results:
    """What the readings of a turn resulted in.

    Attributes
    ----------
    readings
        How many were scored.
    verdicts
        Verdicts to be published.
    events
        Events of alarms.
    stations
        Stations that have sent a reading.
    """

    readings: int = 0
    verdicts: list[Verdict] = field(default_factory=list)
    events: list[Event] = field(default_factory=list)
    stations: list[LiveStation] = field(default_factory=list)


class Pipeline:
    """Scores readings and journals them.

    Parameters
    ----------
    panel
        Raises alarms from verdicts.
    delivery
        Publishes dead letters.
    archive
        Where readings are noted; ``None``: nowhere.
    health
        Counts.
    log
        Where failures are reported.
    every
        One of this many verdicts of a station is published; those that exceed or are late always are.

    Attributes
    ----------
    rescue
        Called when a reading of a station could not be scored; returns whether another bundle scores it from now on.
    """

    def __init__(
        self,
        panel: AlarmPanel,
        delivery: Delivery,
        archive: Archive | None = None,
        *,
        health: Health,
        log: Log,
        every: int = 1,
    ) -> None:
        self._panel = panel
        self._delivery = delivery
        self._health = health
        self._log = log
        self._every = every
        self._archive = archive
        self.rescue: Callable[[LiveStation, Exception, Transaction], bool] = lambda *_: False
        self._clocks = StationClocks(panel, health, log)
        self._drifts = StationDrifts(panel, log)

    def score(self, entries: Iterable[Entry], transaction: Transaction) -> Results:
        """Score readings, those of one bundle at once, and journal them."""
        results = Results()
        shadows: list[Shadow] = []
        groups: dict[StationGroup, list[Entry]] = {}
        for entry in entries:
            groups.setdefault(entry.station.group, []).append(entry)
        for group, own in groups.items():
            self._score(group, own, results, transaction)
            for station in dict.fromkeys(entry.station for entry in own):
                results.stations.append(station)
                station.check_gas(self._log)
                results.events += self._clocks.check(station)
                results.events += self._drifts.check(station)
                if type(station.trial) is Shadow:
                    shadows.append(station.trial)
        if shadows:
            run_shadows(shadows)
        self._health.readings += results.readings
        return results

    def _score(self, group: StationGroup, entries: Sequence[Entry], results: Results, transaction: Transaction) -> None:
        """Score readings at once, and follow up on each decision before the next is made.

        A mistake in our code must neither stop the agent nor come back with every redelivery: the remaining readings
        are then scored one by one, and one that cannot be scored becomes a dead letter.
        """
        before = results.readings
        batch = [(entry.station.state, entry.reading) for entry in entries]
        pack = _packer(group.bundle.station.size)
        try:
            group.scorer.decide(batch, partial(self._follow, iter(entries), pack, results, transaction))
        except Exception as reason:
            remaining = entries[results.readings - before :]
            self._log.exception("readings could not be scored", readings=len(remaining))
            if len(entries) == 1:
                if remaining and self.rescue(entries[0].station, reason, transaction):
                    self._score(entries[0].station.group, entries, results, transaction)
                    return
                error = ReadingError("internal error: see the agent's log")
                entries[0].station.health.refused += 1
                self._delivery.dead_letter(transaction, entries[0].message, error)
                return
            self._health.failed_batches += 1
            for entry in remaining:  # their station may have another bundle by then
                self._score(entry.station.group, [entry], results, transaction)

    def _follow(
        self,
        entries: Iterator[Entry],
        pack: Callable[..., bytes],
        results: Results,
        transaction: Transaction,
        decision: Decision,
    ) -> Collection[str]:
        """Follow up on the decision about the next entry; returns the kinds whose alarm is borne by the readings."""
        station, reading, _, own = next(entries)
        context, panel, scorer = decision.context, self._panel, station.group.scorer
        in_order, _, _, historical, ts, ts_from, note = context.placement
        published = context.n % self._every == 0 or decision.exceeds or not in_order
        tracked = decision.exceeds or panel.tracks(station.name)
        raised_by = 0
        guard = station.guard
        place = PLACED + context.arrival
        if (decision.suspect or decision.scores.outside or not guard.settled) and in_order:
            place += OBSERVED
            station.check_units(context.n, reading.values, self._log)
        if published or tracked:
            verdict = scorer.build_verdict(decision)
            if station.shows_values:
                verdict = verdict.with_values(station.group.bundle.station.keys, reading.values)
            if guard.doubt is not None:
                verdict = guard.doubt.mark(verdict)
        if tracked:
            adaptation = station.state.adaptation
            thresholds: dict[str, float] = {kind: adaptation.judge(kind) for kind in SCORED}
            events = panel.observe(verdict, thresholds, scorer.level, adaptation.ended())
            results.events += events
            raised_by = max((event.count for event in events if event.event_type == "open"), default=0)
        if ts_from == "received" or historical or not in_order or note is not None:
            place |= context.placement.code
            if reading.ts is not None:  # without a stamp there is nothing to say about it
                self._clocks.observe(station, context.placement)
        state = NUMBERED_STATES.index(verdict.state if published or tracked else _state(decision, guard.doubt))
        place += VERDICT * state
        packed = pack(*reading.values)
        if self._archive is not None:
            standing = JOINED.join(event.id for event in panel.standing(station.name)) if tracked else ""
            alarms = standing if in_order else None  # those at the time of a late one are others
            noted = ArchivedReading(context.n, ts, reading.received, state, alarms, packed)
            self._archive.note(station.name, station.group.bundle.station, noted)
        if in_order:
            station.recent.add(reading.values, raised_by=raised_by, stands=panel.stands(station.name))
        results.readings += 1
        station.health.readings += 1
        station.health.exceedances += bool(decision.exceeds)
        if station.trial is not None:
            station.trial.note(decision, opened=raised_by > 0)
        if published:
            results.verdicts.append(verdict)
        transaction.readings.append(
            ReadingRow(
                station.id,
                context.n,
                reading.ts,
                reading.received,
                reading.seq,
                place,
                own,
                packed,
            )
        )
        return panel.borne(station.name) if tracked else ()


def _state(decision: Decision, doubt: UnitDoubt | None) -> str:
    """Return the state of a verdict that is not built."""
    state = state_of(decision)
    return state if doubt is None or state in {"alarm", "warming_up"} else "out_of_domain"


@lru_cache
def _packer(size: int) -> Callable[..., bytes]:
    return struct.Struct(f"={size}d").pack
