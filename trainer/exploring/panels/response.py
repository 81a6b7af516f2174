"""The panel of the sensors' response to the gas."""

from __future__ import annotations

from trainer.exploring.exploration import Exploration
from trainer.exploring.response import LEAST
from trainer.figures.bars import draw_intervals
from trainer.page.panel import Panel
from trainer.page.table import HtmlTable

_INTERVAL = 1.96
_TITLE = "Response to the gas"


def response_panel(found: Exploration) -> Panel:
    """Show the exponents with their intervals."""
    sensors = found.responses
    if not sensors:
        return Panel(
            key="response",
            title=_TITLE,
            caption="How strongly each sensor follows the gas, with the rest accounted for.",
            missing=f"It takes a gas column that moves, a sensor, and {LEAST} rows in which neither they nor the "
            "climate are missing.",
        )
    deaf = [one.key for one in sensors if not one.responds]
    caption = (
        f"Grey intervals contain 0: {', '.join(deaf)} cannot be distinguished from a sensor that does not respond."
        if deaf
        else "No interval contains 0: every sensor responds."
    )
    return Panel(
        key="response",
        title=_TITLE,
        caption=f"{caption} {_accounted(found)} accounted for; the interval is from leaving out one block after the "
        "other.",
        figure=draw_intervals(
            {one.key: (one.exponent, _INTERVAL * one.error, one.responds) for one in sensors},
            f"b in reading ~ {found.record.station.gas}^b, with 95 % interval",
        ),
        alt="; ".join(f"{one.key}: b {one.exponent:.3f} ± {_INTERVAL * one.error:.3f}" for one in sensors) + ".",
        tables=(
            HtmlTable(
                ("sensor", "b", "standard error", "R²", "residual sd"),
                [
                    (
                        one.key,
                        round(one.exponent, 4),
                        round(one.error, 4),
                        round(one.explained, 3),
                        round(one.residual, 4),
                    )
                    for one in sensors
                ],
                "Estimates; the residual is of the (logarithmic) reading",
            ),
        ),
        numbers={
            one.key: {"b": one.exponent, "standard error": one.error, "r2": one.explained, "residual": one.residual}
            for one in sensors
        },
    )


def _accounted(found: Exploration) -> str:
    climate = any(feature.role == "environment" for feature in found.record.station.features)
    return "Climate and a linear drift are" if climate else "A linear drift is"
