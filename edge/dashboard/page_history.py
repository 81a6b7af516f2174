"""The page's own history: bins of readings and the alarms, in one SQLite file of bounded size."""

from __future__ import annotations

import json
import math
import shutil
import sqlite3
import struct
from collections.abc import Sequence
from pathlib import Path

import msgspec

from edge.alarms.event import Event, Label
from edge.clock import Clock, SystemClock, parse_time
from edge.dashboard.history_file import is_damage, is_full, lock_history, open_history, set_aside
from edge.dashboard.history_tiers import DAY, TIERS, local_day, prune
from edge.dashboard.series_bin import HistorySample, SeriesBin
from edge.errors import DashboardError
from edge.log import Log

_MOST_PENDING = 20_000  # bins in memory while the disk is full: some 10 MB
_MOST_PENDING_ALARMS = 2000
_PRUNE_EVERY = 600.0  # [s]
_ROOM = 0.9  # of the limit, above which the finest bins give way
_ROOM_FOR_MUCH = 0.5  # the same before much is written
_FREE = 16e6  # [B] of a disk that is not full


class PageHistory:
    """Collects in memory, and writes everything that is new in one transaction.

    Parameters
    ----------
    path
        The file; made if there is none, and set aside if it is damaged.
    max_mb
        Size limit of the file [MB].
    clock
        Tells what is too old.

    Attributes
    ----------
    state : str
        ``ok``, ``full``, ``set aside`` or ``failing``.
    detail : str or None
        Sentence about any state but ``ok``.

    Raises
    ------
    DashboardError
        The file is a later version's, another program's or another page's, or its folder is not there.
    """

    def __init__(self, path: Path, max_mb: int, clock: Clock | None = None) -> None:
        self.path = path
        self.state, self.detail = "ok", None  # type: str, str | None
        self._max_mb = max_mb
        self._clock = clock or SystemClock()
        self._log = Log("dashboard", self._clock)
        self._db: sqlite3.Connection | None = None
        self._aside: str | None = None
        self._channels: dict[tuple[str, str], list[tuple[str, str]]] = {}
        self._bins: dict[tuple[int, str, str, int], SeriesBin] = {}  # (width, station, unit, t)
        self._alarms: dict[tuple[str, str], tuple[Event, float, float | None]] = {}
        self._units: dict[str, str] = {}  # station -> unit of its gas, as far as it is known
        self._labels: dict[tuple[str, str], tuple[Label | None, str | None]] = {}
        self._standing: dict[str, tuple[set[str], float]] = {}
        self._pruned = -math.inf
        if not path.absolute().parent.is_dir():
            fix = "fix: make it, or --history and dashboard.history in gateway.yaml with another"
            raise DashboardError(f"{path}: there is no folder {path.parent}; {fix}")
        self._lock = lock_history(path)
        self._open()

    @property
    def pending(self) -> bool:
        """Whether something is not written yet."""
        return bool(self._bins or self._alarms or self._labels or self._standing)

    @property
    def urgent(self) -> bool:
        """Whether an alarm is not written yet, and nothing speaks against trying at once."""
        return self.state not in {"full", "failing"} and bool(self._alarms or self._labels)

    @property
    def mb(self) -> float:
        """Size of the file with its log [MB]."""
        files = (self.path, self.path.with_name(self.path.name + "-wal"))
        return sum(each.stat().st_size for each in files if each.exists()) / 1e6

    def add(self, station: str, unit: str, channels: Sequence[tuple[str, str]], sample: HistorySample) -> None:
        """Add a reading.

        Parameters
        ----------
        station
            Id of the station.
        unit
            Unit of its gas; with another one another series begins. Empty: not known for this reading.
        channels
            Key and unit of each of its channels.
        sample
            What is kept of the reading, its channels in the same order.
        """
        values: list[float | None] = []
        unit = unit or self._units.get(station, "")
        self._units[station] = unit
        if sample.channels:
            known = self._channels.setdefault((station, unit), [])
            known += [each for each in channels if each not in known]
            places = {each: sample.channels[i] for i, each in enumerate(channels)}
            values = [places.get(each) for each in known]
        sample = sample._replace(channels=values)
        age = self._clock.now() - sample.t
        for width, kept in TIERS:
            if age < kept:
                self._bin(width, station, unit, int(sample.t) // width * width).add(sample)
        self._bin(DAY, station, unit, local_day(sample.t)).add(sample)

    def add_alarm(self, station: str, event: Event) -> None:
        """Add an alarm, or what has become of it; raises ValueError if one of its times is none."""
        closed = None if event.closed is None else parse_time(event.closed)
        self._alarms[station, event.id] = event, parse_time(event.opened), closed

    def label(self, station: str, one: str, label: Label | None, comment: str | None) -> None:
        """Keep what an alarm that has closed was found to be.

        Parameters
        ----------
        station, one
            Ids of the station and of the alarm.
        label, comment
            What it was, and the person's words.
        """
        self._labels[station, one] = label, comment

    def settle(self, station: str, standing: set[str], now: float) -> None:
        """Close the alarms of a station that no longer stand, whose end nobody here has received.

        Parameters
        ----------
        station
            Id of the station.
        standing
            Ids of those that stand.
        now
            Their end, Unix time [s].
        """
        self._standing[station] = standing, now

    def commit(self) -> bool:
        """Write what is new; returns whether nothing is left. What cannot be written stays for the next time."""
        if self._db is None:
            self._open()
        if self._db is None:
            self._forget_oldest()
            return False
        try:
            self._prune_if_due(self._db)
            try:
                self._write(self._db)
            except sqlite3.Error as error:
                if not is_full(error):
                    raise
                if shutil.disk_usage(self.path.parent).free < _FREE:
                    raise
                prune(self._db, self._clock.now(), _ROOM_FOR_MUCH * self._max_mb)  # it was our own limit
                self._write(self._db)
        except sqlite3.Error as error:
            self._fail(error)
            self._forget_oldest()
            return False
        self._bins.clear()
        self._alarms.clear()
        self._labels.clear()
        self._standing.clear()
        self._say("set aside" if self._aside else "ok", self._aside)
        return True

    def close(self) -> None:
        """Write what is new, and close the file."""
        if self.pending:
            self.commit()
        if self._db is not None:
            self._db.close()
            self._db = None
        if self._lock is not None:
            self._lock.close()

    def _bin(self, width: int, station: str, unit: str, t: int) -> SeriesBin:
        key = width, station, unit, t
        found = self._bins.get(key)
        if found is None:
            self._bins[key] = found = SeriesBin()
        return found

    def _open(self) -> None:
        try:
            self._db = open_history(self.path, self._max_mb)
            for station, unit, channels in self._db.execute("select station, unit, channels from series"):
                self._channels[station, unit] = [(key, one) for key, one in json.loads(channels)]
                self._units[station] = unit or self._units.get(station, "")
        except (sqlite3.Error, OSError, ValueError) as error:
            if self._db is not None:
                self._db.close()
                self._db = None
            if isinstance(error, sqlite3.Error):
                self._fail(error)
            else:
                self._say("failing", f"{self.path}: {error}; fix: dashboard.history in gateway.yaml, or --history")

    def _prune_if_due(self, db: sqlite3.Connection) -> None:
        if self._clock.monotonic() - self._pruned >= _PRUNE_EVERY:
            prune(db, self._clock.now(), _ROOM * self._max_mb)
            self._pruned = self._clock.monotonic()

    def _write(self, db: sqlite3.Connection) -> None:
        db.execute("begin immediate")
        try:
            ids: dict[tuple[str, str], int] = {}
            for (width, station, unit, t), new in self._bins.items():
                if (station, unit) not in ids:
                    ids[station, unit] = self._series(db, station, unit)
                self._merge(db, (width, ids[station, unit], t), new)
            for (station, one), (event, opened, closed) in self._alarms.items():
                row = station, one, event.kind, opened, closed, msgspec.json.encode(event).decode()
                db.execute("insert or replace into alarms values (?, ?, ?, ?, ?, ?)", row)
            for station, (standing, now) in self._standing.items():
                for (one,) in db.execute(
                    "select id from alarms where station = ? and closed is null", (station,)
                ).fetchall():
                    if one not in standing:
                        db.execute("update alarms set closed = ? where station = ? and id = ?", (now, station, one))
            for place, (label, comment) in self._labels.items():
                row = db.execute("select body from alarms where station = ? and id = ?", place).fetchone()
                if row is not None:
                    body = json.dumps(json.loads(row[0]) | {"acknowledged": True, "label": label, "comment": comment})
                    db.execute("update alarms set body = ? where station = ? and id = ?", (body, *place))
            db.execute("commit")
        except BaseException:
            if db.in_transaction:
                db.execute("rollback")
            raise

    def _series(self, db: sqlite3.Connection, station: str, unit: str) -> int:
        channels = json.dumps(self._channels.get((station, unit), []))
        (number,) = db.execute(
            "insert into series (station, unit, channels) values (?, ?, ?)"
            " on conflict do update set channels = excluded.channels returning id",
            (station, unit, channels),
        ).fetchone()
        return int(number)

    @staticmethod
    def _merge(db: sqlite3.Connection, key: tuple[int, int, int], new: SeriesBin) -> None:
        row = db.execute("select body from bins where width = ? and series = ? and t = ?", key).fetchone()
        merged = SeriesBin()
        if row is not None:
            try:
                merged = SeriesBin.unpack(row[0])
            except struct.error:  # of a file that somebody has changed
                merged = SeriesBin()
        merged.merge(new)
        db.execute("insert or replace into bins values (?, ?, ?, ?)", (*key, merged.pack()))

    def _fail(self, error: sqlite3.Error) -> None:
        if is_damage(error):
            if self._db is not None:
                self._db.close()
                self._db = None
            try:
                other = set_aside(self.path)
            except OSError as refusal:
                self._say("failing", f"{self.path}: {error}, and it cannot be set aside: {refusal}")
                return
            self._aside = f"{self.path} was damaged ({error}) and is {other.name} now; the history begins anew"
            self._say("set aside", self._aside)
            self._channels.clear()
            self._open()
        elif is_full(error):
            fix = "fix: make room on its disk, or raise dashboard.max_mb"
            self._say("full", f"{self.path}: {error}: what is new is kept in memory, as far as there is room; {fix}")
        else:
            self._say("failing", f"{self.path}: {error}; fix: dashboard.history in gateway.yaml, or --history")

    def _forget_oldest(self) -> None:
        """Keep memory bounded: the finest bins give way, the oldest first."""
        if len(self._bins) > _MOST_PENDING:
            order = sorted(self._bins, key=lambda key: (key[0], key[3]))
            for key in order[: len(order) - _MOST_PENDING // 2]:
                del self._bins[key]
        for place in list(self._alarms)[:-_MOST_PENDING_ALARMS]:
            del self._alarms[place]

    def _say(self, state: str, detail: str | None) -> None:
        if (state, detail) != (self.state, self.detail) and detail is not None:
            self._log.warning("history of the page", state=state, detail=detail)
        self.state, self.detail = state, detail
