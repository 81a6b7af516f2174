"""check says what is wrong with the clocks of the stations that it hears."""

from __future__ import annotations

import json

import pytest

from config.settings.gateway import Gateway, StationEntry
from edge.agent.inspection import Inspection
from edge.agent.stations import Stations
from edge.bundles.bundle import Bundle
from edge.mqtt.message import Message
from tests.doubles import GOOD

NOW = 1_800_000_000.0


def judged(bundle: Bundle, stamps: list[object], **entry: object) -> list[str]:
    """What is wrong with readings a minute apart that carry these stamps."""
    gateway = Gateway(gateway="gw1", stations=(StationEntry(bundle=bundle.path, **entry),))  # type: ignore[arg-type]
    inspection = Inspection(Stations(gateway, [bundle]))
    for i, stamp in enumerate(stamps):
        payload = json.dumps(GOOD | {"ts": stamp, "seq": i}).encode()
        inspection.take(Message("sensors/st-1/readings", payload, qos=1, mid=i + 1, received=NOW + 60.0 * i))
    return [warning for warning in inspection.close() if "clock" in warning]


@pytest.mark.parametrize(
    ("offset", "sentence"),
    [
        (7200.0, "the station's clock is 2 h 00 min ahead of the gateway's, which looks like local time; fix: "),
        (-3600.0, "the station's clock is 1 h 00 min behind the gateway's, which looks like local time; fix: "),
        (-2700.0 - 400.0, "the station's clock is 52 min behind the gateway's; fix: set its clock"),
        (86400.0, "the station's clock is 24 h 00 min ahead of the gateway's; fix: set its clock"),
    ],
)
def test_a_clock_that_differs_from_the_gateways_is_a_warning(bundle: Bundle, offset: float, sentence: str) -> None:
    (warning,) = judged(bundle, [NOW + 60.0 * i - 0.4 + offset for i in range(3)])
    assert warning.startswith(f"st-1: {sentence}")
    assert warning.endswith("(judged by 3 readings; --listen makes them more)")


def test_a_clock_that_is_right_is_none_even_if_an_old_reading_came_first(bundle: Bundle) -> None:
    assert judged(bundle, [NOW - 9000.0, NOW + 60.0 - 2.0, NOW + 120.0 - 2.0]) == []


def test_without_stamps_or_without_their_use_there_is_no_clock_to_judge(bundle: Bundle) -> None:
    assert judged(bundle, [None, None]) == []
    assert judged(bundle, [NOW + 7200.0], ts="received") == []


def test_local_time_that_is_declared_is_right(bundle: Bundle) -> None:
    assert judged(bundle, ["2027-01-15T09:00:00"], timezone="Europe/Berlin") == []
    (warning,) = judged(bundle, ["2027-01-15T09:00:00"])
    assert "1 h 00 min ahead" in warning


def test_readings_at_another_interval_than_the_trainings_are_a_warning(bundle: Bundle) -> None:
    gateway = Gateway(gateway="gw1", stations=(StationEntry(bundle=bundle.path),))
    stations = Stations(gateway, [bundle])
    stations.groups[0].source.cadence = 5.0  # the bundle's record has no time
    inspection = Inspection(stations)
    for i in range(8):
        payload = json.dumps(GOOD | {"ts": NOW + 60.0 * i, "seq": i}).encode()
        inspection.take(Message("sensors/st-1/readings", payload, qos=1, mid=i + 1, received=NOW + 60.0 * i))
    (warning,) = [each for each in inspection.close() if "apart" in each]
    assert warning.startswith("st-1: its readings are 60 s apart, and those of its bundle's training were 5 s")
