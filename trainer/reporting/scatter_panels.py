"""The panels of scatters: two columns against each other, generated rows over real ones."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from edge.arrays import Floats
from trainer.figures.joints import draw_joints
from trainer.page.panel import Panel
from trainer.statistics.samples import BinnedSamples


def joints_panel(
    binned: BinnedSamples,
    real: str,
    made: Mapping[str, str],
    pairs: Sequence[tuple[str, str]],
    *,
    key: str,
    title: str,
    caption: str,
) -> Panel:
    """Show pairs of columns of samples.

    Parameters
    ----------
    binned
        Sets of rows on the same axes.
    real
        Name of the sample of real rows, which all others are compared with.
    made
        Other sample -> its heading.
    pairs
        Keys (x, y) of columns, one row of the figure each.
    key, title, caption
        As in :class:`~trainer.page.panel.Panel`.
    """
    by_key = {axis.key: axis for axis in binned.axes}
    headings = {real: real, **made}
    outside: dict[str, dict[str, float]] = {}
    samples: list[dict[str, Floats]] = []
    titles: list[dict[str, str]] = []
    for x, y in pairs:
        place = binned.pairs.index((x, y))
        cells = {name: binned.samples[name].joints[place] for name in headings}
        beyond = {name: float(cells[name][cells[real] <= 0].sum()) for name in made}
        outside[f"{y} over {x}"] = beyond
        above = {name: [] if samples else [heading] for name, heading in headings.items()}
        for name, share in beyond.items():
            above[name].append(f"{share:.0f} % outside")
        samples.append(cells)
        titles.append({name: "\n".join(lines) for name, lines in above.items()})
    return Panel(
        key=key,
        title=title,
        caption=caption,
        figure=draw_joints([(by_key[x], by_key[y]) for x, y in pairs], samples, titles),
        alt="Two-dimensional histograms of "
        + "; ".join(f"{y} over {x}" for x, y in pairs)
        + f" for {', '.join(headings.values())}.",
        numbers={"percent of rows in cells without a real row": outside},
        wide=True,
    )
