"""Checks whether MQTT topics and filters are valid (MQTT 5, section 4.7), and whether filters overlap."""

from __future__ import annotations

STATION_LEVEL = "{station}"
"""The level of a station's topic that names the station."""

KEY_LEVEL = "{key}"
"""The level of a station's topic that names the value, or the part of a reading, which the message contains."""

READINGS_TOPIC = f"sensors/{STATION_LEVEL}/readings"
"""Topic on which a station publishes its readings, unless it is configured otherwise."""

_SHARED = "$share/"


def topic_fault(topic: str) -> str | None:
    """Return the rule that ``topic`` breaks, or ``None`` when it can be published to."""
    if "+" in topic or "#" in topic:
        return "no wildcard (+ #)"
    return _fault(topic)


def filter_fault(topic_filter: str) -> str | None:
    """Return the rule that ``topic_filter`` breaks, or ``None`` when it can be subscribed to."""
    if topic_filter.startswith(_SHARED):
        group, _, rest = topic_filter.removeprefix(_SHARED).partition("/")
        if not group or any(c in group for c in "+#") or not rest:
            return "$share/GROUP/FILTER: a group without wildcards, and then the filter"
        return _fault(group) or _fault(rest)
    return _fault(topic_filter)


def strip_share(topic_filter: str) -> str:
    """Return a filter without the ``$share/GROUP/`` of a shared subscription, which the topics of messages lack.

    The members of a group get the messages in turn, so the readings of one station go to several agents, each of
    which sees gaps: if possible, give every agent stations of its own instead. And a broker need not pass on to the
    others what a dead member had not acknowledged: Mosquitto 2.0 keeps it for that member alone, and drops it with the
    member's session. So every member needs a constant ``broker.client_id`` and a long ``broker.session_expiry``.
    """
    return topic_filter.split("/", 2)[-1] if topic_filter.startswith(_SHARED) else topic_filter


def _fault(topic_filter: str) -> str | None:
    levels = topic_filter.split("/")
    if not topic_filter or len(topic_filter.encode(errors="replace")) > 65535:
        return "1 to 65535 bytes"
    if topic_filter.startswith("$"):
        return "no $ in front: such topics are the broker's"
    if any(unit < " " or unit == "\x7f" or "\ud800" <= unit <= "\udfff" for unit in topic_filter):
        return "no control characters"
    if "" in levels:
        return "no empty level (a slash in front, at the end, or two in a row)"
    if any(len(level) > 1 and ("+" in level or "#" in level) for level in levels) or "#" in levels[:-1]:
        return "wildcards as a whole level, # only as the last"
    return None


def subscription_filter(topic: str) -> str:
    """Return the filter that subscribes to a station's topic: ``{station}`` and ``{key}`` become ``+``."""
    return "/".join("+" if level in (STATION_LEVEL, KEY_LEVEL) else level for level in topic.split("/"))


def overlaps_subtree(topic_filter: str, base: str) -> bool:
    """Return whether ``topic_filter`` matches ``base`` or any topic below it."""
    levels, below = strip_share(topic_filter).split("/"), base.split("/")
    for level, ours in zip(levels, below, strict=False):
        if level == "#":
            return True
        if level not in ("+", ours):
            return False
    return len(levels) >= len(below) or levels[-1] == "#"


def filters_overlap(one: str, other: str) -> bool:
    """Return whether some topic matches both filters."""
    levels = [strip_share(each).split("/") for each in (one, other)]
    for a, b in zip(*levels, strict=False):
        if "#" in (a, b):
            return True
        if a != b and "+" not in (a, b):
            return False
    short, long = sorted(levels, key=len)
    return len(short) == len(long) or long[len(short) :] == ["#"]
