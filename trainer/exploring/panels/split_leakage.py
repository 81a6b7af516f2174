"""The panel of the leak: a random split beside blocks of time."""

from __future__ import annotations

from trainer.exploring.exploration import Exploration
from trainer.exploring.split_leakage import LEAST
from trainer.page import BLUE, INK, ORANGE, Panel, every, figure

_WITHIN = 0.05


def split_leakage_panel(found: Exploration) -> Panel:
    """Draw both coefficients of determination."""
    told, title = found.split_leakage, "What a random split would leak"
    if told is None:
        return Panel(
            key="leak",
            title=title,
            says="How much better a model looks when it is tested on neighbours of its training rows.",
            missing=f"It takes {LEAST} rows with something that moves; give a longer record.",
        )
    picture = figure(5.0, 1.9)
    axes = picture.subplots()
    values = (told.shuffled, told.blocked)
    axes.barh((0, 1), [max(value, 0.0) for value in values], color=(ORANGE, BLUE), height=0.62)
    for place, value in enumerate(values):
        axes.annotate(
            f"{value:.2f}", (max(value, 0.0), place), xytext=(5, 0), textcoords="offset points", va="center", color=INK
        )
    axes.set_yticks((0, 1), ("shuffled rows", f"whole {told.blocks}"))
    axes.set(xlim=(0, 1.12), ylim=(1.5, -0.5), xlabel=f"R² of {told.target} from the other columns, held out")
    axes.grid(visible=False, axis="y")
    if told.shuffled - told.blocked > _WITHIN:
        says = (
            f"A random split would call R² {told.shuffled:.2f} what is {told.blocked:.2f} when whole {told.blocks} are "
            "held out: neighbouring rows are nearly equal, and it tests on what it trained on."
        )
    else:
        says = (
            f"A random split ({told.shuffled:.2f}) and whole {told.blocks} ({told.blocked:.2f}) say about the same R²: "
            "this record leaks little."
        )
    if told.every > 1:
        says += f" Judged on {every(told.every)}."
    return Panel(
        key="leak",
        title=title,
        says=says,
        figure=picture,
        alt=f"R² of {told.target}: {told.shuffled:.2f} on shuffled rows, {told.blocked:.2f} on whole {told.blocks}.",
        numbers={"target": told.target, "shuffled": told.shuffled, told.blocks: told.blocked, "every": told.every},
    )
