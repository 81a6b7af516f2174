"""The station's name from the payload, made safe; keys that never come, and several devices that are one station."""

from __future__ import annotations

from typing import Any

import pytest

from config.settings.gateway import StationEntry
from edge.agent.agent import Agent
from edge.agent.giving_way import MOST_STATIONS
from edge.mqtt.message import Message
from tests.doubles import GOOD, FakeLink
from tests.edge.agent.agents import TOPICS, StartAgent, message

ALL = "site/all"


def problems(agent: Agent, station: str) -> dict[str, str]:
    return agent._stations[station].health.problems


def send(agent: Agent, link: FakeLink, *bodies: Any, topic: str = ALL, start: int = 1) -> None:
    """Send a message for each body, a minute apart, one in a turn."""
    for mid, body in enumerate(bodies, start):
        one = message(body, topic=topic, mid=mid)
        link.incoming.append([Message(topic, one.payload, 1, mid=mid, connection=1, received=1.8e9 + 60 * mid)])
        agent.turn()


def test_several_devices_on_one_topic_are_several_stations(start_agent: StartAgent, fake_link: FakeLink) -> None:
    agent = start_agent(topic=ALL, station_from="dev.name")
    bodies = [GOOD | {"dev": {"name": name}, "ch4_ppb": 2000.0 + n} for n, name in enumerate(["a 1", "b", 7] * 3)]
    send(agent, fake_link, *bodies)
    for name, first in (("a_1", 2000.0), ("b", 2001.0), ("7", 2002.0)):
        assert [score["n"] for score in fake_link.on(TOPICS.score(name))] == [1, 2, 3]
        assert agent._stations[name].recent.last(3)[0][0] == first
        assert problems(agent, name) == {}


def test_one_array_may_contain_several_devices(start_agent: StartAgent, fake_link: FakeLink) -> None:
    agent = start_agent(topic=ALL, station_from="node")
    send(agent, fake_link, [GOOD | {"node": "n-1"}, GOOD | {"node": "n-2"}, GOOD | {"node": "n-1"}])
    assert len(fake_link.on(TOPICS.score("n-1"))) == 2
    assert len(fake_link.on(TOPICS.score("n-2"))) == 1


@pytest.mark.parametrize("node", [None, {"x": 1}, "", True])
def test_a_document_without_a_name_is_a_dead_letter_with_the_address(
    start_agent: StartAgent, fake_link: FakeLink, node: Any
) -> None:
    agent = start_agent(topic=ALL, station_from="node")
    send(agent, fake_link, [GOOD | {"node": node}, GOOD | {"node": "n-2"}])
    (letter,) = fake_link.on(TOPICS.deadletter)
    assert letter["at"] == "node"
    assert "expected the station's name" in letter["reason"]
    assert len(fake_link.on(TOPICS.score("n-2"))) == 1


def test_the_second_of_two_names_that_become_one_is_refused_aloud(start_agent: StartAgent, fake_link: FakeLink) -> None:
    agent = start_agent(topic=ALL, station_from="node")
    send(agent, fake_link, GOOD | {"node": "well pad 7"}, GOOD | {"node": "well/pad/7"}, GOOD | {"node": "well pad 7"})
    assert len(fake_link.on(TOPICS.score("well_pad_7"))) == 2
    (letter,) = fake_link.on(TOPICS.deadletter)
    assert "well/pad/7" in letter["reason"]
    assert "well pad 7" in letter["reason"]
    assert "fix: rename" in letter["reason"]


def test_a_named_station_goes_on_after_a_restart(start_agent: StartAgent, fake_link: FakeLink) -> None:
    agent = start_agent(topic=ALL, station_from="node")
    send(agent, fake_link, *[GOOD | {"node": "well pad 7", "seq": n} for n in range(3)])
    agent = start_agent(topic=ALL, station_from="node")
    assert "well_pad_7" in agent._stations
    send(agent, fake_link, GOOD | {"node": "well pad 7", "seq": 2}, GOOD | {"node": "well pad 7", "seq": 3}, start=8)
    assert agent._stations["well_pad_7"].state.n == 4
    assert agent._health.duplicates == 1
    send(agent, fake_link, GOOD | {"node": "well-pad 7"}, GOOD | {"node": "well_pad 7"}, start=20)
    assert [letter["reason"][:12] for letter in fake_link.on(TOPICS.deadletter)] == ['"well_pad 7"']


