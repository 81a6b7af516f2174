"""The command blocks of the documents, with the mark that stands before a block in the source."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tests.test_docs import DOCUMENTS, ROOT

NOT_RUN, SLOW, INTERRUPTED = "not run", "in make test-docs", "until Ctrl-C"
"""Marks: an HTML comment in the line before a block. The first two give a reason behind a colon."""

_BLOCK = re.compile(
    r"(?:^<!-- (?P<mark>[^:>]+?)(?:: (?P<reason>.+?))? -->\n)?^```sh\n(?P<text>.*?)^```$", re.DOTALL | re.MULTILINE
)


@dataclass(frozen=True)
class CommandBlock:
    """One block of shell commands.

    Parameters
    ----------
    page
        Path of its document in the repository.
    line
        The line of its first command there.
    text
        The commands.
    mark
        One of the marks, or ``None``: it is run as it is.
    reason
        Why it is marked.
    """

    page: str
    line: int
    text: str
    mark: str | None
    reason: str | None

    def __str__(self) -> str:
        return f"{self.page}:{self.line}"


def command_blocks() -> list[CommandBlock]:
    """Return every block of every document, in the order of the pages."""
    return [block for document in DOCUMENTS for block in blocks_of(document)]


def blocks_of(document: Path, root: Path = ROOT) -> Iterator[CommandBlock]:
    """Yield the blocks of one document, which is named by its path below ``root``."""
    text = document.read_text(encoding="utf-8")
    for found in _BLOCK.finditer(text):
        line = text.count("\n", 0, found.start("text")) + 1
        yield CommandBlock(str(document.relative_to(root)), line, found["text"], found["mark"], found["reason"])
