"""draw_timeline: what was injected, what the agent said and when, as one picture."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from config.atomic import write_bytes

# Okabe and Ito's colours: told apart with any colour vision.
_BLUE, _ORANGE, _GREEN, _RED, _GREY = "#0072B2", "#E69F00", "#009E73", "#D55E00", "#666666"


def draw_timeline(
    path: Path,
    *,
    methane_ppb: NDArray[np.float64] | None,
    sensor: NDArray[np.float64],
    sensor_label: str,
    scores: Mapping[int, Mapping[str, Any]],
    injected: Sequence[tuple[str, int, int]],
    alarms: Sequence[tuple[str, int, int]],
    threshold: float,
) -> None:
    """Draw the live readings, the score and both kinds of spans.

    Parameters
    ----------
    path
        PNG to write.
    methane_ppb, sensor
        The published gas column [ppb] (None when the station has none) and the sensor that was made to fail, shape [N].
    sensor_label
        Key of that sensor.
    scores
        Score messages by ``n`` (1-based).
    injected, alarms
        ``(label, start, end)`` in readings, end exclusive.
    threshold
        Score above which a reading exceeds [-].
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
        known = [n for n in sorted(scores) if scores[n].get("methane", {}).get("background_ppb")]
        background = [scores[n]["methane"]["background_ppb"] for n in known]
        top.plot(known, background, color=_GREY, lw=1, ls="--", label="background")
        top.set_ylabel("methane [ppb]")
    lower[0].plot(x, sensor, color=_BLUE, lw=1)
    lower[0].set_ylabel(sensor_label.replace("_ohm", " [Ω]"))
    known = [n for n in sorted(scores) if scores[n].get("reconstruction")]
    lower[1].plot(known, [scores[n]["reconstruction"]["score"] for n in known], color=_BLUE, lw=0.8)
    lower[1].axhline(threshold, color=_RED, lw=1, ls=":", label=f"exceeds ({threshold:g})")
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
    axes[0].legend(loc="upper right", ncols=4, fontsize=8, frameon=False, bbox_to_anchor=(1, 1.3))
    lower[1].legend(loc="upper left", fontsize=8, frameon=False)
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", dpi=110, metadata={"Software": None})
    plt.close(figure)
    write_bytes(path, buffer.getvalue())
