"""The panel of the losses: what every network learnt, epoch by epoch, and where it was stopped."""

from __future__ import annotations

from trainer.figures.losses import Losses, draw_losses
from trainer.page.panel import Panel
from trainer.reporting.display_names import NETWORKS


def losses_panel(losses: Losses) -> Panel:
    """Show training and validation curves of every network."""
    kept = ", ".join(f"{NETWORKS.get(name, name)} {of['chosen']} of {len(of['train'])}" for name, of in losses.items())
    return Panel(
        key="losses",
        title="Loss curves",
        caption="Where validation turns up while training still falls, a network learns its rows by heart; "
        f"the weights kept are those of the dotted epoch ({kept}).",
        figure=draw_losses(losses, NETWORKS),
        alt=f"Training and validation loss by epoch. Epoch kept: {kept}.",
        numbers=losses,
        wide=True,
    )
