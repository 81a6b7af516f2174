"""Bundles that are pushed to a running agent: in shadow, active, and back."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from config.settings.rollout import RolloutSettings
from edge.bundles.bundle import Bundle
from tests.bundle_variants import later
from tests.doubles import FakeClock, FakeLink
from tests.edge.agent.agents import TOPICS, StartAgent
from tests.edge.agent.pusher import KEY, Pusher

TRUSTED = RolloutSettings(trusted_keys={"laptop": KEY.public}, watched_readings=60)


@pytest.fixture
def pusher(start_agent: StartAgent, fake_link: FakeLink, fake_clock: FakeClock) -> Pusher:
    one = Pusher(start_agent(rollout=TRUSTED), fake_link, fake_clock)
    one.send(100)
    return one


@pytest.fixture(scope="module")
def other(bundles: dict[str, Path]) -> bytes:
    """A bundle that was trained later, with another network."""
    return later(bundles["vae"])


def bundle_of(models: dict[str, Any]) -> str:
    return str(models["active"]["bundle"])


def test_a_bundle_runs_in_shadow_and_then_for_real(
    pusher: Pusher, bundle: Bundle, other: bytes, fake_link: FakeLink
) -> None:
    new = Bundle.load(other, "").id
    waiting = pusher.push(other)
    assert (bundle_of(waiting), waiting["waiting"]["model"]["bundle"]) == (bundle.id, new)
    assert (waiting["waiting"]["phase"], waiting["waiting"]["of"]) == ("shadow", 40)
    pusher.send(39)
    compared = pusher.models()["waiting"]["comparison"]
    assert (compared["readings"], compared["agreement"]) == (39, 1.0)
    assert compared["waiting"]["alarms"] == 0
    assert pusher.send(3) == [140, 141, 142]
    models = pusher.models()
    assert (bundle_of(models), models["waiting"], models["last"]["outcome"]) == (new, None, "activated")
    assert models["active"]["signed_by"] == "laptop"
    assert models["kept"][0]["bundle"] == bundle.id
    assert [each["bundle"] for each in fake_link.on(TOPICS.score("st-1"))[-3:]] == [bundle.id, new, new]
