"""An agent announces itself and its stations to Home Assistant, and takes it back."""

from __future__ import annotations

from typing import Any

import pytest

from config.settings.gateway import ScoringSettings
from config.settings.home_assistant import HomeAssistantSettings
from edge.agent import giving_way, stations
from edge.agent.agent import Agent
from tests.doubles import GOOD, FakeClock, FakeLink
from tests.edge.agent.agents import TOPICS, StartAgent, message
from tests.edge.discovery.payloads import faults

ON = HomeAssistantSettings(prefix="homeassistant")
STATUS = "homeassistant/status"
GATEWAY, STATION = (f"homeassistant/device/davylamp_gw1{each}/config" for each in ("", "_st-1"))


def turn(agent: Agent, link: FakeLink, *bodies: Any, topic: str = "sensors/st-1/readings") -> None:
    link.incoming = [[message(body, topic=topic, mid=number) for number, body in enumerate(bodies, 1)]]
    agent.turn()
    link.confirm()


def connect(agent: Agent, link: FakeLink) -> None:
    link.ready = True
    turn(agent, link)
    turn(agent, link)


def retained(link: FakeLink) -> dict[str, bytes]:
    """What the broker has retained for Home Assistant."""
    found: dict[str, bytes] = {}
    for each in link.published:
        if each.topic.startswith("homeassistant/"):
            assert (each.retain, each.qos) == (True, 1)
            found[each.topic] = each.payload
    return {topic: payload for topic, payload in found.items() if payload}


def test_gateway_and_stations_are_announced_when_asked_and_again_on_every_connection(
    start_agent: StartAgent, fake_link: FakeLink
) -> None:
    agent = start_agent(home_assistant=ON)
    connect(agent, fake_link)
    assert retained(fake_link).keys() == {GATEWAY}
    turn(agent, fake_link, GOOD)
    assert retained(fake_link).keys() == {GATEWAY, STATION}
    for topic in (GATEWAY, STATION):
        assert faults(topic, fake_link.on(topic)[-1]) == []
    fake_link.published.clear()
    connect(agent, fake_link)
    assert retained(fake_link).keys() == {GATEWAY, STATION}


def test_without_home_assistant_nothing_is_announced_until_it_is_seen(
    start_agent: StartAgent, fake_link: FakeLink
) -> None:
    agent = start_agent()
    connect(agent, fake_link)
    turn(agent, fake_link, GOOD)
    turn(agent, fake_link, b"offline", topic=STATUS)
    assert retained(fake_link) == {}
    turn(agent, fake_link, b"online", topic=STATUS)
    assert retained(fake_link).keys() == {GATEWAY, STATION}


def test_once_it_was_seen_later_runs_know_it(start_agent: StartAgent, fake_link: FakeLink) -> None:
    agent = start_agent()
    connect(agent, fake_link)
    turn(agent, fake_link, b"online", topic=STATUS)
    agent = start_agent()
    fake_link.published.clear()
    connect(agent, fake_link)
    assert retained(fake_link).keys() == {GATEWAY}


def test_its_status_may_be_retained_and_is_no_reading(start_agent: StartAgent, fake_link: FakeLink) -> None:
    agent = start_agent()
    connect(agent, fake_link)
    fake_link.incoming = [[message(b"online", topic=STATUS, retain=True)]]
    agent.turn()
    assert retained(fake_link).keys() == {GATEWAY}
    assert fake_link.on(TOPICS.deadletter) == []


def test_one_key_turns_it_off_and_clears_what_was_announced(start_agent: StartAgent, fake_link: FakeLink) -> None:
    agent = start_agent(home_assistant=ON)
    connect(agent, fake_link)
    turn(agent, fake_link, GOOD)
    agent = start_agent(home_assistant=HomeAssistantSettings(discovery="off"))
    connect(agent, fake_link)
    assert retained(fake_link) == {}
    turn(agent, fake_link, b"online", topic=STATUS)
    assert retained(fake_link) == {}


def test_another_prefix_leaves_nothing_at_the_old_one(start_agent: StartAgent, fake_link: FakeLink) -> None:
    agent = start_agent(home_assistant=ON)
    connect(agent, fake_link)
    agent = start_agent(home_assistant=HomeAssistantSettings(prefix="homes/ha"))
    connect(agent, fake_link)
    assert retained(fake_link) == {}
    assert fake_link.on("homes/ha/device/davylamp_gw1/config")


def answer(agent: Agent, link: FakeLink, verb: str) -> Any:
    turn(agent, link, {}, topic=TOPICS.request(verb))
    turn(agent, link)
    return link.on(TOPICS.response(verb))[-1]


