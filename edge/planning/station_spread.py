"""Spreads stations over gateways so that none is scored twice, and each stays where it is."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from config.errors import ConfigError
from config.fleet_members import FleetMember
from config.settings.fleet import MOST_STATIONS
from config.topic_filters import filters_overlap, overlaps_subtree, subscription_filter


def spread_stations(
    members: Sequence[FleetMember], gateways: Sequence[str], placed: Mapping[str, str]
) -> dict[str, list[FleetMember]]:
    """Give each station a gateway: the one that it has, else the one with the fewest.

    A gateway that has none of before gets its share, if need be from those with the most: it was added, or all of its
    stations are gone.

    Parameters
    ----------
    members
        The stations.
    gateways
        Names of the gateways.
    placed
        Station -> the gateway that an earlier plan gave it.

    Returns
    -------
    dict
        Gateway -> its stations.

    Raises
    ------
    ConfigError
        There are more stations than the gateways can serve, or fewer than gateways.
    """
    if len(members) > MOST_STATIONS * len(gateways):
        least = -(-len(members) // MOST_STATIONS)
        got = f"got {len(members):,} stations for {len(gateways)} gateways of at most {MOST_STATIONS}"
        raise ConfigError([f"--gateways: {got}; fix: --gateways {least}"])
    if len(members) < len(gateways):
        why = "an agent without stations does not start"
        got = f"got {len(gateways)} for {len(members)} stations, expected at most as many"
        raise ConfigError([f"--gateways: {got}: {why}; fix: --gateways {len(members)}"])
    spread: dict[str, list[FleetMember]] = {name: [] for name in gateways}
    homeless = []
    for member in members:
        home = spread.get(placed.get(member.name, ""))
        if home is None or len(home) >= MOST_STATIONS:
            homeless.append(member)
        else:
            home.append(member)
    fresh = [name for name, stations in spread.items() if not stations]
    for member in homeless:
        min(spread.values(), key=len).append(member)
    for name in fresh:
        while len(spread[name]) < len(members) // len(gateways):
            spread[name].append(max(spread.values(), key=len).pop())
    return spread


def overlap_faults(members: Sequence[FleetMember], bases: Sequence[str], path: Path) -> Iterator[str]:
    """Yield which topics two stations share, so that a reading would be scored twice, or that are our own.

    Parameters
    ----------
    members
        The stations.
    bases
        Topics below which the gateways publish.
    path
        The fleet's file, for the sentences.
    """
    fix = "fix: a topic of its own for each, with {station} in it"
    owner: dict[str, FleetMember] = {}
    wild: list[tuple[str, FleetMember]] = []
    for member in members:
        topic = subscription_filter(member.topic)
        others = list(wild) if not _has_wildcard(topic) else [*owner.items()]
        if topic in owner:
            got = f'got "{member.topic}" for {member.name}'
            yield f"{path}: topic: {got}, which {owner[topic].name} has already; {fix}"
            continue
        for other, neighbour in others:
            if neighbour is not member and filters_overlap(topic, other):
                got = f'got "{member.topic}" for {member.name}'
                yield f'{path}: topic: {got}, which overlaps "{neighbour.topic}" of {neighbour.name}; {fix}'
                break
        owner[topic] = member
        if _has_wildcard(topic):
            wild.append((topic, member))
        for base in bases:
            if overlaps_subtree(topic, base):
                yield (
                    f'{path}: topic: got "{member.topic}" for {member.name}, expected one that does not overlap what '
                    f"the gateways publish below {base}"
                )
                break


def _has_wildcard(topic: str) -> bool:
    return "+" in topic or "#" in topic
