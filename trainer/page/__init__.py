"""Page: figures and tables as one HTML file to open, send and keep; it knows nothing of what they show."""

from trainer.figures.colormaps import diverging, fading
from trainer.figures.colours import BLUE, CYCLE, GREEN, GREY, GRID, INK, ORANGE, PURPLE, SKY, VERMILLION
from trainer.figures.style import figure
from trainer.page.checklist import Box, Verdict
from trainer.page.figures import write_figures
from trainer.page.output_path import misplaced
from trainer.page.page import write_page
from trainer.page.panel import Panel
from trainer.page.table import Table
from trainer.page.units import every, percent, quantity, unit

__all__ = [
    "BLUE", "CYCLE", "GREEN", "GREY", "GRID", "INK", "ORANGE", "PURPLE", "SKY", "VERMILLION",
    "Box", "Panel", "Table", "Verdict",
    "diverging", "every", "fading", "figure", "misplaced", "percent", "quantity", "unit", "write_figures", "write_page",
]  # fmt: skip
