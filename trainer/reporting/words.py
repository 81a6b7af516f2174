"""Words: what a reader calls the things that a run has short names for."""

from __future__ import annotations

from trainer.portrait.gallery import Axis

NETWORKS = {"generator": "generator", "scorer": "scorer", "scorer-absent": "scorer without the gas"}
SPLITS = {
    "seen": "same regimes, other blocks",
    "fwd": "later regimes",
    "bwd": "earlier regimes",
    "blocks": "contiguous blocks",
    "random": "shuffled rows (leaks)",
}

_UNITS = {"[ppb]": "ppb", "[ppm]": "ppm", "Cel": "°C", "Ohm": "Ω", "1": ""}  # from UCUM


def unit(code: str) -> str:
    """Write a UCUM code as people do."""
    return _UNITS.get(code, code)


def quantity(axis: Axis) -> str:
    """Name an axis, with its unit in brackets."""
    told = unit(axis.unit)
    return f"{axis.key} [{told}]" if told else axis.key
