"""What the tests measure, for the table at the end."""

from __future__ import annotations

import json
from pathlib import Path


class Figures:
    """Values by their names, kept in a file."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._values: dict[str, str] = {}

    def add(self, name: str, value: str) -> None:
        self._values[name] = value
        self._path.write_text(json.dumps(self._values, indent=1))
