"""Finds and escapes characters that a terminal obeys instead of showing them."""

from __future__ import annotations

import re

_LONGEST = 64

# The control characters of ASCII and Latin-1 (ESC, CSI), what turns the direction of a line, what ends one, and halves
# of surrogate pairs, which no stream can encode.
_WHITE = dict.fromkeys(map(ord, "\t\n\r"))
_COMMAND = re.compile("[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")


def has_commands(text: str) -> bool:
    r"""Return whether a text has a character that a terminal would obey, other than line breaks and tabs.

    Examples
    --------
    >>> [has_commands(text) for text in ("CH4 [ppm] µg/m³", "\x1b[2J", "two\nlines")]
    [False, True, False]
    """
    return _COMMAND.search(text.translate(_WHITE)) is not None


def escape_commands(text: str) -> str:
    r"""Write characters that a terminal would obey as Python writes them.

    Examples
    --------
    >>> print(escape_commands("\x1b[2Jnothing is wrong"))
    \x1b[2Jnothing is wrong
    """
    return _COMMAND.sub(lambda found: found[0].encode("unicode_escape").decode(), text)


def in_quotes(text: str) -> str:
    r"""Write a text of a stranger into a message: in quotes, cut off, and with nothing that a terminal would obey.

    Examples
    --------
    >>> print(in_quotes("\x1b[2J" + 99 * "x"))
    "\x1b[2Jxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx…"
    """
    short = text if len(text) <= _LONGEST else text[:_LONGEST] + "…"
    return f'"{escape_commands(short)}"'
