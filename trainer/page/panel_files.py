"""Writes the figures and numbers of panels as files."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from config.atomic import write_bytes
from trainer.figures.png import png
from trainer.page.numbers import encoded
from trainer.page.panel import Panel

_DPI = 110


def write_panel_files(folder: str | Path, panels: Sequence[Panel]) -> None:
    """Write ``KEY.png`` for every panel with a figure, and ``KEY.json`` for every panel with numbers.

    Parameters
    ----------
    folder
        Folder, which is made if it does not exist.
    panels
        Panels, whose figures are drawn on white, without time stamp or versions.

    Raises
    ------
    OSError
        The folder cannot be written to.
    """
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    for panel in panels:
        if panel.figure is not None:
            write_bytes(folder / f"{panel.key}.png", png(panel.figure, _DPI))
        if panel.numbers is not None:
            write_bytes(folder / f"{panel.key}.json", encoded(panel.numbers) + b"\n")
