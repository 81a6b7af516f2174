"""Which station gives way when a new one comes and there is no room: names are easily invented."""

from __future__ import annotations

from collections.abc import Iterable

from edge.agent.station import LiveStation

ESTABLISHED = 20
"""Readings after which a station does not give way while it sends."""


def least_wanted(stations: Iterable[LiveStation]) -> LiveStation | None:
    """Return the station that is missed least; ``None`` if all of them send, and have for a while.

    First goes who has sent the least and has been silent for longest, so that a station that sends for the second time
    is safe from names that come once. Stations with 20 readings and more go only when they are offline, and those with
    alarms after those without.
    """
    chosen: tuple[LiveStation, tuple[bool, bool, int, float]] | None = None
    for station in stations:
        seen, n = station.last_seen, station.state.n
        established = n >= ESTABLISHED
        if seen is None or (established and (station.online or station.expected)):
            continue
        wanted = (established, station.alarms is not None, n, seen)
        if chosen is None or wanted < chosen[1]:
            chosen = station, wanted
    return None if chosen is None else chosen[0]
