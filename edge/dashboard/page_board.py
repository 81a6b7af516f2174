"""Gathers what the agents publish into what the page shows, and into its history."""

from __future__ import annotations

import contextlib
import sqlite3
from collections import deque
from dataclasses import dataclass, field

import msgspec

from edge.alarms.event import AlarmMessage, Event
from edge.clock import Clock, SystemClock, parse_time
from edge.dashboard.channel_values import ChannelValues
from edge.dashboard.history_reader import HistoryReader
from edge.dashboard.level_trail import LevelTrail
from edge.dashboard.page_history import PageHistory
from edge.dashboard.page_messages import (
    AlarmNews,
    GatewayHealth,
    PageBundle,
    PageInfo,
    Point,
    StationCounts,
    StationModel,
)
from edge.dashboard.series_bin import SCORES, HistorySample
from edge.mqtt.message import Message
from edge.mqtt.topics import Pattern
from edge.scoring.verdict import Methane, Verdict
from edge.watching.station_board import StationBoard

_MOST_STATIONS = 1000  # anybody may publish below these topics
_LARGEST = 1e38  # what four bytes hold
_AHEAD = 86_400.0  # [s] that a reading may lie in the future
_HOUR = 3600.0


@dataclass
class GatewayNews:
    """What an agent published about itself, beside its state."""

    info: PageInfo | None = None
    health: GatewayHealth | None = None
    refused: int = 0
    refusal: str | None = None


@dataclass
class StationPast:
    """What is remembered of a station's readings.

    Parameters
    ----------
    trail
        Levels of the last hour.
    """

    trail: LevelTrail
    arrivals: deque[float] = field(default_factory=lambda: deque(maxlen=10))
    point: Point | None = None
    n: int = 0


