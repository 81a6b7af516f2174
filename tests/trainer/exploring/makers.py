"""Types of the fixtures that make stations, records and files."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from config.settings.station import Station
from edge.arrays import Floats
from trainer.exploring.raw_record import RawRecord

MakeStation = Callable[[int], Station]
MakeRecord = Callable[[Floats, Station], RawRecord]
MakeFiles = Callable[[Floats, Station], tuple[Path, Path]]
