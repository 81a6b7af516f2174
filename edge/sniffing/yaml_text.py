"""Writes texts and small collections as YAML on one line."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

_PLAIN = re.compile(r"[A-Za-z_][A-Za-z0-9_]*(?: [A-Za-z0-9_]+)*")
_WORDS = frozenset(["true", "false", "null", "yes", "no", "on", "off", "y", "n"])


def yaml_text(value: Any) -> str:
    """Write a value on one line of YAML; a text stands in quotes unless nobody can take it for something else.

    Examples
    --------
    >>> yaml_text(["st-1", "on", "0102", "tC"]), yaml_text({"a": 1.5})
    ('["st-1", "on", "0102", tC]', '{a: 1.5}')
    """
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{yaml_text(key)}: {yaml_text(each)}" for key, each in value.items()) + "}"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(map(yaml_text, value)) + "]"
    if isinstance(value, str) and _PLAIN.fullmatch(value) and value.lower() not in _WORDS:
        return value
    text = json.dumps(value, ensure_ascii=False)
    return text if text.isprintable() else "".join(c if c.isprintable() else f"\\U{ord(c):08x}" for c in text)


def comment_text(text: str) -> str:
    """Write a text that came with messages so that it stays within its comment."""
    return "".join(c if c.isprintable() else "?" for c in text[:200])
