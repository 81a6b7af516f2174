"""Windows of a model: what is refused, how far they reach, how they read."""

from __future__ import annotations

import pytest

from edge.models.windows import Windows


def test_the_defaults_are_those_of_bundles_that_do_not_state_theirs() -> None:
    windows = Windows()
    assert (windows.recenter_reach, windows.background_reach, windows.warm_up, windows.lag) == (240, 1500, 60, 1)
    assert windows.forget == 240
    assert dict(windows.describe()) == {
        "baseline": "240 readings",
        "background": "1,500 readings",
        "warm-up": "60 readings",
        "lag": "1 reading",
    }


def test_with_a_cadence_they_are_shown_in_time_too() -> None:
    windows = Windows(recenter=225, recenter_stride=32, background=240, warm_up=0, lag=30, cadence=2.0)
    assert windows.forget == windows.recenter_reach == 7200
    assert dict(windows.describe()) == {
        "baseline": "7,200 readings (4 h, one in 32 kept)",
        "background": "240 readings (8 min)",
        "warm-up": "0 readings (0 s)",
        "lag": "30 readings (60 s)",
    }
    assert dict(Windows(recenter=None).describe())["baseline"] == "off"


@pytest.mark.parametrize(
    "windows",
    [{"lag": 0}, {"recenter": 1}, {"recenter_stride": 0}, {"background": 0}, {"background_stride": 0}, {"warm_up": -1}],
)
def test_windows_that_cannot_be_are_refused(windows: dict[str, int]) -> None:
    with pytest.raises(ValueError, match="windows"):
        Windows(**windows)
