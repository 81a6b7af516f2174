"""What stations really send: a bad channel costs itself, and its owner is told in the log and in health."""

from __future__ import annotations

import json
from typing import Any

import pytest

from config.settings.alarms import Alarms, MethaneAlarm
from config.settings.gateway import HealthSettings
from edge.agent.agent import Agent
from edge.scoring.gas_outage import LATELY
from tests.doubles import GOOD, FakeClock, FakeLink
from tests.edge.agent.agents import TOPICS, StartAgent, message

NOW = 1_800_000_000.0


def take(agent: Agent, link: FakeLink, *bodies: Any) -> list[Any]:
    """Let an agent take messages; returns the scores that it publishes of them."""
    before = len(link.on(TOPICS.score("st-1")))
    link.incoming = [[message(body, mid=mid) for mid, body in enumerate(bodies, 1)]]
    agent.turn()
    scores: list[Any] = link.on(TOPICS.score("st-1"))[before:]
    return scores


def problems(agent: Agent, link: FakeLink, clock: FakeClock) -> Any:
    clock.time += 61
    agent.turn()
    return link.on(TOPICS.health)[-1]["by_station"]["st-1"]["problems"]


@pytest.mark.parametrize("raw", ["NaN", '"nan"', '"unavailable"', '""', "null", "-200", '"ERR"', "1e999", '"open"'])
def test_a_missing_channel_is_flag_9_and_the_others_are_scored(
    start_agent: StartAgent, fake_link: FakeLink, raw: str
) -> None:
    agent = start_agent(missing=("open",))
    payload = json.dumps(GOOD | {"humidity_pct": 1e6}).replace("1000000.0", raw).encode()
    (score,) = take(agent, fake_link, payload)
    assert score["flags"] == {"humidity_pct": 9}
    assert not fake_link.on(TOPICS.deadletter)


def test_a_limit_holds_while_every_other_channel_is_missing(start_agent: StartAgent, fake_link: FakeLink) -> None:
    agent = start_agent(alarms=Alarms(methane=MethaneAlarm(limit_ppb=5000.0)))
    take(agent, fake_link, *[dict.fromkeys(GOOD, "nan") | {"ch4_ppb": 10_000.0} for _ in range(5)])
    assert fake_link.on(TOPICS.alarm("st-1"))[-1]["alarm"] == "ON"


def test_a_channel_that_is_no_number_is_reported_until_it_is(
    start_agent: StartAgent, fake_link: FakeLink, fake_clock: FakeClock, caplog: pytest.LogCaptureFixture
) -> None:
    agent = start_agent(health=HealthSettings(every=60))
    bodies = [GOOD | {"temperature_c": f"{number} bananas"} for number in range(20, 25)]
    assert [score["flags"] for score in take(agent, fake_link, *bodies)] == [{"temperature_c": 9}] * 5
    found = problems(agent, fake_link, fake_clock)
    assert list(found) == ["values"]
    assert found["values"].startswith("temperature_c: got 20 bananas")
    assert sum("station needs attention" in line for line in caplog.messages) == 1
    take(agent, fake_link, GOOD)
    assert problems(agent, fake_link, fake_clock) == {}


def test_a_time_that_is_none_costs_the_time_alone(
    start_agent: StartAgent, fake_link: FakeLink, fake_clock: FakeClock
) -> None:
    agent = start_agent(health=HealthSettings(every=60))
    (score,) = take(agent, fake_link, GOOD | {"ts": NOW / 86400 + 25569.25})
    assert score["flags"] == {}
    assert "spreadsheets" in problems(agent, fake_link, fake_clock)["clock"]


def test_milliseconds_are_said_once(
    start_agent: StartAgent, fake_link: FakeLink, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    agent = start_agent()
    scores = take(agent, fake_link, *[GOOD | {"ts": 1000 * (int(NOW) - 60 * back)} for back in (2, 1, 0)])
    assert [score["ts"] for score in scores][-1] == "2027-01-15T08:00:00.000Z"
    assert sum("milliseconds" in line for line in caplog.messages) == 1


@pytest.mark.parametrize(
    ("entry", "payload"),
    [
        ({"keys": {key: f"d[id={key}].v" for key in GOOD}}, json.dumps({"d": [{"id": k, "v": GOOD[k]} for k in GOOD]})),
        ({"keys": {"ch4_ppb": 'gas."CH4.ppb"'}}, json.dumps(GOOD | {"gas": {"CH4.ppb": 2000.5}, "ch4_ppb": None})),
        ({"columns": tuple(GOOD)}, ";".join(map(str, GOOD.values()))),
        ({"format": "csv", "columns": tuple(GOOD)}, ",".join(map(str, GOOD.values()))),
        ({}, "air,station=x " + ",".join(f"{key}={value}" for key, value in GOOD.items())),
        ({}, json.dumps([{"n": key, "v": value} for key, value in GOOD.items()])),
        ({}, json.dumps({key: str(value) for key, value in GOOD.items()})),
        ({}, f"data: {json.dumps(GOOD)}\n\n"),
    ],
)  # fmt: skip
def test_every_shape_is_scored(
    start_agent: StartAgent, fake_link: FakeLink, entry: dict[str, Any], payload: str
) -> None:
    agent = start_agent(**entry)
    (score,) = take(agent, fake_link, payload.encode())
    assert score["flags"] == {}
    assert not fake_link.on(TOPICS.deadletter)


@pytest.mark.parametrize(
    ("payload", "why"),
    [
        (b"spBv1.0\x08\x96", "expected JSON"),
        (b"hello", "expected JSON"),
        (b"", "empty"),
        ({"uptime": 5}, "none of the"),
        (b'{"ch4_ppb": 2000', "cut off?"),
        (dict.fromkeys(GOOD, "high"), 'got "high"'),
    ],
)
def test_what_is_no_reading_is_a_dead_letter(
    start_agent: StartAgent, fake_link: FakeLink, payload: Any, why: str
) -> None:
    agent = start_agent()
    assert not take(agent, fake_link, payload)
    (letter,) = fake_link.on(TOPICS.deadletter)
    assert why in letter["reason"]


def test_an_analyser_that_is_missing_for_long_is_reported_until_it_is_there(
    start_agent: StartAgent, fake_link: FakeLink, fake_clock: FakeClock
) -> None:
    agent = start_agent(health=HealthSettings(every=60))
    bodies = [GOOD | {"temperature_c": 20 + number / 100} for number in range(LATELY + 10)]
    gone = [body | {"ch4_ppb": None} for body in bodies]
    scores = take(agent, fake_link, *gone[: LATELY - 1])
    assert problems(agent, fake_link, fake_clock) == {}
    scores += take(agent, fake_link, *gone[LATELY - 1 :])
    assert all(score["flags"] == {"ch4_ppb": 9} for score in scores)
    assert {score["consistency"]["culprit"] for score in scores if score["consistency"]}.isdisjoint({"ch4_ppb"})
    agent = start_agent(health=HealthSettings(every=60))  # a restart does not forget it
    take(agent, fake_link, GOOD | {"ch4_ppb": "n/a", "temperature_c": 30.5})
    found = problems(agent, fake_link, fake_clock)
    assert list(found) == ["missing"]
    assert "absent: [ch4_ppb]" in found["missing"]
    take(agent, fake_link, GOOD | {"temperature_c": 31.5})
    assert problems(agent, fake_link, fake_clock) == {}
