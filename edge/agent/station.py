"""A station of the running agent, and the entry of gateway.yaml that it belongs to."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from config.settings.gateway import StationEntry
from edge.agent.gas_alarms import GasAlarms
from edge.agent.source import Source
from edge.agent.station_health import StationHealth
from edge.agent.station_input import StationInput
from edge.bundles.bundle import Bundle
from edge.discovery.channels import hides_columns
from edge.journal.transaction import StationRow
from edge.log import Log
from edge.mqtt.topics import Pattern
from edge.readings.array_readings import ArrayReadings
from edge.readings.decoding.units import converters, unit_text
from edge.readings.duplicates import Duplicates
from edge.readings.recent import Recent
from edge.readings.station_clock.learnt_cadence import LearntCadence
from edge.rollout.trial import Trial
from edge.scoring.gas_outage import LATELY
from edge.scoring.scorer import Scorer
from edge.scoring.state import StationState
from edge.scoring.trained_ranges import TrainedRanges
from edge.scoring.units_guard import UnitsGuard
from edge.synthesis.sampler import Sampler

_SILENT_CADENCES = 5.0  # [cadences] after which a station is silent if none is configured ...
_SILENT_LEAST = 60.0  # [s] ... and at least
_MANY_REPETITIONS, _FEW_REPETITIONS = 0.1, 0.05  # share of messages that is reported, and that no longer is


@dataclass(eq=False)
class StationGroup:
    """One entry of gateway.yaml with its bundle.

    ``scorer`` may be replaced at any time: what is remembered of a station is not in it.

    Attributes
    ----------
    ranges : TrainedRanges
        What the bundle was trained on.
    columns : str
        Keys of the readings' values, as the journal stores them, with the units from which they are converted.
    hides_columns : bool
        Whether other programs may not find the values in the messages.
    """

    source: Source
    bundle: Bundle
    scorer: Scorer
    sampler: Sampler
    gas: GasAlarms

    def __post_init__(self) -> None:
        entry, station = self.source.entry, self.bundle.station
        self.ranges = TrainedRanges(self.bundle.scoring(absent=bool(entry.absent)), station, entry.units)
        converted = converters(entry.units, station)
        names = (f"{key}({unit_text(entry.units[key])})" if key in converted else key for key in station.keys)
        self.columns = ",".join(names)
        self.hides_columns = hides_columns(entry, station)

    def warnings(self) -> Iterator[str]:
        """Yield a sentence for everything about the gas that will not work as the entry expects."""
        place, gas = self.entry.topics[0], self.bundle.station.gas
        yield from (f"{place}: {warning}" for warning in self.gas.warnings(self.bundle))
        if gas is not None and gas in self.entry.absent and (reason := self.bundle.no_onset(absent=True)):
            yield (
                f"{place}: got absent: [{gas}], so that methane can only alarm by its onset, but "
                f"{self.bundle.path} has none: {reason}; fix: train on a longer record with more plumes, or send {gas}"
            )

    @property
    def entry(self) -> StationEntry:
        """The entry."""
        return self.source.entry

    @property
    def patterns(self) -> tuple[Pattern, ...]:
        """Patterns of its topics."""
        return self.source.patterns


@dataclass(eq=False)
class LiveStation:
    """A station that has sent a reading, in this run or in one that the journal remembers.

    Attributes
    ----------
    input
        From documents to readings.
    id
        Its number in the journal; 0 before its first reading.
    topic
        Where it publishes; empty before its first reading.
    row
        What the journal contains of it, until its state has been rebuilt from there; then ``None``.
    alarms
        Latest snapshot of its alarms, see :meth:`edge.alarms.panel.AlarmPanel.snapshot`.
    pruned
        Its count when the journal last deleted its oldest readings.
    deleted
        Number of the last reading that the journal has deleted.
    clocked
        Its count when the journal last stored its clock; 0: that has to be stored again.
    reserved
        Highest number that its readings may have without another reservation.
    settled
        Its count an hour ago or longer: what came before, the broker does not send again.
    settling
        Its count, and the monotonic time [s], from which ``settled`` is next taken.
    online
        Whether its last reading came not longer ago than usual.
    expected
        Whether it was there before the restart, and has neither sent since nor been found silent.
    last_seen
        Monotonic time of its last reading, or of the start if it is expected [s]; 0 before its first.
    guard
        Watches whether it sends the units that its bundle was trained in.
    health
        What is counted of it, and what is wrong with what it sends.
    trial
        A bundle on trial at it; ``None``: none is.
    waiting
        Id of the bundle that waits; ``None``: none does.
    """

    name: str
    group: StationGroup
    input: StationInput
    state: StationState
    recent: Recent
    guard: UnitsGuard
    id: int = 0
    topic: str = ""
    row: StationRow | None = None
    alarms: bytes | None = None
    pruned: int = 0
    deleted: int = 0
    clocked: int = 0
    reserved: int = 0
    settled: int = 0
    settling: tuple[int, float] = (0, 0.0)
    online: bool = False
    expected: bool = False
    health: StationHealth = field(default_factory=StationHealth)
    trial: Trial | None = None
    waiting: str | None = None
    duplicates: Duplicates = field(default_factory=Duplicates)
    arrays: ArrayReadings = field(default_factory=ArrayReadings)
    last_seen: float = 0.0
    _intervals: LearntCadence = field(default_factory=LearntCadence)
    _cadence: float | None = None  # [s] of the arrivals, if time stamps do not give one

    def __post_init__(self) -> None:
        self.watch = self.input.watch
        self.decoder = self.input.decoder  # for the common case, whole readings: one look-up less

    @property
    def columns(self) -> str:
        """What its readings' values are, as the journal stores it: a past in other units is of no use."""
        return self.group.columns

    @property
    def shows_values(self) -> bool:
        """Whether its scores have its values, because other programs do not find them in its own messages."""
        return self.group.hides_columns or not self.decoder.plain

    def report_repetitions(self, log: Log) -> None:
        """Report that many of its messages are repetitions, or that few are."""
        share = self.duplicates.share
        if share > _MANY_REPETITIONS:
            self.health.report(
                log, self.name, "repetitions",
                "more than a tenth of its messages are copies of earlier ones, which are not scored; fix: look for a "
                "bridge that delivers twice, or for a station that sends again what has arrived; if each is a reading, "
                "send a `seq` that counts or a `ts` with seconds",
            )  # fmt: skip
        elif share < _FEW_REPETITIONS:
            self.health.clear("repetitions")

    def mark_seen(self, now: float) -> bool:
        """Note that a reading came at the monotonic time ``now`` [s]; returns whether that brings it online."""
        was_online = self.online
        if was_online and now > self.last_seen:
            self._cadence = self._intervals.push(now - self.last_seen)
        self.last_seen = now
        self.online, self.expected = True, False
        return not was_online

    def resume_arrivals(self, received: Iterable[float]) -> None:
        """Learn how often it sends from when earlier readings arrived, Unix time [s]."""
        for before, after in pairwise(received):
            if after > before:
                self._cadence = self._intervals.push(after - before)

    def check_units(self, n: int, values: Sequence[float], log: Log) -> None:
        """Let the guard of its units observe its reading number ``n``, and report what has changed."""
        if self.guard.observe(n, values):
            self.report_units(log)

    def report_units(self, log: Log) -> None:
        """Report whether its units are in doubt."""
        if self.guard.doubt is not None:
            self.health.report(log, self.name, "units", self.guard.doubt.sentence)
        elif "units" in self.health.problems:
            self.health.clear("units")
            log.info("units are right again", station=self.name)

    def check_gas(self, log: Log) -> None:
        """Report whether the gas level has been missing for so long that the station may have no analyser."""
        gone = self.state.without_gas
        if gone >= LATELY:
            gas = self.group.bundle.station.gas
            self.health.report(
                log,
                self.name,
                "missing",
                f"{gas} was missing in each of the last {LATELY} readings, which were scored by the model without it; "
                f"fix: see to the analyser, or write absent: [{gas}] in the station's entry if there is none",
            )
        elif not gone and "missing" in self.health.problems:
            self.health.clear("missing")
            log.info("the gas level is there again", station=self.name)

    def expect(self, now: float) -> None:
        """Note that it was there before the restart: its silence counts from the monotonic time ``now`` [s]."""
        self.last_seen = now
        self.expected = True

    def mark_silent(self) -> None:
        """Note that it is offline, until :meth:`mark_seen`."""
        self.online = self.expected = False

    def is_silent(self, now: float) -> bool:
        """Return whether it has sent nothing for longer than usual; not known before it has a cadence."""
        after = self.silent_after
        return after is not None and now - self.last_seen > after

    @property
    def silent_after(self) -> float | None:
        """Time without a reading after which it is silent [s]; ``None`` before it has a cadence."""
        after = self.group.entry.stale_after
        if after is not None:
            return after
        cadence = self._cadence if self.state.cadence is None else self.state.cadence
        return None if cadence is None else max(_SILENT_LEAST, _SILENT_CADENCES * cadence)
