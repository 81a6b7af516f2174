"""Topics: names, patterns, and who may be answered where."""

from __future__ import annotations

import pytest

from config.settings.gateway import RESERVED
from edge.mqtt.topics import Pattern, Topics, station_problem

TOPICS = Topics("davylamp/gw1")


def test_names_are_those_of_the_contract() -> None:
    assert TOPICS.state == "davylamp/gw1/state"
    assert TOPICS.info == "davylamp/gw1/info"
    assert TOPICS.health == "davylamp/gw1/health"
    assert TOPICS.deadletter == "davylamp/gw1/deadletter"
    assert TOPICS.availability("a") == "davylamp/gw1/a/availability"
    assert TOPICS.score("a") == "davylamp/gw1/a/score"
    assert TOPICS.event("a") == "davylamp/gw1/a/event"
    assert TOPICS.alarm("a") == "davylamp/gw1/a/alarm"
    assert TOPICS.request("alarm/acknowledge") == "davylamp/gw1/request/alarm/acknowledge"
    assert TOPICS.response("info") == "davylamp/gw1/response/info"


def test_a_slash_at_the_end_of_the_base_does_not_matter() -> None:
    assert Topics("davylamp/gw1/").state == TOPICS.state


def test_a_verb_is_all_that_follows_request() -> None:
    assert TOPICS.verb("davylamp/gw1/request/alarm/acknowledge") == "alarm/acknowledge"
    assert TOPICS.verb("davylamp/gw1/response/info") is None
    assert TOPICS.verb("davylamp/gw10/request/info") is None


def test_no_station_can_take_a_gateways_own_topic() -> None:
    own = {TOPICS.state, TOPICS.info, TOPICS.health, TOPICS.deadletter, "davylamp/gw1/request", TOPICS.responses}
    assert {topic.rsplit("/", 1)[1] for topic in own} == RESERVED
    for word in RESERVED:
        assert station_problem(word)


@pytest.mark.parametrize("station", ["st-01", "A", "7", "node_3.b", "aa:bb:cc", "x" * 64])
def test_usual_names_may_be_stations(station: str) -> None:
    assert station_problem(station) is None


@pytest.mark.parametrize("station", ["", "a b", "a/b", "+", "#", "$SYS", "-a", ".", "é", "a\n", "x" * 65, "state"])
def test_names_that_topics_or_files_suffer_from_are_refused(station: str) -> None:
    assert "station" in (station_problem(station) or "")


@pytest.mark.parametrize(
    ("template", "subscribed", "topic", "station"),
    [
        ("sensors/{station}/readings", "sensors/+/readings", "sensors/st-1/readings", "st-1"),
        ("{station}/up", "+/up", "st-1/up", "st-1"),
        ("a/+/{station}", "a/+/+", "a/x/st-1", "st-1"),
        ("a/{station}/#", "a/+/#", "a/st-1/b/c", "st-1"),
        ("a/{station}/#", "a/+/#", "a/st-1", "st-1"),
        ("$share/pair/a/{station}", "$share/pair/a/+", "a/st-1", "st-1"),
        ("a.b/{station}", "a.b/+", "a.b/st-1", "st-1"),
    ],
)
def test_a_pattern_subscribes_to_a_level_and_captures_it(
    template: str, subscribed: str, topic: str, station: str
) -> None:
    pattern = Pattern(template)
    assert pattern.filter == subscribed
    assert pattern.matches(topic)
    assert pattern.station(topic) == station


@pytest.mark.parametrize(
    "topic", ["sensors/st-1", "sensors/a/b/readings", "xsensors/a/readings", "sensors/a/readings/x"]
)
def test_a_pattern_matches_whole_topics_only(topic: str) -> None:
    assert not Pattern("sensors/{station}/readings").matches(topic)
    assert Pattern("sensors/{station}/readings").station(topic) is None


def test_a_dot_in_a_pattern_is_a_dot() -> None:
    assert not Pattern("a.b/{station}").matches("axb/st-1")


def test_a_pattern_without_a_place_captures_nothing() -> None:
    pattern = Pattern("sensors/one/readings")
    assert pattern.matches("sensors/one/readings")
    assert pattern.station("sensors/one/readings") is None


@pytest.mark.parametrize(
    "topic", ["davylamp/gw1/response/me", "davylamp/gw1/response/a/b", "clients/me", "clients/a/b"]
)
def test_answers_go_below_response_and_configured_prefixes(topic: str) -> None:
    assert TOPICS.may_answer(topic, ("clients/",))
    assert TOPICS.may_answer(topic, ("clients",))


@pytest.mark.parametrize(
    "topic",
    [
        "",
        "$SYS/x",
        "clients/+",
        "clients/#",
        "clients",
        "clients-of-others/x",
        "elsewhere/x",
        "davylamp/gw1/state",
        "davylamp/gw1/st-1/alarm",
        "davylamp/gw1/request/rate/set",
        "davylamp/gw1/response",
        "clients/" + "x" * 1024,
    ],
)
def test_answers_go_nowhere_else(topic: str) -> None:
    assert not TOPICS.may_answer(topic, ("clients",))


def test_a_prefix_above_the_base_does_not_open_the_base() -> None:
    assert TOPICS.may_answer("davylamp/elsewhere", ("davylamp",))
    assert not TOPICS.may_answer("davylamp/gw1/state", ("davylamp",))
