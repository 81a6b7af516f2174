"""Encodes the numbers that a figure is drawn from as JSON."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import msgspec
import numpy as np

_DIGITS = 6


def encoded(numbers: Mapping[str, Any]) -> bytes:
    """Encode numbers as JSON, with six significant digits; nan and infinity become null."""
    return msgspec.json.encode(_plain(numbers))


def _plain(value: Any) -> Any:
    if isinstance(value, np.ndarray | np.generic):
        value = value.tolist()
    if isinstance(value, Mapping):
        return {str(key): _plain(one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(one) for one in value]
    if isinstance(value, float):
        return float(f"{value:.{_DIGITS}g}") if math.isfinite(value) else None
    return value
