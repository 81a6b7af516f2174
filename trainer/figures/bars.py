"""Draws estimates with their intervals, and two numbers as bars."""

from __future__ import annotations

from collections.abc import Mapping

from matplotlib.figure import Figure

from trainer.figures.colours import BLUE, GREY, INK, ORANGE
from trainer.figures.style import figure


def draw_intervals(estimates: Mapping[str, tuple[float, float, bool]], label: str) -> Figure:
    """Draw estimates in a row each.

    Parameters
    ----------
    estimates
        Name -> estimate, half its interval, and whether it differs from zero.
    label
        Label of the axis.
    """
    picture = figure(5.0, 0.34 * len(estimates) + 0.85)
    axes = picture.subplots()
    axes.axvline(0.0, color=INK, linewidth=0.9)
    for place, (value, half, differs) in enumerate(estimates.values()):
        colour, face = (BLUE, BLUE) if differs else (GREY, "none")
        axes.errorbar(value, place, xerr=half, fmt="o", color=colour, markerfacecolor=face, capsize=3)
    axes.set_yticks(range(len(estimates)), list(estimates))
    axes.set_ylim(len(estimates) - 0.5, -0.5)
    axes.set_xlabel(label)
    return picture


def draw_shares(shares: Mapping[str, float], label: str) -> Figure:
    """Draw two shares, the doubtful one first, as bars from 0 to 1 with their numbers; a negative one has no bar."""
    picture = figure(5.0, 1.9)
    axes = picture.subplots()
    places = range(len(shares))
    axes.barh(places, [max(value, 0.0) for value in shares.values()], color=(ORANGE, BLUE), height=0.62)
    for place, value in enumerate(shares.values()):
        at = (max(value, 0.0), place)
        axes.annotate(f"{value:.2f}", at, xytext=(5, 0), textcoords="offset points", va="center", color=INK)
    axes.set_yticks(places, list(shares))
    axes.set(xlim=(0, 1.12), ylim=(len(shares) - 0.5, -0.5), xlabel=label)
    axes.grid(visible=False, axis="y")
    return picture
