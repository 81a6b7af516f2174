"""Formats tables as lines of text."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence


def text_table(heads: Sequence[str], rows: Mapping[str, Sequence[str]]) -> Iterator[str]:
    """Yield the lines of a table, all columns as wide as the widest."""
    name = max(map(len, rows), default=0)
    width = 2 + max(map(len, [*heads, *(cell for cells in rows.values() for cell in cells)]))
    for first, cells in [("", heads), *rows.items()]:
        yield f"{first:<{name}}" + "".join(f"{cell:>{width}}" for cell in cells)
