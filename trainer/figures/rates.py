"""Draws what detectors find over the rate of false alarms, and the rates realised over those requested."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from edge.arrays import Floats
from trainer.figures.colours import GREY
from trainer.figures.style import figure
from trainer.figures.ticks import few_ticks

Curves = tuple[Floats, Mapping[str, Floats]]
"""Rates [R], and detector -> its values there [R]."""

_DASHED = {"adaptive": (4, 2), "in sample": (1, 1.5), "static": (None, None)}


def draw_roc(splits: Mapping[str, Curves], colours: Mapping[str, str], first: str) -> Figure:
    """Draw the share of fault rows found over the rate of false alarms.

    Parameters
    ----------
    splits
        Title -> rates of false alarms and shares found.
    colours
        Detector -> its colour; all others are grey.
    first
        The detector that counts, which is drawn thicker.
    """
    picture, all_axes = _axes(splits)
    for axes, (title, (rates, found)) in zip(all_axes, splits.items(), strict=True):
        for name, shares in sorted(found.items(), key=lambda item: item[0] in colours):
            axes.plot(rates, shares, label=name if name in colours else None, **_line(name, colours, first))
        axes.plot(rates, rates, color=GREY, linestyle=":", linewidth=0.9)
        axes.set(xscale="log", xlim=(rates[0], 1), ylim=(0, 1.02), title=title, xlabel="false alarms per row")
        few_ticks(axes.xaxis)
    all_axes[0].set_ylabel("share of fault rows found")
    picture.legend(*all_axes[0].get_legend_handles_labels(), loc="outside lower left", ncols=len(colours))
    return picture


def draw_realised(splits: Mapping[str, Curves], colours: Mapping[str, str], first: str) -> Figure:
    """Draw realised over requested rates of exceedances.

    Parameters
    ----------
    splits
        Title -> requested rates, and those realised by ``DETECTOR, MODE``.
    colours
        Detector -> its colour; all others are left out.
    first
        The detector that counts, which is drawn thicker.
    """
    picture, all_axes = _axes(splits)
    for axes, (title, (requested, found)) in zip(all_axes, splits.items(), strict=True):
        foot = float(requested.min()) / 3
        axes.plot(requested, requested, color=GREY, linestyle=":", linewidth=1.0)
        for name, realised in found.items():
            detector, _, mode = name.rpartition(", ")
            if detector in colours:
                # A rate of zero is drawn at the foot of the axis.
                drawn = np.maximum(realised, foot)
                axes.plot(requested, drawn, label=name, dashes=_DASHED[mode], **_line(detector, colours, first))
        axes.set(xscale="log", yscale="log", title=title, xlabel="requested", ylim=(foot, 1))
        few_ticks(axes.xaxis)
        few_ticks(axes.yaxis)
    all_axes[0].set_ylabel("realised on undisturbed rows")
    picture.legend(*all_axes[0].get_legend_handles_labels(), loc="outside lower left", ncols=3)
    return picture


def _axes(splits: Mapping[str, Curves]) -> tuple[Figure, Sequence[Axes]]:
    picture = figure(3.6 * max(2, len(splits)), 3.5)
    return picture, picture.subplots(1, len(splits), squeeze=False, sharey=True)[0]


def _line(name: str, colours: Mapping[str, str], first: str) -> dict[str, Any]:
    if name not in colours:
        return {"color": GREY, "linewidth": 0.8}
    return {"color": colours[name], "linewidth": 2.2 if name == first else 1.4}