def test_requests_clear_and_publish(start_agent: StartAgent, fake_link: FakeLink) -> None:
    agent = start_agent(home_assistant=ON)
    connect(agent, fake_link)
    turn(agent, fake_link, GOOD)
    assert answer(agent, fake_link, "discovery/clear")["data"] == {"topics": [GATEWAY, STATION]}
    assert retained(fake_link) == {}
    turn(agent, fake_link, GOOD | {"seq": 2})
    connect(agent, fake_link)
    assert retained(fake_link) == {}, "it stays cleared"
    assert answer(agent, fake_link, "discovery/publish")["data"] == {"topics": [GATEWAY, STATION]}
    assert retained(fake_link).keys() == {GATEWAY, STATION}


def test_publishing_is_refused_where_it_is_off(start_agent: StartAgent, fake_link: FakeLink) -> None:
    agent = start_agent(home_assistant=HomeAssistantSettings(discovery="off"))
    connect(agent, fake_link)
    refusal = answer(agent, fake_link, "discovery/publish")
    assert refusal["status"] == "error"
    assert "fix: home_assistant: {discovery: auto}" in refusal["error"]


def test_a_station_that_gives_way_is_removed_in_the_same_turn(
    start_agent: StartAgent, fake_link: FakeLink, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in (giving_way, stations):
        monkeypatch.setattr(module, "MOST_STATIONS", 1)
    agent = start_agent(home_assistant=ON)
    connect(agent, fake_link)
    turn(agent, fake_link, GOOD)
    turn(agent, fake_link, GOOD, topic="sensors/st-2/readings")
    assert retained(fake_link).keys() == {GATEWAY, STATION.replace("st-1", "st-2")}
    ours = [each.topic for each in fake_link.published if not each.payload]
    assert ours[0] == STATION, "before its topics end"


def test_a_station_whose_entry_is_gone_is_removed(start_agent: StartAgent, fake_link: FakeLink) -> None:
    agent = start_agent(home_assistant=ON)
    connect(agent, fake_link)
    turn(agent, fake_link, GOOD)
    agent = start_agent(home_assistant=ON, topic="others/{station}/readings")
    connect(agent, fake_link)
    assert retained(fake_link).keys() == {GATEWAY}


def test_names_that_home_assistant_confuses_are_reported(
    start_agent: StartAgent, fake_link: FakeLink, caplog: pytest.LogCaptureFixture
) -> None:
    agent = start_agent(home_assistant=ON)
    connect(agent, fake_link)
    for name in ("st.1", "st:1"):
        turn(agent, fake_link, GOOD, topic=f"sensors/{name}/readings")
    assert len(retained(fake_link)) == 3
    assert "two stations look alike in Home Assistant" in caplog.text
    caplog.clear()
    connect(agent, fake_link)
    assert "look alike" not in caplog.text, "once is enough"


def test_an_id_that_is_taken_is_reported_and_the_other_station_stays(
    start_agent: StartAgent, fake_link: FakeLink, caplog: pytest.LogCaptureFixture
) -> None:
    agent = start_agent(home_assistant=ON)
    connect(agent, fake_link)
    turn(agent, fake_link, GOOD, topic="sensors/st.1/readings")
    (taken,) = retained(fake_link).keys() - {GATEWAY}
    impostor = taken.split("/")[2].removeprefix("davylamp_gw1_")
    turn(agent, fake_link, GOOD, topic=f"sensors/{impostor}/readings")
    assert "Home Assistant's id is taken" in caplog.text
    assert fake_link.on(taken)[-1]["dev"]["sn"] == "st.1"


def expiry(link: FakeLink) -> int | None:
    found: int | None = link.on(STATION)[-1]["cmps"]["ch4"].get("exp_aft")
    return found


def test_values_expire_after_the_cadence_that_the_station_turns_out_to_have(
    start_agent: StartAgent, fake_link: FakeLink, fake_clock: FakeClock
) -> None:
    agent = start_agent(home_assistant=ON)
    connect(agent, fake_link)
    for number in range(12):
        turn(agent, fake_link, GOOD | {"seq": number})
        if not number:
            assert expiry(fake_link) is None, "its cadence is not known yet"
        fake_clock.time += 600
    assert expiry(fake_link) == 4500, "silent after five cadences, and half as long again"
    count = len(fake_link.on(STATION))
    for number in range(12, 60):
        turn(agent, fake_link, GOOD | {"seq": number})
        fake_clock.time += 660
    assert len(fake_link.on(STATION)) == count, "a little slower is no news"


def test_after_a_restart_the_earlier_payload_stays_until_the_cadence_is_known_again(
    start_agent: StartAgent, fake_link: FakeLink, fake_clock: FakeClock
) -> None:
    agent = start_agent(home_assistant=ON)
    connect(agent, fake_link)
    for number in range(3):
        turn(agent, fake_link, GOOD | {"seq": number})
        fake_clock.time += 600
    agent = start_agent(home_assistant=ON)
    fake_link.published.clear()
    connect(agent, fake_link)
    turn(agent, fake_link, GOOD | {"seq": 20})
    assert retained(fake_link).keys() == {GATEWAY}
    assert STATION not in [each.topic for each in fake_link.published], "nor is it cleared"
    for number in range(21, 31):
        fake_clock.time += 600
        turn(agent, fake_link, GOOD | {"seq": number})
    assert expiry(fake_link) == 4500
    assert answer(agent, fake_link, "discovery/clear")["data"] == {"topics": [GATEWAY, STATION]}


def test_a_configured_cadence_holds_from_the_first_reading_on_and_for_every_nth_score(
    start_agent: StartAgent, fake_link: FakeLink
) -> None:
    agent = start_agent(home_assistant=ON, stale_after=100.0, scoring=ScoringSettings(publish_every=10))
    connect(agent, fake_link)
    turn(agent, fake_link, GOOD)
    assert expiry(fake_link) == 1500


def test_many_stations_are_announced_a_few_at_a_time(start_agent: StartAgent, fake_link: FakeLink) -> None:
    agent = start_agent(home_assistant=ON)
    for number in range(50):
        turn(agent, fake_link, GOOD, topic=f"sensors/st-{number}/readings")
    fake_link.published.clear()
    fake_link.ready = True
    agent.turn()
    assert len(retained(fake_link)) <= 20
    for _ in range(20):
        fake_link.confirm()
        agent.turn()
    assert len(retained(fake_link)) == 51


SENML = [{"n": key, "v": value} for key, value in GOOD.items()]
LINE = b"air " + ",".join(f"{key}={value}" for key, value in GOOD.items()).encode()

COMMA = {key: str(value).replace(".", ",") for key, value in GOOD.items()}
UNIT = GOOD | {"temperature_c": f"{GOOD['temperature_c']} °C"}

TWO = [GOOD, GOOD | {"ch4_ppb": 2001.0}]


@pytest.mark.parametrize("payload", [SENML, LINE, TWO, COMMA, UNIT], ids=["senml", "influx", "array", "comma", "unit"])
def test_values_that_others_cannot_read_come_with_the_scores_from_the_first_reading_on(
    start_agent: StartAgent, fake_link: FakeLink, payload: Any
) -> None:
    agent = start_agent(home_assistant=ON)
    connect(agent, fake_link)
    turn(agent, fake_link, payload)
    component = fake_link.on(STATION)[-1]["cmps"]["raw_temperature_c"]
    assert component["stat_t"] == TOPICS.score("st-1")
    assert fake_link.on(TOPICS.score("st-1"))[-1]["values"]["temperature_c"] == GOOD["temperature_c"]


@pytest.mark.parametrize("payload", [GOOD, {key: str(value) for key, value in GOOD.items()}], ids=["numbers", "texts"])
def test_values_that_others_read_are_not_repeated(
    start_agent: StartAgent, fake_link: FakeLink, payload: dict[str, Any]
) -> None:
    agent = start_agent(home_assistant=ON)
    connect(agent, fake_link)
    turn(agent, fake_link, payload | {"h2o_ppm": "unavailable"})
    assert fake_link.on(STATION)[-1]["cmps"]["raw_temperature_c"]["stat_t"] == "sensors/st-1/readings"
    assert fake_link.on(TOPICS.score("st-1"))[-1]["values"] == {}


def test_a_station_that_turns_to_another_form_is_announced_again(
    start_agent: StartAgent, fake_link: FakeLink, fake_clock: FakeClock
) -> None:
    agent = start_agent(home_assistant=ON)
    connect(agent, fake_link)
    turn(agent, fake_link, GOOD)
    turn(agent, fake_link, b"rubbish")  # is no reading of any form
    turn(agent, fake_link, LINE.replace(b"temperature_c=20.0", b"temperature_c=21.2345678,rain=1"))
    fake_clock.time += 60
    turn(agent, fake_link)
    turn(agent, fake_link)
    assert fake_link.on(TOPICS.score("st-1"))[-1]["values"]["temperature_c"] == 21.23457
    assert fake_link.on(STATION)[-1]["cmps"]["raw_temperature_c"]["stat_t"] == TOPICS.score("st-1")
    assert len(fake_link.on(STATION)) == 2
