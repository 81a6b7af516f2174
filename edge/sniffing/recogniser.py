"""Recognises in messages which topics belong together, and what their stations send."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from itertools import combinations
from typing import NamedTuple

from config.topic_filters import overlaps_subtree, subscription_filter
from edge.mqtt.message import Message
from edge.sniffing.channel import channels
from edge.sniffing.columns import Columns, choose_columns
from edge.sniffing.sniffed_topic import SniffedTopic, collect_topics, names_measure
from edge.sniffing.topic_group import TopicGroup

_LEAST_COLUMNS = 2  # that a station file has
_ALIKE = 0.5  # share of their addresses that the messages of two stations of one kind have in common
_FEW = 1  # columns up to which an object may be a part of a reading

_Levels = tuple[str, ...]


class Recognised(NamedTuple):
    """What messages were recognised to be.

    Parameters
    ----------
    groups
        Stations by kind, that with the most columns first.
    skipped
        Topics that carry no readings, and why.
    """

    groups: list[TopicGroup]
    skipped: dict[str, str]


def recognise(messages: Iterable[Message]) -> Recognised:
    """Recognise the stations that have sent messages."""
    topics, skipped = collect_topics(messages)
    columns = {topic.topic: choose_columns(channels(topic.documents)) for topic in topics}
    parts, whole = _divide(topics, columns)
    groups = [TopicGroup(members, level) for level, members in parts]
    groups += [TopicGroup(members, None) for members in _alike(whole, columns)]
    groups.sort(key=lambda group: (-len(group.keys), group.topics[0].topic))
    kept: list[TopicGroup] = []
    for group in groups:
        reason = _join(group, kept)
        if reason == "joined":
            continue
        if reason is not None:
            skipped |= {topic.topic: reason for topic in group.topics}
        else:
            kept.append(group)
    for group in [each for each in kept if len(_all_keys(each)) < _LEAST_COLUMNS]:
        kept.remove(group)
        found = ", ".join(sorted(_all_keys(group)))
        reason = f"only {found}: a station has at least {_LEAST_COLUMNS} columns" if found else "no number of interest"
        skipped |= {topic.topic: reason for topic in group.topics}
    if any(_sure(group) for group in kept):
        for group in [each for each in kept if not _sure(each)]:
            kept.remove(group)
            skipped |= {topic.topic: "nothing states what its numbers are" for topic in group.topics}
    names = [topic.topic for topic in topics] + list(skipped)
    for group in kept:
        own = {topic.topic for each in (group, *group.others) for topic in each.topics}
        caught = [topic for topic in names if topic not in own and group.matches(topic)]
        ours = any(overlaps_subtree(subscription_filter(each), "davylamp/gateway") for each in group.templates())
        group.literal = ours or (group.key_level is None and bool(caught))
    _keep_names_apart(kept)
    return Recognised(kept, dict(sorted(skipped.items())))


def _keep_names_apart(groups: Sequence[TopicGroup]) -> None:
    """Give stations of different kinds different names: one name is one station, with one bundle."""
    seen: set[str] = set()
    for number, group in enumerate(groups, 1):
        if group.names & seen:
            group.literal, group.suffix = True, f"-{number}"
        seen |= group.names


def _sure(group: TopicGroup) -> bool:
    """Return whether the name or the unit of any column says what it is."""
    return any(guess.sure for guess in group.all_columns.guesses)


def _all_keys(group: TopicGroup) -> set[str]:
    return {key for each in (group, *group.others) for key in each.keys}


def _join(group: TopicGroup, kept: Sequence[TopicGroup]) -> str | None:
    """Join a group to one of the same stations; returns why it is not kept, ``None`` if it stands alone."""
    if not group.keys:
        return None
    for other in kept:
        if not group.names or not group.names <= other.names:
            continue
        if group.keys <= _all_keys(other):
            return f"the same again as on {other.entries[0][0][0]}"
        addresses = {guess.address for each in (other, *other.others) for guess in each.columns.guesses}
        own = {guess.address for guess in group.columns.guesses}
        lines = {"csv", "array"} & {group.kind, other.kind}
        if group.names == other.names and not lines and not group.keys & _all_keys(other) and not own & addresses:
            other.others.append(group)
            return "joined"
    return None


def _divide(
    topics: Sequence[SniffedTopic], columns: dict[str, Columns]
) -> tuple[list[tuple[int, list[SniffedTopic]]], list[SniffedTopic]]:
    """Divide topics into those that carry parts of readings, by the level of their key, and the others."""
    candidates: list[SniffedTopic] = []
    whole = []
    for topic in topics:
        few = len(columns[topic.topic].guesses) <= _FEW
        if topic.kind == "number" or (few and topic.kind == "json" and any(map(names_measure, topic.levels))):
            candidates.append(topic)
        else:
            whole.append(topic)
    parts: list[tuple[int, list[SniffedTopic]]] = []
    for members in _related(candidates):
        level = _key_level(members)
        rests: dict[tuple[str, ...], list[SniffedTopic]] = defaultdict(list)
        for topic in members:
            rests[tuple(topic.levels[:level] + topic.levels[level + 1 :])].append(topic)
        sets = {rest: {topic.levels[level] for topic in each} for rest, each in rests.items()}
        for cluster in _clusters(list(rests), lambda one, two: _overlap(sets[one], sets[two])):  # noqa: B023
            together = [topic for rest in cluster for topic in rests[rest]]
            names = {topic.levels[level] for topic in together}
            if len(names) > 1 or any(map(names_measure, names)):
                parts.append((level, together))
            else:
                whole += together
    return parts, whole


def _related(topics: Sequence[SniffedTopic]) -> list[list[SniffedTopic]]:
    """Part topics that have too little in common to be of one kind: a chain of them differs by two levels a step."""
    roots = list(range(len(topics)))

    def root(i: int) -> int:
        while roots[i] != i:
            roots[i] = roots[roots[i]]
            i = roots[i]
        return i

    seen: dict[tuple[int, int, _Levels], int] = {}
    for i, topic in enumerate(topics):
        levels = topic.levels
        most = 2 if len(levels) > 2 else 1
        for dropped in combinations(range(len(levels)), min(most, len(levels))):
            rest = tuple("" if at in dropped else level for at, level in enumerate(levels))
            roots[root(i)] = root(seen.setdefault((dropped[0], dropped[-1], rest), i))
    found: dict[int, list[SniffedTopic]] = defaultdict(list)
    for i, topic in enumerate(topics):
        found[root(i)].append(topic)
    return list(found.values())


def _key_level(topics: Sequence[SniffedTopic]) -> int:
    """Find the level that names the value, in topics of the same length."""
    levels = list(zip(*(topic.levels for topic in topics), strict=True))
    measures = [len({value for value in values if names_measure(value)}) for values in levels]
    if max(measures) > 0:
        return max(range(len(levels)), key=lambda i: (measures[i], i))
    return max(range(len(levels)), key=lambda i: (len(set(levels[i])), i))


def _alike(topics: Sequence[SniffedTopic], columns: dict[str, Columns]) -> list[list[SniffedTopic]]:
    """Put the topics of stations of one kind together."""
    by_shape: dict[tuple[int, str], dict[tuple[str, ...], SniffedTopic]] = defaultdict(dict)
    for topic in topics:
        by_shape[len(topic.levels), topic.kind][tuple(topic.levels)] = topic
    found = []
    for members in by_shape.values():
        addresses = {
            levels: {guess.address for guess in columns[topic.topic].guesses} for levels, topic in members.items()
        }
        clusters = _clusters(list(members), lambda one, two: _overlap(addresses[one], addresses[two]))  # noqa: B023
        found += [[members[levels] for levels in cluster] for cluster in clusters]
    return found


def _overlap(one: set[str], two: set[str]) -> float:
    return len(one & two) / len(one | two) if one | two else 0.0


def _clusters(items: list[_Levels], overlap: Callable[[_Levels, _Levels], float]) -> list[list[_Levels]]:
    """Cluster topics that differ in one level or two, and whose contents overlap."""
    left, clusters = list(items), []
    while left:
        cluster = [left.pop(0)]
        for one in cluster:  # it grows while it is walked
            for two in list(left):
                differ = sum(a != b for a, b in zip(one, two, strict=True))
                if differ <= 2 and overlap(one, two) >= _ALIKE:
                    cluster.append(two)
                    left.remove(two)
        clusters.append(cluster)
    return clusters