class PageBoard:
    """Everything that is known; used by one thread at a time.

    Parameters
    ----------
    base
        Base topic of the agents, ``+`` for any level.
    history
        Where readings and alarms are kept.
    channels
        Reads the stations' own messages.
    clock
        Tells the time.

    Attributes
    ----------
    changed : bool
        Whether something other than a reading is new; the reader resets it.
    readings : set of tuple
        Base topic and name of every station with a new reading; the reader empties it.
    alarms : list of AlarmNews
        What has become of alarms; the reader empties it.
    stations : StationBoard
        The latest messages about each station.
    gateways : dict
        Base topic -> what that agent published about itself.
    pasts : dict
        Base topic and name -> what is remembered of a station.
    counts : dict
        Base topic and name -> what a station has sent.
    models : dict
        Base topic and name -> which bundle waits for a station, and what last happened to its bundles.
    channels : ChannelValues
        Their raw values.
    clock : Clock
        As given.
    """

    def __init__(self, base: str, history: PageHistory, channels: ChannelValues, clock: Clock | None = None) -> None:
        self.changed = True
        self.readings: set[tuple[str, str]] = set()
        self.alarms: list[AlarmNews] = []
        self.gateways: dict[str, GatewayNews] = {}
        self.clock = clock or SystemClock()
        self._ours = Pattern(f"{base}/#")
        self.stations = StationBoard(self.clock)
        self._history = history
        self._reader = HistoryReader(history.path)
        self.channels = channels
        self.counts: dict[tuple[str, str], StationCounts] = {}
        self.models: dict[tuple[str, str], StationModel] = {}
        self.pasts: dict[tuple[str, str], StationPast] = {}

    def take(self, message: Message) -> None:
        """Take in a message; what is not of the form that this version knows is left out."""
        if not self._ours.matches(message.topic):
            if not message.retain:
                self.channels.take(message)
            return
        levels = message.topic.split("/")
        kind, base = levels[-1], "/".join(levels[:-1])
        place = "/".join(levels[:-2]), levels[-2]
        if kind in ("info", "health", "deadletter"):
            self._take_own(kind, base, message.payload)
        elif kind in ("counts", "model"):
            self._take_part(kind, place, message.payload)
        elif kind == "event":
            self._take_event(place[0], message.payload)
        elif kind == "state" or place in self.stations.rows or len(self.stations.rows) < _MOST_STATIONS:
            self._take_row(kind, place, message)

    @property
    def topics(self) -> tuple[str, ...]:
        """Filters of the stations' own topics."""
        return self.channels.filters

    @property
    def has_news(self) -> bool:
        """Whether something is new since a reader has looked."""
        return self.changed or bool(self.readings or self.alarms)

    def place_of(self, station: str) -> tuple[str, str] | None:
        """Return base topic and name of a station by its id; ``None`` if there is none."""
        base, _, name = station.rpartition("/")
        return (base, name) if (base, name) in self.stations.rows else None

    def channel_keys(self, base: str, bundle: str | None) -> list[tuple[str, str]]:
        """Return keys and units of the channels that a bundle scores."""
        found = self._bundle(base, bundle)
        return [] if found is None else list(zip(found.columns, found.units, strict=False))

    def _take_own(self, kind: str, base: str, payload: bytes) -> None:
        """Take in what an agent published about itself."""
        if not payload:
            self.changed |= self.gateways.pop(base, None) is not None
            self.channels.forget(base)
            return
        if base not in self.gateways and len(self.gateways) >= _MOST_STATIONS:
            return
        try:
            if kind == "info":
                info = msgspec.json.decode(payload, type=PageInfo)
                self._gateway(base).info = info
                self.channels.know(base, info.topics, info.bundles)
            elif kind == "health":
                self._gateway(base).health = msgspec.json.decode(payload, type=GatewayHealth)
            else:
                letter = msgspec.json.decode(payload, type=dict[str, object])
                gateway = self._gateway(base)
                gateway.refused += 1
                gateway.refusal = f"{letter.get('topic')}: {letter.get('reason')}"[:500]
        except (ValueError, RecursionError):
            return
        self.changed = True

    def _take_part(self, kind: str, place: tuple[str, str], payload: bytes) -> None:
        """Take in what is shown beside the rest of a station."""
        if kind == "model":
            if not payload:  # no bundle was ever pushed, or the station has gone
                self.changed |= self.models.pop(place, None) is not None
                return
            if place not in self.models and len(self.models) >= _MOST_STATIONS:
                return
        with contextlib.suppress(ValueError, RecursionError):
            if kind == "model":  # retained, so that it may come before anything else of its station
                self.models[place] = msgspec.json.decode(payload, type=StationModel)
                self.changed = True
            elif place in self.stations.rows:
                self.counts[place] = msgspec.json.decode(payload, type=StationCounts)
                self.changed = True

    def _take_event(self, base: str, payload: bytes) -> None:
        try:
            event = msgspec.json.decode(payload, type=Event)
            station = f"{base}/{event.station}"
            self._history.add_alarm(station, event)
        except (ValueError, RecursionError):
            return
        self.alarms.append(AlarmNews(station_id=station, event=event))

    def _take_row(self, kind: str, place: tuple[str, str], message: Message) -> None:
        before = self.stations.readings
        if not self.stations.take(message):
            return
        if self.stations.readings == before:
            self.changed = True
        row = self.stations.rows.get(place)
        if kind == "alarm" and not message.payload:  # nothing stands any more, and nobody says when it closed
            self._history.settle("/".join(place), set(), self.clock.now())
        if row is None:
            self.pasts.pop(place, None)
            self.counts.pop(place, None)
            self.models.pop(place, None)
            self.channels.forget_station(place)
        elif kind == "score" and row.verdict is not None:
            self._add_reading(place, row.verdict)
        elif kind == "alarm" and message.payload:
            self._add_standing(place, msgspec.json.decode(message.payload, type=AlarmMessage))

    def _add_standing(self, place: tuple[str, str], message: AlarmMessage) -> None:
        """Keep the alarms that stand: their events may have come while the page was away."""
        station = "/".join(place)
        for event in message.standing:
            with contextlib.suppress(ValueError):  # one of its times is none
                self._history.add_alarm(station, event)
        self._history.settle(station, {event.id for event in message.standing}, self.clock.now())

    def _add_reading(self, place: tuple[str, str], verdict: Verdict) -> None:
        past = self.pasts.get(place) or self._remember(place)
        now = self.clock.now()
        sample = self._sample(place, verdict, now)
        if sample is None:
            return
        keys = self.channel_keys(place[0], verdict.bundle)
        again = verdict.historical and verdict.n <= past.n  # it may have come before
        past.n = max(past.n, verdict.n)
        if not again:
            unit = (verdict.methane and verdict.methane.unit) or ""
            self._history.add("/".join(place), unit, keys, sample)
        if not verdict.late and not verdict.historical:
            past.arrivals.append(now)
        if sample.level is not None and not verdict.late and not again:
            past.trail.add(sample.t, sample.level)
        scores = dict(zip(SCORES, sample.scores, strict=True))
        channels = {key: value for (key, _), value in zip(keys, sample.channels, strict=True)}
        past.point = Point(
            t=sample.t, level=sample.level, background=sample.background, virtual=sample.virtual, channels=channels,
            **scores,
        )  # fmt: skip
        self.readings.add(place)

    def _remember(self, place: tuple[str, str]) -> StationPast:
        """Begin a station's past with what the history has of it."""
        points: list[tuple[float, float]] = []
        with contextlib.suppress(sqlite3.Error):
            points = self._reader.recent("/".join(place), self.clock.now() - _HOUR)
        self.pasts[place] = past = StationPast(LevelTrail(points))
        return past

    def _sample(self, place: tuple[str, str], verdict: Verdict, now: float) -> HistorySample | None:
        try:
            t = min(parse_time(verdict.ts), now + _AHEAD)
        except ValueError:
            return None
        gas = verdict.methane or Methane()
        level = gas.virtual if gas.level is None else gas.level
        parts = (getattr(verdict, kind) for kind in SCORES)
        scores = [None if part is None else _kept(part.score) for part in parts]
        values = verdict.values or self.channels.of(*place)
        channels = [_kept(values.get(key)) for key, _ in self.channel_keys(place[0], verdict.bundle)]
        return HistorySample(
            t, _kept(level), _kept(gas.background), _kept(gas.virtual), (scores[0], scores[1], scores[2]),
            bool(verdict.exceeds), channels,
        )  # fmt: skip

    def _gateway(self, base: str) -> GatewayNews:
        return self.gateways.setdefault(base, GatewayNews())

    def _bundle(self, base: str, bundle: str | None) -> PageBundle | None:
        """Find a bundle of an agent, or its only one."""
        info = self.gateways[base].info if base in self.gateways else None
        bundles = info.bundles if info is not None else ()
        found = next((each for each in bundles if each.bundle == bundle), None)
        return bundles[0] if found is None and len(bundles) == 1 else found


def _kept(value: float | None) -> float | None:
    return None if value is None or not abs(value) < _LARGEST else value
