"""The panel of the sensors' response to the gas."""

from __future__ import annotations

from trainer.exploring.exploration import Exploration
from trainer.page import BLUE, GREY, INK, HtmlTable, Panel, figure

_INTERVAL = 1.96


def response_panel(found: Exploration) -> Panel:
    """Draw the exponents with their intervals."""
    sensors, title = found.responses, "Response to the gas"
    if not sensors:
        return Panel(
            key="response",
            title=title,
            says="How strongly each sensor follows the gas, climate and drift given.",
            missing="It takes a gas column that moves, a sensor, and 60 rows in which all of it is there.",
        )
    picture = figure(5.0, 0.34 * len(sensors) + 0.85)
    axes = picture.subplots()
    axes.axvline(0.0, color=INK, linewidth=0.9)
    for place, one in enumerate(sensors):
        axes.errorbar(
            one.exponent,
            place,
            xerr=_INTERVAL * one.error,
            fmt="o",
            color=BLUE if one.responds else GREY,
            markerfacecolor=BLUE if one.responds else "none",
            capsize=3,
        )
    axes.set_yticks(range(len(sensors)), [one.key for one in sensors])
    axes.set_ylim(len(sensors) - 0.5, -0.5)
    axes.set_xlabel(f"b in reading ~ {found.sheet.station.gas}^b, with 95 % interval")
    deaf = [one.key for one in sensors if not one.responds]
    says = (
        f"Grey intervals hold 0: {', '.join(deaf)} cannot be told from a sensor that does not respond."
        if deaf
        else "No interval holds 0: every sensor responds."
    )
    return Panel(
        key="response",
        title=title,
        says=says + " Climate and a linear drift are given; the interval is from leaving out block after block.",
        figure=picture,
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
