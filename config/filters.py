"""Which MQTT topics and topic filters are valid (MQTT 5, section 4.7), and which of them meet."""

from __future__ import annotations

PLACE = "{station}"
"""The level of a station's topic that names the station."""


def topic_fault(topic: str) -> str | None:
    """Say why ``topic`` cannot be published to, or return ``None``."""
    if "+" in topic or "#" in topic:
        return "no wildcard (+ #)"
    return filter_fault(topic)


def filter_fault(topic_filter: str) -> str | None:
    """Say what ``topic_filter`` must not have, or return ``None`` when it can be subscribed to."""
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


def subscription(topic: str) -> str:
    """Turn a station's topic into the filter to subscribe to: ``{station}`` becomes ``+``."""
    return "/".join("+" if level == PLACE else level for level in topic.split("/"))


def reaches(topic_filter: str, base: str) -> bool:
    """Tell whether ``topic_filter`` matches ``base`` or any topic below it."""
    levels, below = topic_filter.split("/"), base.split("/")
    for level, ours in zip(levels, below, strict=False):
        if level == "#":
            return True
        if level not in ("+", ours):
            return False
    return len(levels) >= len(below) or levels[-1] == "#"
