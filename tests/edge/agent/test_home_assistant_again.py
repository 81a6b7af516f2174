"""What an agent has announced to Home Assistant is announced anew, or cleared, when something about it changes."""

from __future__ import annotations

import json

import pytest

from config.settings.home_assistant import HomeAssistantSettings
from tests.doubles import GOOD, FakeClock, FakeLink
from tests.edge.agent.agents import TOPICS, StartAgent, message
from tests.edge.agent.test_home_assistant import GATEWAY, ON, STATION, connect, expiry, retained, turn


def test_what_an_earlier_run_has_published_is_cleared_before_it_is_published_again(
    start_agent: StartAgent, fake_link: FakeLink
) -> None:
    agent = start_agent(home_assistant=ON, stale_after=100.0)
    connect(agent, fake_link)
    for number in range(30):
        turn(agent, fake_link, GOOD, topic=f"sensors/st-{number}/readings")
        turn(agent, fake_link)
    assert len(retained(fake_link)) == 31
    agent = start_agent(home_assistant=ON, stale_after=100.0)
    fake_link.ready = True
    turn(agent, fake_link, {}, topic=TOPICS.request("discovery/clear"))
    for _ in range(20):
        turn(agent, fake_link)
    assert retained(fake_link) == {}


def test_a_gateway_that_has_another_name_now_is_announced_under_it(
    start_agent: StartAgent, fake_link: FakeLink
) -> None:
    agent = start_agent(home_assistant=ON)
    connect(agent, fake_link)
    agent = start_agent(gateway="gw2")
    connect(agent, fake_link)
    assert retained(fake_link).keys() == {GATEWAY.replace("gw1", "gw2")}


def test_a_message_without_a_topic_does_not_turn_on_what_is_off(start_agent: StartAgent, fake_link: FakeLink) -> None:
    agent = start_agent(home_assistant=HomeAssistantSettings(discovery="off"))
    connect(agent, fake_link)
    turn(agent, fake_link, b"online", topic="")  # as one that is no UTF-8
    turn(agent, fake_link)
    assert retained(fake_link) == {}


def test_a_station_that_publishes_elsewhere_is_announced_again(
    start_agent: StartAgent, fake_link: FakeLink, fake_clock: FakeClock
) -> None:
    agent = start_agent(home_assistant=ON, topic="+/{station}/readings")
    connect(agent, fake_link)
    for floor in ("ground", "attic"):
        turn(agent, fake_link, GOOD | {"seq": len(floor)}, topic=f"{floor}/st-1/readings")
        fake_clock.time += 61
        turn(agent, fake_link)
        turn(agent, fake_link)
        assert fake_link.on(STATION)[-1]["cmps"]["raw_temperature_c"]["stat_t"] == f"{floor}/st-1/readings"


def test_a_cadence_is_known_again_with_the_first_reading_after_a_restart(
    start_agent: StartAgent, fake_link: FakeLink, fake_clock: FakeClock
) -> None:
    agent = start_agent(home_assistant=ON)
    for number in range(12):
        fake_link.incoming = [[message(GOOD | {"seq": number}, received=fake_clock.time)]]
        agent.turn()
        fake_clock.time += 600
    agent = start_agent(home_assistant=ON)
    fake_link.published.clear()
    connect(agent, fake_link)
    turn(agent, fake_link, GOOD | {"seq": 20})
    fake_clock.time += 61
    for _ in range(3):
        turn(agent, fake_link)
    assert expiry(fake_link) == 4500


def test_a_station_without_stamps_that_is_gone_since_a_restart_is_reported_as_silent(
    start_agent: StartAgent, fake_link: FakeLink, fake_clock: FakeClock
) -> None:
    agent = start_agent()
    for number in range(12):
        fake_link.incoming = [[message(GOOD | {"seq": number}, received=fake_clock.time)]]
        agent.turn()
        fake_clock.time += 600
    agent = start_agent()
    for _ in range(60):
        fake_clock.time += 60
        turn(agent, fake_link)
    assert [event["kind"] for event in fake_link.on(TOPICS.event("st-1"))] == ["stale"]


def test_every_template_finds_what_it_names_in_every_message(
    start_agent: StartAgent, fake_link: FakeLink, fake_clock: FakeClock
) -> None:
    jinja2 = pytest.importorskip("jinja2")
    environment = jinja2.Environment(undefined=jinja2.StrictUndefined)  # Home Assistant warns where this one raises
    environment.filters["tojson"] = json.dumps  # as there
    agent = start_agent(home_assistant=ON, stale_after=100.0)
    connect(agent, fake_link)
    own = [GOOD | {"seq": n} for n in range(80)] + [GOOD | {"seq": n, "ch4_ppb": 9000.0} for n in range(80, 90)]
    turn(agent, fake_link, own[0])
    turn(agent, fake_link, *own[1:])
    turn(agent, fake_link, {"n": 3}, topic=TOPICS.request("synthesize"))
    turn(agent, fake_link, {"rows": 3}, topic=TOPICS.request("synthesize"))
    fake_clock.time += 200
    for _ in range(5):
        turn(agent, fake_link)
    rendered = []
    for body in (each for topic in (GATEWAY, STATION) for each in fake_link.on(topic)[-1]["cmps"].values()):
        for kind, place in (("val_tpl", "stat_t"), ("json_attr_tpl", "json_attr_t")):
            messages = fake_link.on(body[place]) if kind in body else []
            messages += own if kind in body and body[place] == "sensors/st-1/readings" else []
            template = environment.from_string(body.get(kind, ""))
            rendered += [(body["name"], template.render(value_json=each)) for each in messages]
            assert bool(messages) == (kind in body), body
    assert {"ON", "OFF"} <= {text for name, text in rendered if name == "Methane alarm"}
    assert len({name for name, _ in rendered}) > 28
