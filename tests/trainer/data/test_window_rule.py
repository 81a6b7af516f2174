"""How windows become counts of readings: by the cadence, by what is declared, and by the rule for the rest."""

from __future__ import annotations

from typing import Any

import pytest
from msgspec.structs import replace

from config.settings.windows import WindowSettings
from config.templates.templates import METHANE
from config.yaml.load import load_station
from edge.models.windows import Windows
from trainer.data.window_rule import resolve_windows
from trainer.errors import TrainingError

STATION = load_station(METHANE)


LONG = 200_000


def resolved(cadence: float | None, rows: int = LONG, **windows: Any) -> Windows:
    return resolve_windows(replace(STATION, windows=WindowSettings(**windows)), cadence, rows)


def test_without_a_cadence_the_windows_are_those_of_earlier_versions() -> None:
    assert resolved(None) == Windows(recenter=240, background=1500, warm_up=60, lag=1)


def test_at_a_minute_they_are_the_same() -> None:
    assert resolved(60.0) == Windows(cadence=60.0)


@pytest.mark.parametrize("cadence", [0.1, 1.0, 2.0, 10.0, 49.0, 60.0, 61.3, 120.0, 600.0, 3600.0, 86400.0])
def test_windows_keep_their_time_at_any_cadence_but_never_have_too_few_readings_or_too_many(cadence: float) -> None:
    found = resolved(cadence)
    assert found.recenter is not None
    assert 120 <= found.recenter <= 256
    assert 240 <= found.background <= 1500
    assert 24 <= found.warm_up <= 300
    assert found.lag == 1
    assert found.recenter_reach <= 1920
    if 120 < found.recenter_reach < 1920:
        assert found.recenter_reach * cadence == pytest.approx(4 * 3600.0, rel=0.01)
    if found.background_reach > 240:
        assert found.background_reach * cadence == pytest.approx(25 * 3600.0, rel=0.01)


@pytest.mark.parametrize(
    ("cadence", "counts"),
    [
        (2.0, (240, 8, 1407, 32, 300, 1)),
        (49.0, (147, 2, 919, 2, 73, 1)),
        (600.0, (120, 1, 240, 1, 24, 1)),
        (3600.0, (120, 1, 240, 1, 24, 1)),
    ],
)
def test_the_rule_by_cadence(cadence: float, counts: tuple[int, ...]) -> None:
    found = resolved(cadence)
    assert counts == (
        found.recenter,
        found.recenter_stride,
        found.background,
        found.background_stride,
        found.warm_up,
        found.lag,
    )


@pytest.mark.parametrize(
    ("rows", "reach"), [(600, 240), (28_799, 240), (28_800, 480), (57_600, 960), (115_200, 1920), (10**7, 1920)]
)
def test_a_short_record_has_a_short_rolling_median(rows: int, reach: int) -> None:
    assert resolved(2.0, rows).recenter_reach == reach
    assert resolved(60.0, rows).recenter_reach == 240
    assert resolved(3600.0, rows).recenter_reach == 120
    assert resolved(2.0, rows, recenter="4 h").recenter_reach == 7200


def test_what_is_declared_in_time_is_resolved_with_the_cadence() -> None:
    found = resolved(3600.0, recenter="5 d", background="20 d", warm_up="1 d", lag="2 h")
    assert found == Windows(recenter=120, background=480, warm_up=24, lag=2, cadence=3600.0)


def test_what_is_declared_in_readings_needs_no_cadence() -> None:
    found = resolved(None, recenter=100, background=300, warm_up=0, lag=3)
    assert found == Windows(recenter=100, background=300, warm_up=0, lag=3)
    assert resolved(2.0, recenter="off").recenter is None
    assert resolved(2.0, recenter=240) == replace(resolved(2.0), recenter=240, recenter_stride=1)


def test_the_older_form_is_as_good() -> None:
    station = replace(STATION, recenter=240)
    assert resolve_windows(station, 2.0, LONG) == resolved(2.0, recenter=240)
    assert resolve_windows(replace(STATION, recenter="off"), None, LONG) == Windows(recenter=None)


@pytest.mark.parametrize(
    ("cadence", "windows", "sentence"),
    [
        (
            None,
            {"warm_up": "1 h"},
            "windows.warm_up: got 1 h, but the interval between rows is unknown; fix: in",
        ),
        (
            3600.0,
            {"recenter": "90 s"},
            "windows.recenter: got 90 s, which is 0 readings of 3600 s; expected at",
        ),
        (2.0, {"lag": "1 h"}, "windows.lag: got 1 h, which is 1800 readings of 2 s; expected at most 60"),
        (None, {"lag": 61}, "windows.lag: got 61, which is 61 readings; expected at most 60"),
    ],
)
def test_windows_that_cannot_be_are_an_error_with_a_fix(
    cadence: float | None, windows: dict[str, Any], sentence: str
) -> None:
    with pytest.raises(TrainingError) as caught:
        resolved(cadence, **windows)
    assert sentence in str(caught.value)
