"""The panel of the withheld gas: what the other sensors say of it, beside the reference."""

from __future__ import annotations

import numpy as np

from trainer.evaluation.detection.results import Evaluation
from trainer.page import BLUE, INK, ORANGE, HtmlTable, Panel, figure, percent
from trainer.reporting.axes import scale
from trainer.reporting.display_names import SPLITS, axis_label
from trainer.reporting.scatter_panels import joint


def withheld_panel(evaluation: Evaluation) -> Panel | None:
    """Draw virtual against reference gas with its band; ``None``: there is no virtual gas."""
    cell = next((cell for cell in evaluation.folds if cell.curves is not None and cell.curves.virtual), None)
    if cell is None or cell.curves is None or cell.curves.virtual is None:
        return None
    virtual = cell.curves.virtual
    band = float(np.exp(virtual.sd))
    picture = figure(10.0, 3.7)
    left, right = picture.subplots(1, 2, width_ratios=(1.0, 1.9))
    joint(left, virtual.axis, virtual.axis, virtual.joint)
    ends = np.array([virtual.axis.edges[0], virtual.axis.edges[-1]])
    left.plot(ends, ends, color=INK, linewidth=0.9, linestyle=":")
    left.plot(virtual.reference, virtual.median, color=ORANGE, linewidth=1.8, label="median")
    left.plot(virtual.reference, virtual.low, color=ORANGE, linewidth=0.9, linestyle="--", label="10 and 90 %")
    left.plot(virtual.reference, virtual.high, color=ORANGE, linewidth=0.9, linestyle="--")
    left.set(xlabel=f"reference, {axis_label(virtual.axis)}", ylabel="virtual")
    left.legend(loc="upper left")
    right.fill_between(virtual.row, virtual.virtual / band, virtual.virtual * band, color=BLUE, alpha=0.2, linewidth=0)
    right.plot(virtual.row, virtual.virtual, color=BLUE, linewidth=1.1, label="virtual, with its band")
    right.plot(virtual.row, virtual.line, color=INK, linewidth=1.2, label="reference")
    right.set(xlabel="row of the record")
    scale(right, virtual.axis, "y", ticks=5)
    right.legend(loc="upper right")
    inside = np.abs(np.log(virtual.virtual / virtual.line))
    inside = inside[np.isfinite(inside)]
    covered = float(np.mean(inside <= virtual.sd)) if len(inside) else float("nan")
    return Panel(
        key="withheld",
        title="Methane withheld" if virtual.axis.key.startswith("ch4") else f"{virtual.axis.key} withheld",
        says=f"Without the analyser the sensors promise the gas within a factor of {band:.2f}; {percent(covered)} of "
        f"the held-out means lie in that band. {cell.station}, {SPLITS[cell.split]}.",
        figure=picture,
        alt=f"Virtual gas against the reference, and both along the record; {percent(covered)} within the band.",
        tables=(_others(evaluation),),
        numbers={
            "reference": virtual.reference,
            "low": virtual.low,
            "median": virtual.median,
            "high": virtual.high,
            "sd of ln": virtual.sd,
            "within the band": covered,
            "row": virtual.row,
            "line": virtual.line,
            "virtual": virtual.virtual,
        },
        wide=True,
    )


def _others(evaluation: Evaluation) -> HtmlTable:
    """Put the detectors side by side, over all splits."""
    every = [one for cell in evaluation.folds for one in cell.without_gas]
    rates = sorted({one.requested for one in every})
    rows = []
    for name in dict.fromkeys(one.detector for one in every):
        own = [one for one in every if one.detector == name]
        row: list[str | float] = [name, round(float(np.mean([one.auroc for one in own])), 3)]
        for rate in rates:
            at = [one for one in own if one.requested == rate]
            row.append(f"{sum(one.found for one in at)} of {sum(one.onsets for one in at)}")
            row.append(round(max((one.realised for one in at), default=float("nan")), 4))
        rows.append(row)
    heads = [f"{what} {rate:g}" for rate in rates for what in ("onsets found at", "worst realised for")]
    return HtmlTable(
        ("detector", "AUROC", *heads), rows, "Without the gas column: plumes against background, mean over splits"
    )
