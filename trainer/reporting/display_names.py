"""Words: what a reader calls the things that a run has short names for."""

from __future__ import annotations

from trainer.page import units
from trainer.statistics.samples import Axis

NETWORKS = {"generator": "generator", "scorer": "scorer", "scorer-absent": "scorer without the gas"}
SPLITS = {
    "seen": "same regimes, other blocks",
    "fwd": "later regimes",
    "bwd": "earlier regimes",
    "blocks": "contiguous blocks",
    "random": "shuffled rows (leaks)",
}
SENSES = {">=": "≥", "<=": "≤"}


def axis_label(axis: Axis) -> str:
    """Name an axis, with its unit in brackets."""
    return units.quantity(axis.key, axis.unit)
