"""Which station gives way when a new one comes and there is no room: names are easily invented."""

from __future__ import annotations

from collections.abc import Iterable

from edge.agent.station import LiveStation
from edge.errors import ReadingError

MOST_STATIONS = 1000
"""Most stations, and topics of stations; otherwise anyone could invent them without end."""

ESTABLISHED = 20
"""Readings after which a station does not give way while it sends."""

_LONG = 3600.0  # [s]


def least_wanted(stations: Iterable[LiveStation], name: str) -> LiveStation:
    """Return the station that is missed least.

    First goes who has sent the least and has been silent for longest, so that a station that sends for the second time
    is safe from names that come once. Stations with 20 readings and more go only when they are offline, or have sent
    nothing for an hour, and those with alarms after those without.

    Parameters
    ----------
    stations
        All stations.
    name
        Name of the new one.

    Raises
    ------
    ReadingError
        All of them send, and have for a while.
    """
    seen = [station for station in stations if station.last_seen]
    long_ago = max((station.last_seen for station in seen), default=0.0) - _LONG
    chosen: tuple[LiveStation, tuple[bool, bool, int, float]] | None = None
    for station in seen:
        n, last = station.state.n, station.last_seen
        established = n >= ESTABLISHED
        if established and (station.online or station.expected) and last > long_ago:
            continue
        wanted = (established, station.alarms is not None, n, last)
        if chosen is None or wanted < chosen[1]:
            chosen = station, wanted
    if chosen is None:
        raise ReadingError(
            f"station {name!r} is one more than the limit of {MOST_STATIONS} stations, and all of them send; fix: "
            "topic: of an entry that fewer stations match"
        )
    return chosen[0]
