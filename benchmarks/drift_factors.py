"""Chooses the factors of the alarm on some readings, and measures false alarms and finds on others."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from edge.drift.drift_reference import DriftReference

SCALES = (0.5, 0.6, 0.7, 0.8, 0.9, 1.0, 1.1, 1.25, 1.5)
"""Of both factors, relative to those of the gateway."""
MOST = 1.0  # false alarms in 20,000 readings, by which a scale is chosen

Result = dict[str, Any]


def scaled(reference: DriftReference, scale: float) -> DriftReference:
    """Return a reference whose alarm opens as far out as with factors of another scale."""
    return replace(reference, distance=scale * reference.distance, sum=scale * reference.sum)


def scale_name(scale: float) -> str:
    """Return the name of the detector with factors of a scale."""
    return "ours" if scale == 1 else f"ours x {scale:g}"


def chosen_elsewhere(results: Sequence[Result], size: str, within: int) -> Result:
    """Choose the scale for each place on all others, and measure it there; the boards are one place, one chamber.

    Parameters
    ----------
    results
        Of the undisturbed splits.
    size
        Of the drift.
    within
        Readings in which it is to be found.
    """
    places = sorted({_place(result) for result in results})
    chosen, false, rows, delays = dict[str, float](), 0, 0, list[float]()
    for place in places:
        there = [result for result in results if _place(result) == place]
        scale = chosen[place] = _choose([result for result in results if _place(result) != place], _all)
        false += sum(_all(result, scale)[0] for result in there)
        rows += sum(result["rows"] for result in there)
        delays += _delays(there, scale, size)
    return _figures(chosen, false, rows, delays, within)


def chosen_before(results: Sequence[Result], size: str, within: int) -> Result:
    """Choose the scale on the earlier half of every record, and measure false alarms on the later half.

    Parameters
    ----------
    results, size, within
        As in :func:`chosen_elsewhere`; the drifts pass over both halves.
    """
    scale = _choose(results, _earlier)
    later = [_later(result, scale) for result in results]
    false, rows = sum(each[0] for each in later), sum(each[1] for each in later)
    return _figures({"all": scale}, false, rows, _delays(results, scale, size), within)


def _figures(chosen: dict[str, float], false: int, rows: int, delays: Sequence[float], within: int) -> Result:
    median = float(np.median(delays))
    return {
        "scales": chosen,
        "readings": rows,
        "false": false,
        "false_per_20000": round(20_000 * false / rows, 2),
        "found": round(float(np.mean(np.array(delays) <= within)), 3),
        "median": median if np.isfinite(median) else None,
    }


def _choose(results: Sequence[Result], part: Callable[[Result, float], tuple[int, int]]) -> float:
    """Return the least scale from which on false alarms are rare enough in a part of the results."""
    chosen = SCALES[-1]
    for scale in reversed(SCALES):
        counts = [part(result, scale) for result in results]
        if 20_000 * sum(count for count, _ in counts) > MOST * sum(rows for _, rows in counts):
            break
        chosen = scale
    return chosen


def _all(result: Result, scale: float) -> tuple[int, int]:
    """Return the false alarms and the readings."""
    return len(result["false"][scale_name(scale)]), result["rows"]


def _earlier(result: Result, scale: float) -> tuple[int, int]:
    return sum(place < result["earlier"] for place in result["false"][scale_name(scale)]), result["earlier"]


def _later(result: Result, scale: float) -> tuple[int, int]:
    false, rows = _all(result, scale)
    before, earlier = _earlier(result, scale)
    return false - before, rows - earlier


def _delays(results: Iterable[Result], scale: float, size: str) -> list[float]:
    found = [result["delays"][scale_name(scale)][size].values() for result in results]
    return [np.inf if each is None else float(each) for delays in found for each in delays]


def _place(result: Result) -> str:
    return "boards" if result["place"].startswith("board") else str(result["place"])


def choose_apart(results: Sequence[Result], size: str, within: int) -> dict[str, Result]:
    """Return what factors give that were chosen on other readings than those they are measured on."""
    return {
        "on other places": chosen_elsewhere(results, size, within),
        "on the earlier half": chosen_before(results, size, within),
    }


def show_apart(apart: dict[str, Result], size: str, within: int) -> None:
    """Print it."""
    print(f"\nours, factors chosen apart; found: a drift of {float(size):.0%} within {within:,}")
    for how, figures in apart.items():
        scales = ", ".join(f"{place} x {scale:g}" for place, scale in figures["scales"].items())
        print(
            f"  {how:22}{figures['false']:>3} false alarms in {figures['readings']:,} readings "
            f"({figures['false_per_20000']} in 20,000), found {figures['found']:.0%} "
            f"({figures['median'] or np.inf:.0f}); {scales}"
        )
