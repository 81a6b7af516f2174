"""What docs/files.md says to write is what makes such a file readable."""

from __future__ import annotations

import re
from pathlib import Path

import msgspec
import pytest
import yaml

from config.settings.station import Station
from config.time_format import TimeFormat
from config.yaml.struct_builder import build_struct
from tests.edge.readings.csv.files import TIMED

PAGE = Path(__file__).parents[4] / "docs" / "files.md"


def declarations() -> list[str]:
    """Return the settings in the right column of the page's table."""
    rows = re.findall(r"^\|.*\| ([^|]*) \|$", PAGE.read_text(encoding="utf-8"), flags=re.MULTILINE)
    return [text for row in rows for text in re.findall(r"`([a-z_]+: [^`]+)`", row)]


def test_the_page_has_a_line_for_every_setting_of_files() -> None:
    assert {text.partition(":")[0] for text in declarations()} == {
        *("time", "time_format", "timezone", "decimal", "thousands", "cadence", "missing")
    }


@pytest.mark.parametrize("text", declarations())
def test_every_line_to_write_is_one_that_a_station_file_takes(text: str) -> None:
    problems: list[tuple[str, str]] = []
    station = build_struct({**msgspec.to_builtins(TIMED), **yaml.safe_load(text)}, Station, problems)
    assert problems == []
    if station.time_format:
        TimeFormat(station.time_format)
