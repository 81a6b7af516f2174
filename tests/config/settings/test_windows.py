"""Windows of a station file: durations, numbers of readings, and words."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from config.errors import ConfigError
from config.settings.windows import WindowSettings, duration_seconds
from config.templates.templates import METHANE
from config.yaml.load import load_station


def _load(tmp_path: Path, windows: str) -> WindowSettings:
    path = tmp_path / "station.yaml"
    text = METHANE.read_text(encoding="utf-8")
    path.write_text(f"{text[: text.index('windows:')]}windows: {windows}\n", encoding="utf-8")
    return load_station(path).windows


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("90 s", 90.0), ("2min", 120.0), ("1.5 h", 5400.0), ("2 d", 172800.0), ("auto", None), ("240", None), (7, None)],
)
def test_a_duration_has_a_unit(text: Any, seconds: float | None) -> None:
    assert duration_seconds(text) == seconds


def test_windows_are_durations_readings_or_words(tmp_path: Path) -> None:
    found = _load(tmp_path, "{recenter: off, background: 1 d, warm_up: 30, lag: 10 s}")
    assert found == WindowSettings(recenter="off", background="1 d", warm_up=30, lag="10 s")
    assert found.durations == ("background", "lag")
    assert _load(tmp_path, "null") == WindowSettings()


@pytest.mark.parametrize(
    ("windows", "problem"),
    [
        ("{recenter: 4 hours}", 'windows.recenter: got "4 hours", expected a duration with its unit (90 s, 30 min, '),
        ("{recenter: 1}", "windows.recenter: got 1, expected a duration with its unit (90 s, 30 min, 4 h, 2 d), a "),
        ("{recenter: -4 h}", 'windows.recenter: got "-4 h", expected a duration with its unit'),
        ("{background: off}", 'windows.background: got "off", expected a duration'),
        ("{lag: 0}", "windows.lag: got 0, expected a duration"),
        ("{lag: 0 s}", "windows.lag: got 0 s, expected more than nothing"),
        ("{warmup: 1 h}", 'windows.warmup: unknown key, did you mean "warm_up"?'),
    ],
)
def test_a_wrong_window_is_one_line_that_says_what_is_allowed(tmp_path: Path, windows: str, problem: str) -> None:
    with pytest.raises(ConfigError) as caught:
        _load(tmp_path, windows)
    (line,) = caught.value.problems
    assert problem in line
