"""Reads the page's history: the columns of a chart, the figures of a year, and the alarms."""

from __future__ import annotations

import contextlib
import json
import math
import sqlite3
import struct
import time
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from statistics import median_low
from typing import Any

from edge.clock import parse_time, rfc3339
from edge.dashboard.history_tiers import DAY, TIERS
from edge.dashboard.series_bin import SCORES, SeriesBin

MOST_POINTS = 2000
"""Rows of a chart at most."""

_GAP = 3  # times the usual interval between two rows, after which a line is broken


class HistoryReader:
    """Answers from the file of a :class:`~edge.dashboard.page_history.PageHistory`, on a connection for each question.

    Parameters
    ----------
    path
        The file.
    """

    def __init__(self, path: Path) -> None:
        self._uri = f"file:{_quoted(path)}?mode=ro"

    def chart(self, station: str, start: float, end: float, points: int) -> dict[str, Any]:
        """Return the columns of a chart.

        Parameters
        ----------
        station
            Id of the station.
        start, end
            Unix times [s].
        points
            Most rows.

        Raises
        ------
        sqlite3.Error
            The file cannot be read.
        """
        width, step, kept = _tier(start, end, points)
        with self._open() as db:
            number, unit, channels = _series(db, station)
            rows = db.execute(
                "select t, body from bins where width = ? and series = ? and t >= ? and t < ? order by t",
                (width, number, start - width, end),
            )
            columns = _columns(_joined(rows, step), step, channels)
            alarms = [
                _mark(json.loads(body), closed)
                for body, closed in db.execute(
                    "select body, closed from alarms where station = ? and opened < ?"
                    " and (closed is null or closed > ?) order by opened limit 500",
                    (station, end, start),
                )
            ]
        return {
            "station": station, "unit": unit, "start": start, "end": end, "step_s": step, "source": kept,
            **columns, "alarms": alarms,
        }  # fmt: skip

    def days(self, station: str, year: int) -> dict[str, Any]:
        """Return the daily figures of a year, and the records of all years; raises sqlite3.Error."""
        with self._open() as db:
            number, unit, _ = _series(db, station)
            rows = db.execute("select t, body from bins where width = ? and series = ? order by t", (DAY, number))
            # Of noon: the midnight of a computer that has moved to another time zone may be that of the day before.
            every = [(_date(t + DAY // 2), each) for t, body in rows if (each := _unpacked(body)) is not None]
            opened: dict[str, dict[str, int]] = {}
            for kind, t in db.execute("select kind, opened from alarms where station = ?", (station,)):
                counts = opened.setdefault(_date(t), {"alarms": 0, "faults": 0})
                counts["alarms" if kind == "methane" else "faults"] += 1
        days: list[dict[str, Any]] = [
            {
                "day": day, "readings": each.n, "mean": _round(each.level.known), "min": _round(each.least),
                "max": _round(each.greatest), "background": _round(each.background.known),
                "exceedances": each.exceeding, **opened.get(day, {"alarms": 0, "faults": 0}),
            }
            for day, each in every
        ]  # fmt: skip
        years = sorted({int(day[:4]) for day, _ in every})
        return {
            "station": station, "unit": unit, "year": year, "years": years, "timezone": timezone_name(),
            "days": [each for each in days if each["day"].startswith(f"{year:04d}-")],
            "records": {
                "highest": _record(days, "max", highest=True),
                "lowest": _record(days, "min", highest=False),
                "most_alarms": _record(days, "alarms", highest=True),
            },
        }  # fmt: skip

    def alarms(self, station: str | None, limit: int, before: float | None) -> dict[str, Any]:
        """Return alarms, the newest first; raises sqlite3.Error.

        Parameters
        ----------
        station
            Id of the station; ``None``: every one.
        limit
            How many at most.
        before
            Only those that opened before this Unix time [s].
        """
        with self._open() as db:
            rows = db.execute(
                "select station, body, closed from alarms where (?1 is null or station = ?1) and opened < ?2"
                " order by opened desc, id desc limit ?3",
                (station, math.inf if before is None else before, limit + 1),
            ).fetchall()
        found = [
            {"station_id": where, "standing": closed is None, "event": _closed(json.loads(body), closed)}
            for where, body, closed in rows[:limit]
        ]
        return {"alarms": found, "more": len(rows) > limit}

    def recent(self, station: str, start: float) -> list[tuple[float, float]]:
        """Return the levels of a station by the minute, as (Unix time [s], level); raises sqlite3.Error."""
        with self._open() as db:
            number, _, _ = _series(db, station)
            rows = db.execute(
                "select t, body from bins where width = 60 and series = ? and t >= ? order by t", (number, start)
            ).fetchall()
        found = ((t, _unpacked(body)) for t, body in rows)
        return [(float(t), each.level.value) for t, each in found if each is not None and each.level.n]

    def since(self) -> float | None:
        """Return the beginning of the first day, Unix time [s]; raises sqlite3.Error."""
        with self._open() as db:
            (oldest,) = db.execute("select min(t) from bins where width = ?", (DAY,)).fetchone()
        return None if oldest is None else float(oldest)

    @contextlib.contextmanager
    def _open(self) -> Iterator[sqlite3.Connection]:
        db = sqlite3.connect(self._uri, uri=True, timeout=2.0, isolation_level=None)
        try:
            db.execute("pragma cache_size = -2000")
            yield db
        finally:
            db.close()


def timezone_name() -> str:
    """Return the name of this computer's time zone, by which days begin."""
    with contextlib.suppress(OSError, ValueError):
        return str(Path("/etc/localtime").resolve().relative_to("/usr/share/zoneinfo"))
    return time.tzname[0]


def _tier(start: float, end: float, points: int) -> tuple[int, int, str]:
    """Choose the bins of a chart: their width, how many seconds a row has, and the name of that kind of bins."""
    step = max(1, math.ceil((end - start) / points))
    age = time.time() - start
    good = [width for width, kept in TIERS if age <= kept + width] or [TIERS[-1][0]]
    width = max((each for each in good if each <= step), default=good[0])
    step = max(width, math.ceil(step / width) * width)
    names = {10: "seconds", 60: "minutes", 300: "five minutes", 1800: "half hours"}
    return width, step, names[width]


def _series(db: sqlite3.Connection, station: str) -> tuple[int, str | None, list[tuple[str, str]]]:
    """Find the series of a station's latest readings: its number, unit and channels."""
    row = db.execute(
        "select id, unit, channels from series where station = ? order by"
        " (select max(t) from bins where width = 86400 and series = id) desc,"
        " (select max(t) from bins where width = 60 and series = id) desc, id desc limit 1",
        (station,),
    ).fetchone()
    if row is None:
        return -1, None, []
    return row[0], row[1] or None, [(key, unit) for key, unit in json.loads(row[2])]


def _unpacked(body: bytes) -> SeriesBin | None:
    try:
        return SeriesBin.unpack(body)
    except struct.error:
        return None


def _joined(rows: Iterator[tuple[int, bytes]] | sqlite3.Cursor, step: int) -> list[tuple[int, SeriesBin]]:
    """Join bins into those of a chart."""
    joined: list[tuple[int, SeriesBin]] = []
    for t, body in rows:
        each = _unpacked(body)
        if each is None:
            continue
        begin = t // step * step
        if joined and joined[-1][0] == begin:
            joined[-1][1].merge(each)
        else:
            joined.append((begin, each))
    return joined


def _columns(rows: list[tuple[int, SeriesBin]], step: int, channels: list[tuple[str, str]]) -> dict[str, Any]:
    """Turn bins into columns, with an empty row where the line is to be broken."""
    times = [t for t, _ in rows]
    usual = median_low([b - a for a, b in pairwise(times)]) if len(times) > 1 else step
    broken: list[tuple[int, SeriesBin | None]] = []
    for t, each in rows:
        if broken and t - broken[-1][0] > _GAP * usual:
            broken.append((broken[-1][0] + usual, None))
        broken.append((t, each))
    bins = [each for _, each in broken]

    def channel(i: int) -> list[float | None]:
        return [_round(each.channels[i].known) if each and i < len(each.channels) else None for each in bins]

    return {
        "t": [t for t, _ in broken],
        "level": [_round(each.level.known) if each else None for each in bins],
        "level_min": [_round(each.least) if each else None for each in bins],
        "level_max": [_round(each.greatest) if each else None for each in bins],
        "background": [_round(each.background.known) if each else None for each in bins],
        "virtual": [_round(each.virtual.known) if each else None for each in bins],
        **{kind: [_round(each.scores[i]) if each else None for each in bins] for i, kind in enumerate(SCORES)},
        "channels": [{"key": key, "unit": unit, "mean": channel(i)} for i, (key, unit) in enumerate(channels)],
    }


def _round(value: float | None) -> float | None:
    """Return a value without the digits that four bytes do not have; ``None`` for nan."""
    return None if value is None or not math.isfinite(value) else float(f"{value:.7g}")


def _mark(event: dict[str, Any], closed: float | None) -> dict[str, Any]:
    peak = event["peak"]
    return {
        "id": event["id"], "kind": event["kind"], "start": parse_time(event["opened"]), "end": closed,
        "label": event["label"], "acknowledged": event["acknowledged"],
        "peak": peak["score"] if peak["level"] is None else peak["level"],
    }  # fmt: skip


def _closed(event: dict[str, Any], closed: float | None) -> dict[str, Any]:
    """Say in an event when its alarm closed, if nobody here has received that."""
    if closed is not None and event["closed"] is None:
        event |= {"closed": rfc3339(closed), "event_type": "close"}
    return event


def _record(days: list[dict[str, Any]], key: str, *, highest: bool) -> dict[str, Any] | None:
    known = [day for day in days if day[key] is not None and (key != "alarms" or day[key])]
    if not known:
        return None
    best = (max if highest else min)(known, key=lambda day: day[key])
    return {"day": best["day"], "value": best[key]}


def _date(t: float) -> str:
    return time.strftime("%Y-%m-%d", time.localtime(t))


def _quoted(path: Path) -> str:
    from urllib.parse import quote

    return quote(str(path.resolve()))
