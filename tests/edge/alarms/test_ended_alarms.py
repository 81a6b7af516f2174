"""An alarm that its threshold ends closes, or waits for its acknowledgement; a gas level ends by itself."""

from __future__ import annotations

import msgspec

from tests.edge.alarms.panel_station import BETWEEN, EXCEEDING, QUICK, THRESHOLDS, PanelStation


def test_an_alarm_that_is_taken_as_normal_closes_and_says_so() -> None:
    station = PanelStation()
    station.feed(EXCEEDING, EXCEEDING)
    assert station.panel.borne("st-01") == ["reconstruction"]
    (closed,) = station.panel.observe(station.verdict(EXCEEDING), THRESHOLDS, ended={"reconstruction": True})
    assert (closed.event_type, closed.closed_because) == ("close", "taken as normal")
    assert not station.panel.borne("st-01")


def test_a_latched_alarm_that_is_taken_as_normal_says_so_once_and_waits_for_somebody() -> None:
    station = PanelStation(msgspec.structs.replace(QUICK, latch=True))
    station.feed(EXCEEDING, EXCEEDING)
    over = {"reconstruction": True}
    (update,) = station.panel.observe(station.verdict(EXCEEDING), THRESHOLDS, ended=over)
    assert (update.event_type, update.closed, update.closed_because) == ("update", None, "taken as normal")
    assert not station.panel.borne("st-01")
    station.restart()
    assert station.feed(EXCEEDING, EXCEEDING) == []
    *_, closed = station.panel.acknowledge(update.id)
    assert (closed.event_type, closed.closed_because) == ("close", "taken as normal")


def test_a_latched_alarm_that_has_faded_is_borne_again_by_the_next_exceedance() -> None:
    station = PanelStation(msgspec.structs.replace(QUICK, latch=True))
    station.feed(EXCEEDING, EXCEEDING)
    assert station.panel.observe(station.verdict(BETWEEN), THRESHOLDS, ended={"reconstruction": False}) == []
    assert not station.panel.borne("st-01")
    station.feed(EXCEEDING)
    assert station.panel.borne("st-01") == ["reconstruction"]


def test_a_threshold_closes_no_alarm_of_a_gas_level() -> None:
    station = PanelStation()
    for _ in range(3):
        events = station.panel.observe(
            station.verdict(level=9000.0, exceeds=("methane",), by="enhancement"),
            {},
            station.gas_level,
            {"methane": True},
        )
        assert [event.event_type for event in events] in (["open"], [])
    assert station.panel.borne("st-01") == ["methane"]
