"""What is wrong with a station is remembered while it lasts, and never floods the log."""

from __future__ import annotations

import pytest

from edge.agent.station_health import StationHealth
from edge.log import Log
from tests.doubles import FakeClock


def test_a_problem_is_logged_once_and_kept_until_it_is_over(caplog: pytest.LogCaptureFixture) -> None:
    health, log = StationHealth(), Log("test", FakeClock())
    for _ in range(3):
        health.report(log, "st-1", "units", "wrong")
    assert len(caplog.messages) == 1
    assert health.problems == {"units": "wrong"}
    health.clear("units")
    assert health.problems == {}


def test_problems_that_alternate_with_every_reading_do_not_flood_the_log(caplog: pytest.LogCaptureFixture) -> None:
    clock = FakeClock()
    health, log = StationHealth(), Log("test", clock)
    for second in range(7200):
        clock.time += 1.0
        health.report(log, "st-1", "clock", f"fault {second % 2}")
    assert len(caplog.messages) == 20
    assert health.problems == {"clock": "fault 1"}


def test_one_problem_does_not_hold_back_another(caplog: pytest.LogCaptureFixture) -> None:
    health, log = StationHealth(), Log("test", FakeClock())
    for i in range(100):
        health.report(log, "st-1", "clock", f"fault {i}")
    caplog.clear()
    health.report(log, "st-1", "units", "wrong")
    assert len(caplog.messages) == 1
