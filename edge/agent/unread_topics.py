"""Notices stations of which only topics come that no column is read from."""

from __future__ import annotations

from edge.agent.giving_way import MOST_STATIONS
from edge.agent.source import Share, Source
from edge.agent.station_watch import StationWatch
from edge.agent.stations import Stations
from edge.errors import ReadingError

_MOST = 60  # messages of a station that nobody reads, before one that is read
_LONGEST = 256  # characters of a name that are remembered


class UnreadTopics:
    """Counts messages whose ``{key}`` no column is read from: mostly there are others that are read.

    Parameters
    ----------
    stations
        The stations of which something could be read.
    """

    def __init__(self, stations: Stations) -> None:
        self._stations = stations
        self._watches: dict[str, StationWatch] = {}

    def note(self, share: Share, source: Source) -> ReadingError | None:
        """Note such a message; returns what is to be said aloud if 60 have come and nothing that could be read."""
        assert share.unread is not None
        station = self._stations.known(share.name)
        if station is not None:
            station.watch.look_at_name(share.unread)
            self._watches.pop(share.name[:_LONGEST], None)
            return None
        name = share.name[:_LONGEST]
        if name not in self._watches:
            self._watches[name] = StationWatch(source)
            self._watches[name].left = _MOST
        watch = self._watches[name]
        watch.left -= 1
        watch.look_at_name(share.unread)
        if watch.left > 0 and len(self._watches) <= MOST_STATIONS:
            return None
        self._watches.pop(name)
        problem = watch.judge()["keys"]
        return None if problem is None else ReadingError(problem)
