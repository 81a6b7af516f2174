"""Fixtures of the agent's tests."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from edge.agent.agent import Agent
from edge.bundles.bundle import Bundle
from tests.bundle_variants import later
from tests.doubles import FakeClock, FakeLink
from tests.edge.agent.agents import StartAgent, make_agent
from tests.edge.agent.desk import Desk
from tests.edge.agent.parted_field import ESPHOME, Field
from tests.edge.agent.pusher import TRUSTED, Pusher


@pytest.fixture(scope="module")
def bundle(bundles: dict[str, Path]) -> Bundle:
    return Bundle.open(bundles["both"])


@pytest.fixture
def start_agent(bundle: Bundle, fake_link: FakeLink, fake_clock: FakeClock, tmp_path: Path) -> Iterator[StartAgent]:
    agents: list[Agent] = []

    def kill() -> None:
        for agent in agents:
            agent._committer.journal.close()

    def start(**settings: Any) -> Agent:
        kill()
        agents.append(make_agent(bundle, fake_link, fake_clock, tmp_path / "journal.db", **settings))
        return agents[-1]

    yield start
    kill()


@pytest.fixture
def pusher(start_agent: StartAgent, fake_link: FakeLink, fake_clock: FakeClock) -> Pusher:
    """Somebody who pushes bundles to an agent that trusts them, and whose station has sent 100 readings."""
    one = Pusher(start_agent(rollout=TRUSTED), fake_link, fake_clock)
    one.send(100)
    return one


@pytest.fixture(scope="module")
def other(bundles: dict[str, Path]) -> bytes:
    """A bundle that was trained later, with another network."""
    return later(bundles["vae"])


@pytest.fixture
def desk(bundle: Bundle, fake_link: FakeLink, fake_clock: FakeClock, tmp_path: Path) -> Iterator[Desk]:
    one = Desk(bundle, fake_link, fake_clock, tmp_path)
    yield one
    one.committer.journal.close()


@pytest.fixture
def field(request: pytest.FixtureRequest, start_agent: StartAgent, fake_link: FakeLink, fake_clock: FakeClock) -> Field:
    return Field(start_agent, fake_link, fake_clock, **getattr(request, "param", ESPHOME))
