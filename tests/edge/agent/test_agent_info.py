"""`info` follows what changes, and a requested rate outlives the agent."""

from __future__ import annotations

from typing import Any

import pytest

from config.settings.gateway import ScoringSettings
from tests.doubles import GOOD, FakeClock, FakeLink
from tests.edge.agent.agents import TOPICS, StartAgent, message


def infos(link: FakeLink) -> list[Any]:
    assert all(each.retain for each in link.published if each.topic == TOPICS.info)
    return link.on(TOPICS.info)


def set_rate(link: FakeLink, rate: float | None) -> None:
    link.incoming.append([message({"exceedances_per_1000": rate}, topic=TOPICS.request("rate/set"))])


def test_info_is_published_again_when_a_station_comes_and_when_the_rate_is_set(
    start_agent: StartAgent, fake_link: FakeLink
) -> None:
    agent = start_agent()
    fake_link.ready = True
    agent.turn()
    fake_link.confirm()
    fake_link.incoming = [[message(GOOD)]]
    agent.turn()
    fake_link.confirm()
    set_rate(fake_link, 5)
    agent.turn()
    fake_link.in_flight = 0
    agent.turn()
    assert [
        (info["stations"], info["exceedances_per_1000"], info["exceedances_from"]) for info in infos(fake_link)
    ] == [
        ([], 1.0, "gateway.yaml"),
        (["st-1"], 1.0, "gateway.yaml"),
        (["st-1"], 5.0, "request"),
    ]


def test_adapted_rates_are_published_with_the_next_health_and_not_at_every_reading(
    start_agent: StartAgent, fake_link: FakeLink, fake_clock: FakeClock
) -> None:
    agent = start_agent()
    fake_link.ready = True
    for number in range(150):  # beyond the warm-up
        fake_link.incoming = [[message(GOOD | {"seq": number, "ts": 60 * number}, mid=number)]]
        agent.turn()
        fake_link.confirm()
    assert len(infos(fake_link)) == 1
    for _ in range(3):
        fake_clock.time += 61
        agent.turn()
        fake_link.confirm()
    assert len(infos(fake_link)) == 2
    assert infos(fake_link)[-1]["adapted_per_1000"]["st-1"]


def test_a_rate_that_was_set_outlives_a_restart(start_agent: StartAgent, fake_link: FakeLink) -> None:
    agent = start_agent()
    set_rate(fake_link, 5)
    agent.turn()
    agent = start_agent()
    fake_link.ready = True
    agent.turn()
    assert infos(fake_link)[-1]["exceedances_per_1000"] == 5.0


@pytest.mark.parametrize("rate", [None, 1.0])
def test_the_rate_of_the_settings_can_be_restored_for_good(
    start_agent: StartAgent, fake_link: FakeLink, rate: float | None
) -> None:
    agent = start_agent()
    for each in (5, rate):
        set_rate(fake_link, each)
        agent.turn()
    agent = start_agent()
    assert (agent._stations.rate, agent._stations.rate_request) == (1.0, None)


def test_a_new_rate_in_the_settings_ends_one_that_was_set_before(start_agent: StartAgent, fake_link: FakeLink) -> None:
    agent = start_agent()
    set_rate(fake_link, 5)
    agent.turn()
    for configured in (2.0, 1.0):  # also when the first value comes back
        agent = start_agent(scoring=ScoringSettings(exceedances_per_1000=configured))
        agent.turn()
        assert agent._stations.rate == configured


def test_a_fresh_journal_contains_the_rate(start_agent: StartAgent, fake_link: FakeLink, tmp_path: Any) -> None:
    agent = start_agent()
    set_rate(fake_link, 5)
    agent.turn()
    (tmp_path / "journal.db").unlink()
    fake_link.incoming = [[message(GOOD)]]
    agent.turn()
    assert start_agent()._stations.rate == 5.0
