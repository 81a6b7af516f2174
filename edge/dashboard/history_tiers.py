"""How finely and how far back the page's history goes, and what gives way when its file is full."""

from __future__ import annotations

import sqlite3
import time
from typing import Final

from edge.dashboard.history_file import PAGE

DAY: Final = 86_400
"""Width of the bins of days, which begin at local midnight [s]."""

TIERS: Final = ((10, DAY), (60, 7 * DAY), (300, 31 * DAY), (1800, 400 * DAY))
"""Width of bins, and how far back they go [s]; bins of days stay as long as the file has room."""

_MOST_ALARMS = 20_000
_SHARE = 10  # bins of this share of a tier's time give way at once
_YEARS = 4000 * DAY  # of days


def local_day(t: float) -> int:
    """Return the local midnight before a time, both Unix time [s]."""
    moment = time.localtime(t)
    return int(time.mktime((moment.tm_year, moment.tm_mon, moment.tm_mday, 0, 0, 0, 0, 0, -1)))


def prune(db: sqlite3.Connection, now: float, max_mb: float) -> None:
    """Remove what is too old; and the finest bins, the oldest first, until there is room again.

    Parameters
    ----------
    db
        The history.
    now
        Unix time [s].
    max_mb
        Size that the file may have afterwards [MB].

    Raises
    ------
    sqlite3.Error
        The file cannot be written.
    """
    series = [number for (number,) in db.execute("select id from series")]
    for width, kept in TIERS:
        _remove(db, width, series, now - kept)
    db.execute(
        "delete from alarms where opened < (select opened from alarms order by opened desc limit 1 offset ?)",
        (_MOST_ALARMS,),
    )
    for width, kept in (*TIERS, (DAY, _YEARS)):
        while _used(db) > max_mb * 1e6:
            oldest = _oldest(db, width, series)
            if oldest is None:
                break
            _remove(db, width, series, oldest + kept // _SHARE)


def _remove(db: sqlite3.Connection, width: int, series: list[int], before: float) -> None:
    """Remove bins, series by series, as the index has them: a card is not read as a whole for this."""
    for number in series:
        db.execute("delete from bins where width = ? and series = ? and t <= ?", (width, number, before))


def _oldest(db: sqlite3.Connection, width: int, series: list[int]) -> int | None:
    found = [
        db.execute("select min(t) from bins where width = ? and series = ?", (width, number)).fetchone()[0]
        for number in series
    ]
    return min((each for each in found if each is not None), default=None)


def _used(db: sqlite3.Connection) -> int:
    (pages,), (free,) = (db.execute(f"pragma {each}").fetchone() for each in ("page_count", "freelist_count"))
    return int(pages - free) * PAGE
