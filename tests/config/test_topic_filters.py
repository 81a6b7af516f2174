"""Overlaps of topic filters, checked against single topics that MQTT says they match."""

from __future__ import annotations

import itertools
import re

from hypothesis import given
from hypothesis import strategies as st

from config.topic_filters import filters_overlap, overlaps_subtree

_LEVELS = st.sampled_from(["a", "b", "+"])
_filters = st.tuples(st.lists(_LEVELS, min_size=1, max_size=4), st.booleans()).map(
    lambda drawn: "/".join([*drawn[0], *(["#"] if drawn[1] else [])])
)


def _matches(topic_filter: str, topic: str) -> bool:
    # MQTT 5, 4.7.1: "a/#" matches "a" as well.
    pattern = re.escape(topic_filter).replace(r"\+", "[^/]+")
    pattern = re.sub(r"/\\#$", "(/.*)?", pattern)
    return re.fullmatch(pattern, topic) is not None


@given(topic_filter=_filters, base=st.lists(st.sampled_from(["a", "b"]), min_size=1, max_size=3))
def test_a_filter_overlaps_a_subtree_if_it_matches_a_topic_in_it(topic_filter: str, base: list[str]) -> None:
    tails = ["", "/a", "/b", "/a/a", "/a/b", "/b/a", "/b/b", "/a/a/a", "/a/a/b", "/a/b/a", "/a/b/b",
             "/b/a/a", "/b/a/b", "/b/b/a", "/b/b/b"]  # fmt: skip
    truth = any(_matches(topic_filter, "/".join(base) + tail) for tail in tails)
    assert overlaps_subtree(topic_filter, "/".join(base)) == truth
    assert overlaps_subtree(f"$share/pair/{topic_filter}", "/".join(base)) == truth


@given(one=_filters, other=_filters)
def test_two_filters_overlap_if_some_topic_matches_both(one: str, other: str) -> None:
    topics = ["/".join(levels) for size in range(1, 6) for levels in itertools.product("ab", repeat=size)]
    assert filters_overlap(one, other) == any(_matches(one, topic) and _matches(other, topic) for topic in topics)
    assert filters_overlap(f"$share/pair/{one}", other) == filters_overlap(other, one) == filters_overlap(one, other)
