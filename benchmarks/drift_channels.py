"""Channel by channel: when drifts are found, and how much of the way to the alarm a drift of 10 % goes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from edge.arrays import Floats
from edge.drift.drift_reference import DriftReference
from edge.drift.drift_state import DISTANCE
from edge.models.scoring_model import ScoringModel

_SIZE = 1.1


def reach(reference: DriftReference, model: ScoringModel, values: Floats) -> dict[str, float]:
    """Return by how much of the distance that raises the alarm a channel moves if its values [N, F] grow by 10 %.

    At 1 it is as far as the record wanders by itself, times the factor of the alarm.
    """
    found, usual = dict[str, float](), np.median(values, axis=0)[None]
    for j, key in enumerate(model.keys):
        grown = usual.copy()
        grown[:, j] *= _SIZE
        moved = abs(model.residuals(grown) - model.residuals(usual))[0, j]
        found[key] = round(float(moved / (DISTANCE * reference.distance[j])), 2)
    return found


def show_channels(results: Sequence[dict[str, Any]], sizes: Sequence[str]) -> None:
    """Print the median delay of each channel of each place, ours, and its median reach."""
    heads = "".join(f"{float(size):>8.0%}" for size in sizes)
    print(f"\nours, median delay by channel   {heads}   and what part of the way to the alarm 10 % goes")
    for place in dict.fromkeys(result["place"] for result in results):
        mine = [result for result in results if result["place"] == place]
        for key in mine[0]["reach"]:
            cells = []
            for size in sizes:
                delays = [result["delays"]["ours"][size][key] for result in mine]
                median = np.median([np.inf if each is None else each for each in delays])
                cells.append(f"{median:>8.0f}" if np.isfinite(median) else f"{'-':>8}")
            part = np.median([result["reach"][key] for result in mine])
            print(f"  {place:10}{key:20}{''.join(cells)}{part:>8.2f}")
    for size in sizes:
        right = [each for result in results for each in result["named"].get(size, [])]
        print(f"of {len(right)} drifts of {float(size):.0%} that were found, {np.mean(right):.0%} were named first")