def test_names_cannot_be_invented_without_end(start_agent: StartAgent, fake_link: FakeLink) -> None:
    agent = start_agent(topic=ALL, station_from="node")
    send(agent, fake_link, [GOOD | {"node": f"n-{n}"} for n in range(MOST_STATIONS + 5)])
    assert len(agent._stations) == MOST_STATIONS
    assert all("limit of 1000" in letter["reason"] for letter in fake_link.on(TOPICS.deadletter))


def test_a_name_is_given_in_one_way() -> None:
    both = StationEntry(bundle="b.davy", topic=ALL, station="pad", station_from="node")
    assert [path for path, _ in both.problems()] == ["station_from"]


def test_a_key_that_never_came_is_named_with_the_nearest_match_until_it_comes(
    start_agent: StartAgent, fake_link: FakeLink
) -> None:
    agent = start_agent(keys={"ch4_ppb": "GAS.CH4.ppb"})
    other = {key: value for key, value in GOOD.items() if key != "ch4_ppb"}
    topic = "sensors/st-1/readings"
    send(agent, fake_link, *[other | {"GAS": {"CH4.ppb": 2000.0 + n}} for n in range(24)], topic=topic)
    assert problems(agent, "st-1")["keys"] == (
        'GAS.CH4.ppb (ch4_ppb) never came; the payload has GAS."CH4.ppb": write keys: {ch4_ppb: \'GAS."CH4.ppb"\'}'
    )
    send(agent, fake_link, *[other | {"GAS": {"CH4": {"ppb": 2000.0 + n}}} for n in range(130)], topic=topic, start=50)
    assert "keys" not in problems(agent, "st-1")


def test_a_station_whose_keys_come_has_no_problem(start_agent: StartAgent, fake_link: FakeLink) -> None:
    agent = start_agent()
    topic = "sensors/st-1/readings"
    bodies = [GOOD | {"seq": n, "id": "st-1", "deduplicationId": f"x{n}", "ch4_ppb": 2000.0 + n} for n in range(30)]
    send(agent, fake_link, *bodies, topic=topic)
    assert problems(agent, "st-1") == {}


@pytest.mark.parametrize(
    ("parts", "expected"),
    [
        ([{"mac": "a"}, {"mac": "b"}], "mac is a, b in turn"),
        (
            [{"info": {"serialNo": 11}}, {"info": {"serialNo": 12}}, {"info": {"serialNo": 13}}],
            "fix: station_from: info.serial",
        ),
        ([{"seq": 0}, {"seq": 1000}], "two counters"),
    ],
    ids=["mac", "serial number", "counters"],
)
def test_several_devices_that_are_one_station_are_noticed(
    start_agent: StartAgent, fake_link: FakeLink, parts: list[dict[str, Any]], expected: str
) -> None:
    agent = start_agent()
    bodies = []
    for n in range(24):
        part = parts[n % len(parts)]
        counted = {"seq": part["seq"] + n // 2} if "seq" in part else {}
        bodies.append(GOOD | part | counted | {"ch4_ppb": 2000.0 + n})
    send(agent, fake_link, *bodies, topic="sensors/st-1/readings")
    assert expected in problems(agent, "st-1")["devices"]


def test_several_topics_that_are_one_station_are_noticed(start_agent: StartAgent, fake_link: FakeLink) -> None:
    agent = start_agent(topic="sensors/+/readings", station="all")
    for n in range(24):
        send(agent, fake_link, GOOD | {"ch4_ppb": 2000.0 + n}, topic=f"sensors/st-{n % 2}/readings", start=n + 1)
    assert "sensors/st-0/readings, sensors/st-1/readings in turn" in problems(agent, "all")["devices"]


def test_topics_that_no_column_is_read_from_are_refused_aloud_when_nothing_else_comes(
    start_agent: StartAgent, fake_link: FakeLink
) -> None:
    agent = start_agent(topic="{station}/sensor/{key}/state")
    for n in range(60):
        send(agent, fake_link, 2000.0 + n, topic=f"hut/sensor/{('methane', 'uptime')[n % 2]}/state", start=n + 1)
    (letter,) = fake_link.on(TOPICS.deadletter)
    assert "ch4_ppb" in letter["reason"]
    assert "methane, uptime" in letter["reason"]
