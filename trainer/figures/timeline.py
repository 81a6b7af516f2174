"""Draws timelines: every column along a record, and scores along held-out blocks with faults put in."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from edge.arrays import Floats, Indices
from trainer.figures.colours import BLUE, GREEN, GREY, INK, ORANGE, VERMILLION
from trainer.figures.style import figure
from trainer.figures.ticks import few_ticks

Span = tuple[int, int]
"""First row, and the row after the last one."""

MOST_LARGE = 12
"""Columns up to which a timeline has room for units below names; lines of more are drawn as pixels."""
_MOST_LINES = 40  # beyond which lines from top to bottom would hide what they cross
_EDGE = 0.9  # of the height, at which they begin then
_SCORE_COLOURS = {"consistency": BLUE, "onset": GREEN, "reconstruction": ORANGE}
_DASHED = (0, (4, 2))


class Course(NamedTuple):
    """One column along a record.

    Parameters
    ----------
    label
        Name and unit.
    low, high
        Least and largest value in each pixel [B]; nan: there is no reading.
    logarithmic
        Scale of the axis.
    """

    label: str
    low: Floats
    high: Floats
    logarithmic: bool


def draw_record(
    edges: Indices,
    courses: Sequence[Course],
    *,
    plateaus: Sequence[Span],
    warm_up: int,
    onsets: Sequence[int],
    borders: Sequence[int],
) -> Figure:
    """Draw columns below one another.

    Parameters
    ----------
    edges
        Rows [B + 1] between the pixels.
    courses
        The columns.
    plateaus
        Spans of which every other is shaded.
    warm_up
        Rows at the beginning that are shaded in orange.
    onsets, borders
        Rows to mark by red and by dotted lines.
    """
    count = len(courses)
    large = count <= MOST_LARGE
    picture = figure(10.0, (0.78 if large else 0.42) * count + 0.75)
    all_axes = picture.subplots(count, 1, sharex=True, squeeze=False)[:, 0]
    for axes, course in zip(all_axes, courses, strict=True):
        low, high = (np.append(values, values[-1]) for values in (course.low, course.high))
        axes.fill_between(edges, low, high, color=BLUE, linewidth=0.9, rasterized=not large)
        for start, end in plateaus[1::2]:
            axes.axvspan(start, end, color=GREY, alpha=0.13, linewidth=0)
        if warm_up:
            axes.axvspan(0, warm_up, color=ORANGE, alpha=0.3, linewidth=0)
        _mark(axes, onsets, VERMILLION, "-", len(edges) - 1)
        _mark(axes, borders, GREY, ":", len(edges) - 1)
        axes.set_yscale("log" if course.logarithmic else "linear")
        axes.set_ylabel(course.label, rotation=0, ha="right", va="center", fontsize=8, linespacing=1.4)
        axes.yaxis.set_label_coords(-0.062, 0.5)
        axes.grid(visible=False, axis="x")
        axes.tick_params(axis="y", labelsize=8 if large else 5.5)
        few_ticks(axes.yaxis, 3 if large else 2)
    all_axes[-1].set_xlim(0, edges[-1])
    all_axes[-1].set_xlabel("row")
    few_ticks(all_axes[-1].xaxis, 10)
    return picture


def _mark(axes: Axes, rows: Sequence[int], colour: str, style: str, pixels: int) -> None:
    """Mark rows from top to bottom; many of them at the upper edge only, and at most one a pixel."""
    foot = 0.0 if len(rows) <= _MOST_LINES else _EDGE
    for row in rows[:: -(-len(rows) // pixels) or 1]:
        axes.axvline(row, foot, color=colour, linewidth=0.8, linestyle=style, alpha=0.75)


class FaultMark(NamedTuple):
    """A fault that was put into a block.

    Parameters
    ----------
    start, end
        First row, and the row after the last one.
    label
        Kind of the fault.
    found
        Whether it was found: its mark is filled then, otherwise hollow.
    """

    start: int
    end: int
    label: str
    found: bool


class Block(NamedTuple):
    """What is drawn of a held-out block.

    Parameters
    ----------
    span
        First row of the block, and the row after its last one.
    row
        Rows [N] that scores are given at.
    scores, thresholds
        Name -> -log10 p [N].
    gas
        Name and values [N] of the gas column; ``None``: there is none.
    faults
        Faults put in.
    alarms
        Rows with a standing alarm.
    """

    span: Span
    row: Floats
    scores: Mapping[str, Floats]
    thresholds: Mapping[str, Floats]
    gas: tuple[str, Floats] | None
    faults: Sequence[FaultMark]
    alarms: Sequence[Span]


def draw_blocks(blocks: Sequence[Block]) -> Figure:
    """Draw held-out blocks below one another: gas, scores with thresholds, faults and alarms."""
    picture = figure(10.0, 4.3 * len(blocks))
    parts = picture.subfigures(len(blocks), 1, squeeze=False)[:, 0]
    for part, block in zip(parts, blocks, strict=True):
        heights = (3.0, 1.0) if block.gas is None else (1.6, 3.0, 1.0)
        *above, middle, below = part.subplots(len(heights), 1, sharex=True, height_ratios=heights)
        if block.gas is not None:
            above[0].plot(block.row, block.gas[1], color=INK, linewidth=1.2)
            above[0].set_ylabel(block.gas[0])
        _draw_scores(middle, block)
        for axes in (*above, middle):
            for fault in block.faults:
                axes.axvspan(fault.start, fault.end, color=VERMILLION, alpha=0.12, linewidth=0)
        _draw_faults(below, block)
    return picture


def _draw_scores(axes: Axes, block: Block) -> None:
    for name, score in block.scores.items():
        colour = _SCORE_COLOURS.get(name, INK)
        axes.plot(block.row, score, color=colour, linewidth=1.1, label=name)
        if name in block.thresholds:
            axes.plot(block.row, block.thresholds[name], color=colour, linewidth=1.1, linestyle=_DASHED)
    axes.set_ylabel("-log10 p")
    handles = [
        *axes.get_legend_handles_labels()[0],
        Line2D([], [], color=INK, linestyle=_DASHED, label="threshold, which follows the station"),
    ]
    axes.legend(handles=handles, loc="lower right", bbox_to_anchor=(1.0, 0.97), ncols=len(handles), borderaxespad=0.0)


def _draw_faults(axes: Axes, block: Block) -> None:
    for fault in block.faults:
        axes.broken_barh(
            [(fault.start, max(fault.end - fault.start, 2))],
            (1.1, 0.8),
            facecolor=VERMILLION if fault.found else "none",
            edgecolor=VERMILLION,
        )
        middle = (fault.start + fault.end) / 2
        axes.annotate(
            fault.label, (middle, 2.0), ha="center", va="bottom", rotation=45, color=INK, annotation_clip=False
        )
    axes.broken_barh([(start, end - start) for start, end in block.alarms], (0.0, 0.8), facecolor=INK)
    axes.set(yticks=[0.4, 1.5], yticklabels=["alarm", "fault"], ylim=(-0.1, 3.9), xlim=block.span)
    axes.set_xlabel("row of the record")
    axes.grid(visible=False)
