"""Defines what the page publishes to browsers, and what it reads of the agent's health."""

from __future__ import annotations

import msgspec

from edge.alarms.event import Event, Switch
from edge.scoring.verdict import Shift


class LinkView(msgspec.Struct, frozen=True, kw_only=True):
    """The page's own connection to the broker."""

    state: str
    broker: str
    detail: str | None
    since: str


class HistoryView(msgspec.Struct, frozen=True, kw_only=True):
    """State of the page's history."""

    state: str
    detail: str | None
    mb: float
    since: str | None


class PageBundle(msgspec.Struct, frozen=True, kw_only=True):
    """What the page reads of a bundle in the info message; a later or earlier agent may have others."""

    bundle: str
    file: str = ""
    created: str | None = None
    station: str = ""
    columns: tuple[str, ...] = ()
    units: tuple[str, ...] = ()
    reconstruction: str | None = None
    generator: str | None = None
    gas_unit: str | None = None
    background: float | None = None
    enhancement: float | None = None
    no_onset: str | None = None


class PageInfo(msgspec.Struct, frozen=True, kw_only=True):
    """What the page reads of the info message."""

    gateway: str
    exceedances_per_1000: float | None = None
    exceedances_from: str | None = None
    topics: tuple[str, ...] = ()
    bundles: tuple[PageBundle, ...] = ()


class PageDrift(msgspec.Struct, frozen=True, kw_only=True):
    """What the page reads of how far a station is from the training of its bundle."""

    state: str = "unknown"
    drifted: dict[str, float] = {}
    farthest: dict[str, float] = {}
    reason: str | None = None


class StationCounts(msgspec.Struct, frozen=True, kw_only=True):
    """What the page reads of the counts of a station; a later or earlier agent may have others."""

    readings: int = 0
    late: int = 0
    historical: int = 0
    distrusted: int = 0
    duplicates: int = 0
    refused: int = 0
    exceedances: int = 0
    alarms: int = 0
    problems: dict[str, str] = {}
    drift: PageDrift = PageDrift()


class PageModel(msgspec.Struct, frozen=True, kw_only=True):
    """What the page reads of a bundle that waits."""

    bundle: str | None = None
    file: str = ""


class PageComparison(msgspec.Struct, frozen=True, kw_only=True):
    """What the page reads of the comparison of two bundles."""

    agreement: float | None = None


class PageWaiting(msgspec.Struct, frozen=True, kw_only=True):
    """A bundle that waits, and how far it has come."""

    model: PageModel
    phase: str
    readings: int = 0
    of: int = 0
    comparison: PageComparison | None = None


class PageChange(msgspec.Struct, frozen=True, kw_only=True):
    """What last happened to a station's bundles."""

    outcome: str
    bundle: str
    reason: str | None = None
    at: str


class StationModel(msgspec.Struct, frozen=True, kw_only=True):
    """What the page reads of the bundles of a station, and shows of them."""

    waiting: PageWaiting | None = None
    last: PageChange | None = None


class JournalView(msgspec.Struct, frozen=True, kw_only=True):
    """State of the agent's journal."""

    state: str
    mb: float | None = None
    held: int = 0
    set_aside: int = 0


class GatewayHealth(msgspec.Struct, frozen=True, kw_only=True):
    """What the page reads of the health message."""

    ts: str
    uptime_s: float | None = None
    cpu_s: float | None = None
    rss_mib: float | None = None
    readings: int = 0
    dead_letters: int = 0
    journal: JournalView | None = None
    refused: dict[str, str] = {}


class GatewayView(msgspec.Struct, frozen=True, kw_only=True):
    """One agent."""

    base: str
    gateway: str
    state: str
    since: str | None
    version: str | None
    exceedances_per_1000: float | None
    exceedances_from: str | None
    bundles: tuple[PageBundle, ...]
    health: GatewayHealth | None
    refused: int
    refusal: str | None


class Trend(msgspec.Struct, frozen=True, kw_only=True):
    """Where the level went in the last hour."""

    per_hour: float
    word: str


class MethaneView(msgspec.Struct, frozen=True, kw_only=True):
    """The gas of a station, in its unit."""

    source: str
    level: float | None
    background: float | None
    measured: float | None
    virtual: float | None
    sd: float | None
    over_range: bool
    under_range: bool
    trend: Trend | None


class ScoresView(msgspec.Struct, frozen=True, kw_only=True):
    """A number for each kind of score."""

    methane: float | None = None
    consistency: float | None = None
    reconstruction: float | None = None


class ChannelView(msgspec.Struct, frozen=True, kw_only=True):
    """A channel's latest value."""

    key: str
    unit: str
    value: float | None
    flag: int | None


class StationView(msgspec.Struct, frozen=True, kw_only=True):
    """One station, as docs/dashboard.md describes it."""

    id: str
    base: str
    gateway: str
    station: str
    available: bool | None
    last_seen: str | None = None
    cadence_s: float | None = None
    state: str | None = None
    unit: str | None = None
    methane: MethaneView | None = None
    scores: ScoresView = ScoresView()
    thresholds: ScoresView = ScoresView()
    shift: Shift = Shift()
    exceeds: tuple[str, ...] = ()
    by: str | None = None
    culprit: str | None = None
    contributions: dict[str, float] = {}
    flags: dict[str, int] = {}
    out_of_domain: tuple[str, ...] = ()
    bundle: str | None = None
    channels: tuple[ChannelView, ...] = ()
    alarm: Switch = "OFF"
    fault: Switch = "OFF"
    standing: tuple[Event, ...] = ()
    health: StationCounts | None = None
    model: StationModel = StationModel()
    spark: tuple[tuple[float, float], ...] = ()


class Point(msgspec.Struct, frozen=True, kw_only=True):
    """A reading, for the charts."""

    t: float
    level: float | None
    background: float | None
    virtual: float | None
    methane: float | None
    consistency: float | None
    reconstruction: float | None
    channels: dict[str, float | None]


class ReadingNews(msgspec.Struct, frozen=True, kw_only=True):
    """A station after a reading."""

    station: StationView
    point: Point


class AlarmNews(msgspec.Struct, frozen=True, kw_only=True):
    """What has become of an alarm."""

    station_id: str
    event: Event


class Overview(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that is known now."""

    ts: str
    version: str
    timezone: str
    link: LinkView
    history: HistoryView
    gateways: tuple[GatewayView, ...]
    stations: tuple[StationView, ...]
