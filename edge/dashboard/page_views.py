"""What the page shows of all that is known."""

from __future__ import annotations

import math
from collections import deque
from itertools import pairwise
from statistics import median

import msgspec

from edge.clock import parse_time, rfc3339
from edge.dashboard.level_trail import LevelTrail
from edge.dashboard.page_board import GatewayNews, PageBoard
from edge.dashboard.page_messages import (
    AlarmNews,
    ChannelView,
    GatewayView,
    MethaneView,
    ReadingNews,
    ScoresView,
    StationModel,
    StationView,
)
from edge.dashboard.series_bin import SCORES
from edge.scoring.verdict import Methane, Verdict
from edge.watching.station_board import BoardRow


class PageViews:
    """Makes what browsers receive of a board.

    Parameters
    ----------
    board
        The board; used by one thread at a time, as it is.
    """

    def __init__(self, board: PageBoard) -> None:
        self._board = board

    def gateways(self) -> tuple[GatewayView, ...]:
        """Return every agent, in the order of their names."""
        rows = self._board.stations.rows.values()
        bases = sorted({*self._board.stations.gateways, *self._board.gateways, *(row.base for row in rows)})
        return tuple(self._gateway_view(base) for base in bases)

    def stations(self) -> tuple[StationView, ...]:
        """Return every station, in the order of their names."""
        return tuple(map(self._station_view, self._board.stations.rows.values()))

    def take_news(self) -> tuple[list[ReadingNews], list[AlarmNews], bool]:
        """Return what is new since the last call: readings, alarms, and whether anything else is."""
        board = self._board
        readings = [
            ReadingNews(station=self._station_view(board.stations.rows[place]), point=past.point)
            for place in board.readings
            if place in board.stations.rows and (past := board.pasts.get(place)) is not None and past.point is not None
        ]
        alarms, changed = board.alarms, board.changed
        board.readings, board.alarms, board.changed = set(), [], False
        return readings, alarms, changed

    def _gateway_view(self, base: str) -> GatewayView:
        state, news = self._board.stations.gateways.get(base), self._board.gateways.get(base) or GatewayNews()
        info = news.info
        return GatewayView(
            base=base,
            gateway=info.gateway if info else base.rpartition("/")[2],
            state=state.state if state else "offline",
            since=state.since if state else None,
            version=state.version if state else None,
            exceedances_per_1000=info.exceedances_per_1000 if info else None,
            exceedances_from=info.exceedances_from if info else None,
            bundles=info.bundles if info else (),
            health=news.health,
            refused=news.refused,
            refusal=news.refusal,
        )  # fmt: skip

    def _station_view(self, row: BoardRow) -> StationView:
        place, verdict = (row.base, row.station), row.verdict
        news = self._board.gateways.get(row.base) or GatewayNews()
        past = self._board.pasts.get(place)
        counting = [event.kind for event in row.standing if event.shelved_until is None]
        view = StationView(
            id=f"{row.base}/{row.station}",
            base=row.base,
            gateway=news.info.gateway if news.info else row.base.rpartition("/")[2],
            station=row.station,
            available=self._board.stations.available(row),
            alarm="ON" if "methane" in counting else "OFF",
            fault="ON" if any(kind != "methane" for kind in counting) else "OFF",
            standing=row.standing,
            health=self._board.counts.get(place),
            model=self._board.models.get(place) or StationModel(),
        )
        if verdict is None or past is None:
            return view
        now = self._board.clock.now()
        values = verdict.values or self._board.channels.of(*place)
        scores = {kind: part.score for kind in SCORES if (part := getattr(verdict, kind)) is not None}
        return msgspec.structs.replace(
            view,
            last_seen=_time_of(verdict.received),
            cadence_s=_cadence(past.arrivals),
            state=verdict.state,
            unit=verdict.methane.unit if verdict.methane else None,
            methane=_methane(verdict.methane, past.trail, now),
            scores=ScoresView(**scores),
            thresholds=self._thresholds(row.base, verdict),
            shift=verdict.shift,
            exceeds=verdict.exceeds,
            by=verdict.by,
            culprit=verdict.consistency.culprit if verdict.consistency else None,
            contributions=verdict.contributions,
            flags=verdict.flags,
            out_of_domain=verdict.out_of_domain,
            bundle=verdict.bundle,
            channels=tuple(
                ChannelView(key=key, unit=unit, value=values.get(key), flag=verdict.flags.get(key, 1))
                for key, unit in self._board.channel_keys(row.base, verdict.bundle)
            ),
            spark=past.trail.points(now),
        )

    def _thresholds(self, base: str, verdict: Verdict) -> ScoresView:
        """Return the score from which on each kind exceeds; ``None`` where there is no score."""
        info = self._board.gateways[base].info if base in self._board.gateways else None
        rate = None if info is None else info.exceedances_per_1000
        if rate is None or not 0 < rate <= 1000:
            return ScoresView()
        least = -math.log10(rate / 1000)
        return ScoresView(
            **{
                kind: round(least + (getattr(verdict.shift, kind) or 0.0), 4)
                for kind in SCORES
                if (part := getattr(verdict, kind)) is not None and part.score is not None
            }
        )


def _methane(gas: Methane | None, trail: LevelTrail, now: float) -> MethaneView | None:
    if gas is None or (gas.level is None and gas.virtual is None and not gas.over_range and not gas.under_range):
        return None
    measured = gas.level is not None
    return MethaneView(
        source="measured" if measured else "virtual",
        level=gas.level if measured else gas.virtual,
        background=gas.background,
        measured=gas.level,
        virtual=gas.virtual,
        sd=gas.sd,
        over_range=gas.over_range,
        under_range=gas.under_range,
        trend=trail.trend(now),
    )


def _cadence(arrivals: deque[float]) -> float | None:
    """Return the usual interval between readings [s]; ``None`` with less than three."""
    times = list(arrivals)
    gaps = [b - a for a, b in pairwise(times)]
    return round(median(gaps), 3) if len(gaps) > 1 else None


def _time_of(text: str) -> str | None:
    try:
        return rfc3339(parse_time(text))
    except ValueError:
        return None
