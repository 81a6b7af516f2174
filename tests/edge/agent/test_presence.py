"""What the agent publishes about itself, and which run it is from."""

from __future__ import annotations

import json
from pathlib import Path

import msgspec
import pytest

from config.settings.broker import Broker, Password
from config.settings.gateway import Gateway, StationEntry
from edge.agent.presence import Presence
from edge.agent.stations import Stations
from edge.bundles.bundle import Bundle
from edge.mqtt.topics import Topics
from tests.doubles import FakeClock


@pytest.fixture
def gateway(bundles: dict[str, Path]) -> Gateway:
    broker = Broker(username="gateway", password=Password(file="/secret/place"))
    return Gateway(gateway="gw1", broker=broker, stations=(StationEntry(bundle=str(bundles["both"])),))


def test_birth_will_and_clean_stop_carry_the_same_run_id(gateway: Gateway, fake_clock: FakeClock) -> None:
    presence = Presence(gateway, Topics("davylamp/gw1"), fake_clock)
    topic, will = presence.will
    assert topic == "davylamp/gw1/state"
    assert json.loads(will) == json.loads(msgspec.json.encode(presence.birth)) | {"state": "offline"}
    assert (presence.birth.state, presence.birth.session) == ("online", presence.run_id)
    assert (presence.stopped.state, presence.stopped.session) == ("stopped", presence.run_id)


def test_every_start_has_a_run_id_of_its_own(gateway: Gateway, fake_clock: FakeClock) -> None:
    first, second = (Presence(gateway, Topics("davylamp/gw1"), fake_clock) for _ in range(2))
    assert first.run_id != second.run_id


def test_the_birth_is_the_same_whatever_the_time_is_now(gateway: Gateway, fake_clock: FakeClock) -> None:
    presence = Presence(gateway, Topics("davylamp/gw1"), fake_clock)
    before = presence.birth
    fake_clock.time += 1000
    assert presence.birth == before


def test_info_names_the_bundles_and_no_secret(gateway: Gateway, fake_clock: FakeClock) -> None:
    bundle = Bundle.open(gateway.stations[0].bundle)
    presence = Presence(gateway, Topics("davylamp/gw1"), fake_clock)
    info = presence.info(Stations(gateway, [bundle]), "5")
    (listed,) = info.bundles
    assert (listed.bundle, listed.file) == (bundle.id, "both.davy")
    assert (listed.reconstruction, listed.generator) == ("ae", "vae")
    assert listed.columns == bundle.station.keys
    assert (info.mqtt, info.exceedances_per_1000) == ("5", 1.0)
    assert "secret" not in repr(info)


def test_info_contains_the_adapted_rates(gateway: Gateway, fake_clock: FakeClock) -> None:
    stations = Stations(gateway, [Bundle.open(gateway.stations[0].bundle)])
    station = stations.at("sensors/st-1/readings")
    assert station is not None
    stations.keep(station, "sensors/st-1/readings")
    adaptation = station.state.adaptation
    for _ in range(1000):
        adaptation.decide("consistency", 0.0)
    info = Presence(gateway, Topics("davylamp/gw1"), fake_clock).info(stations, "5")
    assert info.adapted_per_1000 == {"st-1": {"consistency": pytest.approx(10.0)}}
