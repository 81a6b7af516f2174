"""The panel of the withheld gas: what the other sensors say about it, beside the reference."""

from __future__ import annotations

import numpy as np

from trainer.evaluation.detection.results import Evaluation
from trainer.figures.joints import draw_virtual_gas
from trainer.figures.units import percent
from trainer.page.panel import Panel
from trainer.page.table import HtmlTable
from trainer.reporting.display_names import SPLITS


def without_gas_panel(evaluation: Evaluation) -> Panel | None:
    """Show virtual against reference gas with its band; ``None``: there is no virtual gas."""
    fold = next((fold for fold in evaluation.folds if fold.curves is not None and fold.curves.virtual), None)
    if fold is None or fold.curves is None or fold.curves.virtual is None:
        return None
    gas = fold.curves.virtual
    band = float(np.exp(gas.sd))
    errors = np.abs(np.log(gas.virtual / gas.line))
    errors = errors[np.isfinite(errors)]
    covered = float(np.mean(errors <= gas.sd)) if len(errors) else float("nan")
    return Panel(
        key="withheld",
        title="Methane withheld" if gas.axis.key.startswith("ch4") else f"{gas.axis.key} withheld",
        caption=f"Without the analyser the sensors promise the gas within a factor of {band:.2f}; {percent(covered)} "
        f"of the held-out means lie in that band. {fold.station}, {SPLITS[fold.split]}.",
        figure=draw_virtual_gas(
            gas.axis,
            gas.joint,
            quantiles=(gas.reference, gas.low, gas.median, gas.high),
            course=(gas.row, gas.line, gas.virtual),
            band=band,
        ),
        alt=f"Virtual gas against the reference, and both along the record; {percent(covered)} within the band.",
        tables=(_detectors(evaluation),),
        numbers={
            "reference": gas.reference,
            "low": gas.low,
            "median": gas.median,
            "high": gas.high,
            "sd of ln": gas.sd,
            "within the band": covered,
            "row": gas.row,
            "line": gas.line,
            "virtual": gas.virtual,
        },
        wide=True,
    )


def _detectors(evaluation: Evaluation) -> HtmlTable:
    """Put the detectors side by side, over all splits."""
    every = [one for fold in evaluation.folds for one in fold.without_gas]
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
