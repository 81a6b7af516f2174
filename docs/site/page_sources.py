"""Collects the pages of the documentation site, and leads their links to where they will lie."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path

from docs.site.reference_pages import reference_pages

ROOT = Path(__file__).parents[2]
REPOSITORY = "https://github.com/davylamp/davylamp"
_PROJECT = {f"{name}.md": f"project/{name.lower()}.md" for name in ("ARCHITECTURE", "CONTRIBUTING", "SECURITY")} | {
    "CHANGELOG.md": "project/changelog.md"
}
_FENCE = re.compile(r"^(```.*?^```$)", re.DOTALL | re.MULTILINE)
_COMMENT = re.compile(r"^<!--.*?-->\n", re.DOTALL | re.MULTILINE)
_LINK = re.compile(r"(\]\()([^)\s]+)(\))")
_LIST = re.compile(r"^(?:[-*]|\d+\.) ")
_ITEM_OR_SPACE = re.compile(r"^(?:[-*]|\d+\.) |^ +|^$|^#")


class SourceError(Exception):
    """Links of pages that lead nowhere, one line each."""


def page_sources() -> dict[str, bytes]:
    """Return every file that the site is built from: its path there and its content.

    Raises
    ------
    SourceError
        A link of a page leads to no file of the repository.
    """
    places = _places()
    sources: dict[str, bytes] = {}
    faults: list[str] = []
    for path, place in places.items():
        content = (ROOT / path).read_bytes()
        if path.endswith(".md"):
            text = content.decode()
            faults += [f"{path}: the link {link} leads nowhere" for link in _lost(path, text)]
            content = page_text(path, text, places).encode()
        sources[place] = content
    if faults:
        raise SourceError("\n".join(faults))
    sources["style.css"] = (Path(__file__).parent / "style.css").read_bytes()
    made = reference_pages()
    links = [
        f"- [{line.removeprefix('# ')}](reference/{name})"
        for name, text in made.items()
        if (line := text.partition("\n")[0]).startswith("# ")
    ]
    sources["reference.md"] += ("\n## Pages\n\n" + "\n".join(links) + "\n").encode()
    return sources | {f"reference/{name}": text.encode() for name, text in made.items()}


def page_text(path: str, text: str, places: dict[str, str]) -> str:
    """Return the text of a page as the site's builder needs it.

    Parameters
    ----------
    path
        Where it lies in the repository.
    text
        Its Markdown, as GitHub reads it.
    places
        Path in the repository of every file of the site, and its path there.
    """

    def lead(found: re.Match[str]) -> str:
        return found[1] + _target(path, found[2], places) + found[3]

    pieces = _FENCE.split(text)
    pieces[::2] = [_LINK.sub(lead, _spaced(_COMMENT.sub("", piece))) for piece in pieces[::2]]
    return "".join(pieces)


def _places() -> dict[str, str]:
    pages = {
        str(path.relative_to(ROOT)): str(path.relative_to(ROOT / "docs"))
        for path in sorted((ROOT / "docs").rglob("*"))
        if path.is_file() and "site" not in path.relative_to(ROOT).parts and "__pycache__" not in path.parts
    }
    return pages | _PROJECT


def _target(path: str, link: str, places: dict[str, str]) -> str:
    """Return where a link of a page leads on the site: to another page, or to a file at the repository's host."""
    file, sharp, anchor = link.partition("#")
    if _leaves(link):
        return link
    name = os.path.relpath((ROOT / path).parent / file, ROOT)
    if name in places:
        return os.path.relpath(places[name], Path(places[path]).parent) + sharp + anchor
    if (ROOT / name).is_dir() and f"{name}/README.md" in places:
        return os.path.relpath(places[f"{name}/README.md"], Path(places[path]).parent)
    return f"{REPOSITORY}/{'tree' if (ROOT / name).is_dir() else 'blob'}/main/{name}{sharp}{anchor}"


def _lost(path: str, text: str) -> Iterator[str]:
    """Yield every link of a page that leads to no file."""
    for _, link, _ in _LINK.findall("".join(_FENCE.split(text)[::2])):
        if not _leaves(link) and not (ROOT / path).parent.joinpath(link.partition("#")[0]).exists():
            yield link


def _leaves(link: str) -> bool:
    """Return whether a link leads out of the repository, or to a heading of its own page."""
    return link.startswith(("#", "mailto:")) or "://" in link


def _spaced(text: str) -> str:
    """Put an empty line before a list that follows a paragraph, which GitHub does not need."""
    lines: list[str] = []
    for line in text.split("\n"):
        if lines and _LIST.match(line) and not _ITEM_OR_SPACE.match(lines[-1]) and not _in_list(lines):
            lines.append("")
        lines.append(line)
    return "\n".join(lines)


def _in_list(lines: list[str]) -> bool:
    """Return whether the last line goes on with an item of a list."""
    for line in reversed(lines):
        if not line:
            return False
        if _LIST.match(line):
            return True
    return False
