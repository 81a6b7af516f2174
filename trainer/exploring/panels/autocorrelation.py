"""The panel of autocorrelation."""

from __future__ import annotations

import numpy as np

from trainer.exploring.exploration import Exploration
from trainer.figures.ticks import few_ticks
from trainer.page import CYCLE, GREY, INK, HtmlTable, Panel, figure

_STYLES = ("-", "--", ":")
_MOST_NAMED = 18


def autocorrelation_panel(found: Exploration) -> Panel:
    """Draw how like itself each column is so many rows later."""
    known, title = found.autocorrelations, "Autocorrelation"
    if not known:
        return Panel(
            key="memory",
            title=title,
            says="How like itself each column is so many rows later.",
            missing="It takes a segment of six rows in which a column moves.",
        )
    picture = figure(10.0, 3.4)
    axes = picture.subplots()
    axes.axhline(np.exp(-1), color=GREY, linewidth=0.9, linestyle="--")
    for place, one in enumerate(known):
        style = _STYLES[place // len(CYCLE) % len(_STYLES)]
        axes.plot(one.lags, one.correlation, color=CYCLE[place % len(CYCLE)], linestyle=style, label=one.key)
    axes.axhline(0.0, color=INK, linewidth=0.7)
    axes.set_xscale("log")
    axes.set_xlim(1, known[0].lags[-1])
    low = min(float(np.nanmin(one.correlation)) for one in known)
    axes.set(ylim=(max(-1.0, low - 0.08), 1.04), xlabel="lag [rows]", ylabel="correlation")
    few_ticks(axes.xaxis, 10)
    if len(known) <= _MOST_NAMED:
        picture.legend(loc="outside right upper")
    says = "Rows within the dashed line (1/e) of each other are not independent."
    if len(known) > _MOST_NAMED:
        says += " The columns are too many to name: see the table."
    lengths = [one.length for one in known if np.isfinite(one.length)]
    if lengths:
        says += (
            f" Half of the columns take {np.median(lengths):,.0f} rows or more to forget: "
            f"{found.sheet.rows:,} rows are worth {max(1, round(found.sheet.rows / (2 * np.median(lengths)))):,} "
            "or so independent ones."
        )
    return Panel(
        key="memory",
        title=title,
        says=says,
        figure=picture,
        alt=f"Autocorrelation of {len(known)} columns by lag. {says}",
        tables=(
            HtmlTable(
                ("column", "rows until below 1/e"),
                [(one.key, one.length) for one in known],
                "How long a column remembers",
            ),
        ),
        numbers={"lag": known[0].lags} | {one.key: one.correlation for one in known},
        wide=True,
    )
