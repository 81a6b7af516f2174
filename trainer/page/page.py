"""Writes a page: one HTML file that makes no request to any network."""

from __future__ import annotations

import base64
from collections.abc import Callable, Mapping, Sequence
from importlib.resources import files
from pathlib import Path

from jinja2 import Environment, PackageLoader
from markupsafe import Markup
from matplotlib.figure import Figure

from config.atomic import write_bytes
from trainer.page.checklist import Checklist
from trainer.page.image import image
from trainer.page.numbers import encoded
from trainer.page.panel import Panel
from trainer.page.svg import svg
from trainer.page.table import is_number, shown

HEAVIEST = 1_500_000
"""Most bytes of a page, so that it can be sent."""
_LIGHT = 20_000  # bytes of numbers or of a picture; leaving out fewer is not worth while
FOOTER = "Made by davylamp. Not a certified safety device."


def write_page(
    path: str | Path,
    *,
    title: str,
    subtitle: str,
    panels: Sequence[Panel],
    checklist: Checklist | None = None,
    footer: str = FOOTER,
) -> int:
    """Write panels as one page, whole or not at all.

    It holds its style, its script and its pictures, serves light, dark, phone and paper, and forbids itself every
    request. Each panel's numbers are in a link that saves them. If the page is heavier than 1.5 MB, the longest numbers
    are left out, with a note in their place, and then the heaviest pictures become images of pixels.

    Parameters
    ----------
    path
        File to write; its folder must exist.
    title, subtitle, footer
        Plain text.
    panels
        Sections, each with its own key.
    box
        The verdict on top; ``None`` shows none.

    Returns
    -------
    int
        Weight of the page [bytes].

    Raises
    ------
    ValueError
        Two panels have the same key.
    OSError
        The file cannot be written.
    """
    keys = [panel.key for panel in panels]
    if len(set(keys)) < len(keys):
        twice = sorted({key for key in keys if keys.count(key) > 1})
        raise ValueError(f"page: got {', '.join(twice)} twice, expected a different key for each panel")
    drawn = [panel for panel in panels if panel.figure is not None]
    pictures = {panel.key: _picture(panel, svg) for panel in drawn}
    links = {panel.key: _link(encoded(panel.numbers)) for panel in panels if panel.numbers is not None}
    environment = Environment(loader=PackageLoader("trainer.page", ""), autoescape=True)
    environment.trim_blocks = environment.lstrip_blocks = True
    environment.filters |= {"shown": shown}
    environment.tests |= {"numeric": is_number}
    around = {name: Markup(_read(file)) for name, file in _PARTS.items()}  # noqa: S704 - our own files
    template = environment.get_template("page.html")

    def rendered() -> bytes:
        content = {"title": title, "subtitle": subtitle, "footer": footer, "panels": panels, "checklist": checklist}
        return template.render(content, pictures=pictures, links=links, **around).encode()

    page = rendered()
    for key in _heaviest(links):
        if len(page) <= HEAVIEST:
            break
        del links[key]
        page = rendered()
    for key in _heaviest(pictures):
        if len(page) <= HEAVIEST:
            break
        pictures[key] = _picture(next(panel for panel in drawn if panel.key == key), image)
        page = rendered()
    write_bytes(path, page)
    return len(page)


_PARTS = {"style": "style.css", "dark": "dark.css", "script": "page.js"}


def _read(file: str) -> str:
    return files("trainer.page").joinpath(file).read_text(encoding="utf-8")


def _link(data: bytes) -> str:
    return "data:application/json;base64," + base64.b64encode(data).decode()


def _picture(panel: Panel, draw: Callable[[Figure, str, str], str]) -> Markup:
    assert panel.figure is not None
    return Markup(draw(panel.figure, panel.key, panel.alt))  # noqa: S704 - drawn by us, with its texts escaped


def _heaviest(texts: Mapping[str, str]) -> list[str]:
    """Return the keys of the texts that are worth leaving out, the longest first."""
    return sorted((key for key in texts if len(texts[key]) > _LIGHT), key=lambda key: -len(texts[key]))
