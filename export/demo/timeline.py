"""Draws the live readings, the agent's scores and alarms, and what was injected, as one figure."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from config.atomic import write_bytes
from edge.arrays import Floats

# Okabe and Ito's colours can be distinguished with any colour vision.
_BLUE, _ORANGE, _GREEN, _RED, _PURPLE, _GREY = "#0072B2", "#E69F00", "#009E73", "#D55E00", "#CC79A7", "#666666"


def draw_timeline(
    path: Path,
    *,
    methane_ppb: Floats | None,
    sensor: Floats,
    sensor_label: str,
    scores: Mapping[int, Mapping[str, Any]],
    injected: Sequence[tuple[str, int, int]],
    alarms: Sequence[tuple[str, int, int]],
    threshold: float,
) -> None:
    """Draw the live readings, the scores and both kinds of spans.

    Parameters
    ----------
    path
        PNG to write.
    methane_ppb, sensor
        The published gas column [ppb], ``None`` if the station has none, and the sensor that was made to fail, [N].
    sensor_label
        Key of that sensor.
    scores
        Score messages by ``n`` (1-based).
    injected, alarms
        ``(label, start, end)`` in readings, end exclusive.
    threshold
        Requested score above which a reading exceeds [-]; the agent's own follows the station.
    """
    import matplotlib as mpl

    mpl.use("Agg")
    import matplotlib.pyplot as plt

    panels = 3 if methane_ppb is not None else 2
    figure, axes = plt.subplots(panels, 1, figsize=(10, 2.1 * panels + 0.8), sharex=True, layout="constrained")
    x = np.arange(1, len(sensor) + 1)
    lower = list(axes)
    if methane_ppb is not None:
        top = lower.pop(0)
        top.plot(x, methane_ppb, color=_BLUE, lw=1.2, label="methane")
        known, virtual, sd = _series(scores, "methane", "virtual_ppb", "sd_ppb")
        top.fill_between(known, virtual - sd, virtual + sd, color=_GREEN, alpha=0.25, lw=0)
        top.plot(known, virtual, color=_GREEN, lw=0.8, label="virtual methane ± sd, from the sensors")
        known, background = _series(scores, "methane", "background_ppb")
        top.plot(known, background, color=_GREY, lw=1, ls="--", label="background")
        top.set_ylabel("methane [ppb]")
    lower[0].plot(x, sensor, color=_BLUE, lw=1)
    lower[0].set_ylabel(sensor_label.replace("_ohm", " [Ω]"))
    for kind, color in (("consistency", _BLUE), ("reconstruction", _PURPLE)):
        known, score = _series(scores, kind, "score")
        lower[1].plot(known, score, color=color, lw=0.8, label=kind)
    lower[1].axhline(threshold, color=_RED, lw=1, ls=":", label=f"requested threshold ({threshold:g})")
    lower[1].set_ylabel("score, −log₁₀ p")
    lower[1].set_xlabel("reading")
    for axis in axes:
        for index, (label, start, end) in enumerate(injected):
            name = "injected" if index == 0 else None
            axis.axvspan(start, end, color=_ORANGE, alpha=0.25, lw=0, label=name if axis is axes[0] else None)
            if axis is axes[0]:
                axis.annotate(label, (start, 1), xycoords=("data", "axes fraction"), xytext=(3, 4),
                              textcoords="offset points", fontsize=8)  # fmt: skip
        for index, (_, start, end) in enumerate(alarms):
            axis.plot([start, end], [0.02, 0.02], transform=axis.get_xaxis_transform(), color=_RED, lw=4,
                      solid_capstyle="butt", label="alarm" if index == 0 and axis is axes[0] else None)  # fmt: skip
        axis.spines[["top", "right"]].set_visible(False)
        axis.margins(x=0.01)
    axes[0].legend(loc="upper right", ncols=5, fontsize=8, frameon=False, bbox_to_anchor=(1, 1.3))
    lower[1].legend(loc="upper left", ncols=3, fontsize=8, frameon=False)
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", dpi=110, metadata={"Software": None})
    plt.close(figure)
    write_bytes(path, buffer.getvalue())


def _series(scores: Mapping[int, Mapping[str, Any]], part: str, *names: str) -> list[Floats]:
    """Return the numbers of the readings whose verdict has this part, and the named values of the part."""
    known = [n for n in sorted(scores) if (scores[n][part] or {}).get(names[0]) is not None]
    return [np.array(known)] + [np.array([scores[n][part][name] for n in known]) for name in names]
