"""The panel of densities: each column on both scales, with its modes."""

from __future__ import annotations

from trainer.exploring.densities import LEAST, Density
from trainer.exploring.exploration import Exploration
from trainer.figures.densities import draw_modes
from trainer.page.panel import Panel

_MOST_ON_BOTH = 15  # columns, beyond which each is drawn on its own scale only
_MOST_MODES = 5


def densities_panel(found: Exploration) -> Panel:
    """Show the densities, linear and logarithmic one above the other."""
    by_key: dict[str, dict[str, Density]] = {}
    for one in found.densities:
        by_key.setdefault(one.axis.key, {})[one.axis.scale] = one
    if not by_key:
        return Panel(
            key="densities",
            title="Densities",
            caption="How often each column has which value.",
            missing="No column moves; give a record in which one does.",
        )
    drawn = [list(both.values()) for both in by_key.values()]
    caption = "Above on a linear axis (blue), below on a logarithmic one (orange); triangles are modes."
    if len(drawn) > _MOST_ON_BOTH:
        own = {feature.key: feature.scale for feature in found.record.station.features}
        drawn = [[both.get(own[key], both["linear"])] for key, both in by_key.items()]
        caption = "Each on the scale of the station file (linear blue, logarithmic orange); triangles are modes."
    if any(one.modes for one in found.densities):
        several = sum(len(both["linear"].modes) > 1 for both in by_key.values())
        caption += f" {several} of {len(by_key)} columns have more than one, which a single bell would miss."
    else:
        caption += f" Modes are not looked for in fewer than {LEAST} rows."
    modes = {key: both["linear"].modes[:_MOST_MODES] for key, both in by_key.items()}
    return Panel(
        key="densities",
        title="Densities",
        caption=caption,
        figure=draw_modes([[(one.axis, one.density, one.modes[:_MOST_MODES]) for one in scales] for scales in drawn]),
        alt="Densities and their modes: "
        + "; ".join(f"{key} {', '.join(f'{mode:.4g}' for mode in of)}" for key, of in modes.items())
        + ".",
        numbers={
            f"{one.axis.key}, {one.axis.scale}": {
                "points": one.axis.points, "density": one.density, "modes": one.modes,
            }
            for scales in drawn
            for one in scales
        },
        wide=True,
    )  # fmt: skip
