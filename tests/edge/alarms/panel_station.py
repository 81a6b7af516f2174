"""A station whose verdicts go to an alarm panel, and the rule and scores that the tests of the panel use."""

from __future__ import annotations

from typing import Any

from config.settings.alarms import AlarmRule, Alarms, MethaneAlarm
from config.templates.templates import METHANE
from config.yaml.load import load_station
from edge.alarms.event import Event
from edge.alarms.panel import AlarmPanel
from edge.clock import Clock, rfc3339
from edge.scoring.gas_level import GasLevel
from edge.scoring.gas_unit import GasUnit
from edge.scoring.verdict import Methane, Reconstruction, Verdict

START = 1_790_000_000.0
THRESHOLD = 3.0
THRESHOLDS = {"methane": THRESHOLD, "consistency": THRESHOLD, "reconstruction": THRESHOLD}
QUICK = AlarmRule(m_of_n=(2, 3), clear_after=3, deadband=0.5, hold=4, repeat=3600.0)
EXCEEDING, BETWEEN, QUIET = 3.2, 2.7, 0.4  # the deadband ends at 2.5


def chamber_level(enhancement: float = 1000.0, limit: float | None = None) -> GasLevel:
    """What judges the gas levels of a station in ppb."""
    return GasLevel(load_station(METHANE), GasUnit("[ppb]", 2000.0), enhancement, limit)


def gas_of(level: float, background: float, **changes: Any) -> Methane:
    """What a verdict says of a gas column in ppb."""
    ppb = {"level_ppb": level, "background_ppb": background}
    return Methane(unit="[ppb]", level=level, background=background, **ppb | changes)


class MachineClock(Clock):
    """A clock that stands until it is set; its monotonic time begins anew with every start of the machine."""

    def __init__(self) -> None:
        self.time = 0.0
        self.started = 0.0

    def now(self) -> float:
        return START + self.time

    def monotonic(self) -> float:
        return self.time - self.started


class PanelStation:
    """A station whose verdicts go to a panel, one second a reading."""

    def __init__(self, rule: AlarmRule = QUICK, *, enhancement: float = 1000.0, limit: float | None = None) -> None:
        self.clock = MachineClock()
        self.rules = Alarms(default=rule, methane=MethaneAlarm(enhancement=enhancement, limit=limit))
        self.gas_level = chamber_level(enhancement, limit)
        self.panel = AlarmPanel(self.rules, self.clock)
        self.journal: dict[str, bytes | None] = {}
        self.n = 0

    def verdict(self, score: float | None = None, level: float | None = None, **changes: Any) -> Verdict:
        self.n += 1
        self.clock.time += 1.0
        exceeds = changes.pop("exceeds", ("reconstruction",) if score is not None and score >= THRESHOLD else ())
        return Verdict(
            station=changes.pop("station", "st-01"),
            n=self.n,
            ts=changes.pop("ts", rfc3339(START + 60 * self.n)),
            received=rfc3339(self.clock.now()),
            reconstruction=None if score is None else Reconstruction(score=score, p=10**-score, error=score / 10),
            methane=changes.pop("methane", None if level is None else gas_of(level, 2000.0)),
            exceeds=exceeds,
            contributions={} if score is None else {"rmq4_ohm": score / 20},
            state="alarm" if exceeds else "ok",
            bundle="0123456789ab",
            **changes,
        )

    def feed(self, *scores: float | None, **changes: Any) -> list[Event]:
        return [
            event
            for score in scores
            for event in self.panel.observe(self.verdict(score, **changes), THRESHOLDS, self.gas_level)
        ]

    def commit(self) -> None:
        """Journal what has changed, and nothing else."""
        for name in self.panel.changed():
            self.journal[name] = self.panel.snapshot(name)

    def restart(self) -> None:
        """Begin again with what is journalled, as after ``kill -9`` and a reboot."""
        self.commit()
        self.clock.started = self.clock.time - 7.0
        self.panel = AlarmPanel(self.rules, self.clock)
        for name, snapshot in self.journal.items():
            if snapshot is not None:
                self.panel.restore(name, snapshot)

    def feed_levels(self, *levels: float, by: str = "enhancement", least: float = 3000.0) -> list[Event]:
        events = []
        for level in levels:
            exceeds = ("methane",) if level >= least else ()
            verdict = self.verdict(level=level, exceeds=exceeds, by=by if exceeds else None)
            events += self.panel.observe(verdict, THRESHOLDS, self.gas_level)
        return events

    def feed_onsets(self, *scores: float, **gas: Any) -> list[Event]:
        """Feed onset scores, with what else is known of the gas."""
        events = []
        for score in scores:
            exceeds = ("methane",) if score >= THRESHOLD else ()
            methane = Methane(score=score, p=10**-score, **gas)
            verdict = self.verdict(methane=methane, exceeds=exceeds, by="onset" if exceeds else None)
            events += self.panel.observe(verdict, THRESHOLDS, self.gas_level)
        return events


def types(events: list[Event]) -> list[str]:
    return [event.event_type for event in events]
