"""Page: figures and tables as one HTML file to open, send and keep; it knows nothing of what they show."""

from trainer.figures.colormaps import diverging, fading
from trainer.figures.colours import BLUE, CYCLE, GREEN, GREY, GRID, INK, ORANGE, PURPLE, SKY, VERMILLION
from trainer.figures.style import figure
from trainer.page.checklist import Check, Checklist
from trainer.page.figures import write_figures
from trainer.page.output_path import path_problem
from trainer.page.page import write_page
from trainer.page.panel import Panel
from trainer.page.table import HtmlTable
from trainer.page.units import every, percent, quantity, unit

__all__ = [
    "BLUE", "CYCLE", "GREEN", "GREY", "GRID", "INK", "ORANGE", "PURPLE", "SKY", "VERMILLION",
    "Check", "Checklist", "HtmlTable", "Panel",
    "diverging", "every", "fading", "figure", "path_problem", "percent", "quantity", "unit", "write_figures", "write_page",
]  # fmt: skip
