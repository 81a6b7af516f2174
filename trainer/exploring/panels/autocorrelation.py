"""The panel of autocorrelation."""

from __future__ import annotations

import numpy as np

from trainer.exploring.exploration import Exploration
from trainer.figures.autocorrelation import MOST_NAMED, draw_autocorrelations
from trainer.page.panel import Panel
from trainer.page.table import HtmlTable

_TITLE = "Autocorrelation"


def autocorrelation_panel(found: Exploration) -> Panel:
    """Show how similar each column is to itself a number of rows later."""
    known = found.autocorrelations
    if not known:
        return Panel(
            key="memory",
            title=_TITLE,
            caption="How similar each column is to itself a number of rows later.",
            missing="It takes a segment of six rows in which a column moves.",
        )
    caption = "Rows are not independent at lags at which the curve is above the dashed line (1/e)."
    if len(known) > MOST_NAMED:
        caption += " There are too many columns to name: see the table."
    lengths = [one.length for one in known if np.isfinite(one.length)]
    if lengths:
        rows, median = found.record.rows, np.median(lengths)
        caption += (
            f" Half of the columns take {median:,.0f} rows or more to forget: "
            f"{rows:,} rows are worth about {max(1, round(rows / (2 * median))):,} independent ones."
        )
    lags, columns = known[0].lags, {one.key: one.correlation for one in known}
    return Panel(
        key="memory",
        title=_TITLE,
        caption=caption,
        figure=draw_autocorrelations(lags, columns),
        alt=f"Autocorrelation of {len(known)} columns by lag. {caption}",
        tables=(
            HtmlTable(
                ("column", "rows until below 1/e"),
                [(one.key, one.length) for one in known],
                "How long a column remembers",
            ),
        ),
        numbers={"lag": lags} | columns,
        wide=True,
    )
