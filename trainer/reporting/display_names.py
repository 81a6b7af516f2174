"""What a reader calls the things that a run has short names for."""

from __future__ import annotations

NETWORKS = {"generator": "generator", "scorer": "scorer", "scorer-absent": "scorer without the gas"}
SPLITS = {
    "seen": "same regimes, other blocks",
    "fwd": "later regimes",
    "bwd": "earlier regimes",
    "ahead": "later half",
    "back": "earlier half",
    "blocks": "contiguous blocks",
    "random": "shuffled rows (leaks)",
}
SENSES = {">=": "≥", "<=": "≤"}
