"""The panel of what a random split would leak: shuffled rows beside blocks of time."""

from __future__ import annotations

from trainer.exploring.exploration import Exploration
from trainer.exploring.split_leakage import LEAST
from trainer.figures.bars import draw_shares
from trainer.figures.units import every
from trainer.page.panel import Panel

_TITLE = "What a random split would leak"


def split_leakage_panel(found: Exploration) -> Panel:
    """Show both coefficients of determination."""
    leakage = found.split_leakage
    if leakage is None:
        return Panel(
            key="leak",
            title=_TITLE,
            caption="How much better a model looks when it is tested on neighbours of its training rows.",
            missing=f"It takes {LEAST} rows with something that moves; give a longer record.",
        )
    target, blocks, shuffled, blocked = leakage.target, leakage.blocks, leakage.shuffled, leakage.blocked
    if not leakage.tells:
        caption = (
            f"The other columns say little of {target}, on shuffled rows (R² {shuffled:.2f}) and on whole {blocks} "
            f"({blocked:.2f}): what a random split would leak cannot be seen by it."
        )
    elif leakage.leaks:
        caption = (
            f"A random split would report an R² of {shuffled:.2f} where whole {blocks}, held out, give {blocked:.2f}: "
            "neighbouring rows are nearly equal, so it tests on what it was trained on."
        )
    else:
        caption = (
            f"A random split ({shuffled:.2f}) and whole {blocks} ({blocked:.2f}) give about the same R²: "
            "this record leaks little."
        )
    if leakage.every > 1:
        caption += f" Judged on {every(leakage.every)}."
    return Panel(
        key="leak",
        title=_TITLE,
        caption=caption,
        figure=draw_shares(
            {"shuffled rows": shuffled, f"whole {blocks}": blocked},
            f"R² of {target} from the other columns, held out",
        ),
        alt=f"R² of {target}: {shuffled:.2f} on shuffled rows, {blocked:.2f} on whole {blocks}.",
        numbers={"target": target, "shuffled": shuffled, blocks: blocked, "every": leakage.every},
    )
