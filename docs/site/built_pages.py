"""Checks the built pages: links lead to pages and headings that exist, and nothing is loaded from elsewhere."""

from __future__ import annotations

import re
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

_LOADED = {
    "script": "src",
    "img": "src",
    "iframe": "src",
    "source": "src",
    "video": "src",
    "audio": "src",
    "embed": "src",
}
_NOT_LOADED = {"canonical", "next", "prev", "alternate", "edit"}
_IN_STYLE = re.compile(r"(?:url\(|@import )\s*[\"']?((?:https?:)?//[^\"')\s]+)")


class BuiltPage(HTMLParser):
    """What one page of the site has: its anchors, its links, and what it loads.

    Parameters
    ----------
    path
        The file.
    """

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.anchors: set[str] = set()
        self.links: list[str] = []
        self.loaded: list[str] = []
        self.feed(path.read_text(encoding="utf-8"))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Take the anchors and links of one element."""
        given = {name: value for name, value in attrs if value is not None}
        self.anchors |= {given[name] for name in ("id", "name") if name in given}
        if tag == "a" and "href" in given:
            self.links.append(given["href"])
        elif tag == "link" and "href" in given and not _NOT_LOADED & set(given.get("rel", "").split()):
            self.loaded.append(given["href"])
        elif tag in _LOADED and _LOADED[tag] in given:
            self.loaded.append(given[_LOADED[tag]])


def built_page_faults(folder: Path) -> Iterator[str]:
    """Yield a sentence for each link that leads nowhere, and for each file that is loaded from elsewhere.

    Parameters
    ----------
    folder
        The built site.
    """
    pages = {path: BuiltPage(path) for path in sorted(folder.rglob("*.html"))}
    for path, page in pages.items():
        where = path.relative_to(folder)
        if path.name == "404.html":  # its links are those of the root, wherever it is shown
            continue
        yield from (f"{where}: loads {url} from elsewhere" for url in page.loaded if urlsplit(url).netloc)
        for link in (*page.links, *page.loaded):
            parts = urlsplit(link)
            if parts.scheme or parts.netloc:
                continue
            target = (path.parent / unquote(parts.path)).resolve() if parts.path else path.resolve()
            target = target / "index.html" if target.is_dir() else target
            if not target.is_file():
                yield f"{where}: the link {link} leads to no page"
            elif parts.fragment and target in pages and unquote(parts.fragment) not in pages[target].anchors:
                yield f"{where}: the link {link} leads to no heading"
    for style in sorted(folder.rglob("*.css")):
        text = style.read_text(encoding="utf-8")
        yield from (f"{style.relative_to(folder)}: loads {url} from elsewhere" for url in _IN_STYLE.findall(text))
