"""The wall clock against the monotonic one."""

from __future__ import annotations

import pytest

from edge.agent.clock_jumps import ClockJumps
from tests.doubles import FakeClock


def test_a_clock_that_is_set_has_jumped_once(fake_clock: FakeClock, monkeypatch: pytest.MonkeyPatch) -> None:
    jumps = ClockJumps(fake_clock)
    found = []
    for offset in (0.0, 1.9, 3.8, 103.8, 103.8, -6.2):
        fake_clock.time += 5
        monkeypatch.setattr(fake_clock, "now", lambda offset=offset: fake_clock.time + offset)
        found.append(round(jumps.detect(), 6))
    assert found == [0.0, 0.0, 0.0, 100.0, 0.0, -110.0]
