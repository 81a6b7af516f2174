"""Figures: the panels' pictures and numbers as files of their own."""

from __future__ import annotations

import io
from collections.abc import Sequence
from pathlib import Path

from config.atomic import write_bytes
from trainer.page.layout import lay_out
from trainer.page.numbers import encoded
from trainer.page.panel import Panel

_DPI = 110


def write_figures(folder: str | Path, panels: Sequence[Panel]) -> None:
    """Write ``KEY.png`` of every panel with a figure, and ``KEY.json`` of every one with numbers.

    Parameters
    ----------
    folder
        Made if it is not there.
    panels
        Pictures are on white, without time stamp or versions.

    Raises
    ------
    OSError
        The folder cannot be written to.
    """
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    for panel in panels:
        if panel.figure is not None:
            lay_out(panel.figure)
            png = io.BytesIO()
            panel.figure.savefig(png, format="png", dpi=_DPI, facecolor="white", metadata={"Software": None})
            write_bytes(folder / f"{panel.key}.png", png.getvalue())
        if panel.numbers is not None:
            write_bytes(folder / f"{panel.key}.json", encoded(panel.numbers) + b"\n")
