"""Renders settings as commented YAML that a person can edit."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from typing import Any

import msgspec
import yaml
from msgspec.structs import FieldInfo, fields

from config.settings.gateway import Gateway, StationEntry
from config.settings.training import Training
from config.yaml.document import join_path, parse_document
from config.yaml.messages import split_annotated

_PLAIN = re.compile(r"[A-Za-z0-9_./][A-Za-z0-9_./{}() -]*")

_TRAINING = """\
# How davylamp trains. Every key may be left out; it then has the value shown here.
"""
_GATEWAY = """\
# The agent on one gateway. Every key but a station's bundle may be left out; it then has the value shown here.
"""


def shipped_training() -> str:
    """Return the text of the shipped training.yaml: every key with its default."""
    return _TRAINING + render(Training())


def shipped_gateway() -> str:
    """Return the text of the shipped gateway.yaml: every key with its default, and one station entry as an example."""
    return _GATEWAY + render(Gateway(stations=(StationEntry(bundle="one.davy"),)), blank=Gateway.DERIVED)


def render(settings: msgspec.Struct, *, blank: Collection[str] = ()) -> str:
    """Render settings as YAML from which :func:`config.yaml.load.load_settings` reads the same settings.

    Parameters
    ----------
    settings
        Any struct of this package. Its fields' ``Meta(description=...)`` become comments.
    blank
        Dotted paths to render as ``null``, whatever their value.
    """
    lines = list(_mapping(settings, "", blank))
    column = max((len(text) for text, comment in lines if comment and len(text) <= 40), default=0)
    return "".join(f"{text:{column}}  # {comment}\n" if comment else f"{text}\n" for text, comment in lines)


def _mapping(settings: msgspec.Struct, path: str, blank: Collection[str]) -> Iterator[tuple[str, str]]:
    """Yield (line, comment) for every line of a struct."""
    for field in fields(settings):
        value, where = getattr(settings, field.name), join_path(path, field.encode_name)
        if value is msgspec.UNSET:
            continue
        below = list(_below(value, where, blank))
        text = "" if below else " null" if where in blank else f" {_flow(value)}"
        yield f"{field.encode_name}:{text}", _description(field)
        yield from ((f"  {text}", comment) for text, comment in below)


def _below(value: Any, path: str, blank: Collection[str]) -> Iterator[tuple[str, str]]:
    """Yield (line, comment) for a value that does not fit on the line of its key."""
    if isinstance(value, msgspec.Struct):
        yield from _mapping(value, path, blank)
    elif isinstance(value, tuple) and value and isinstance(value[0], msgspec.Struct):
        for i, item in enumerate(value):
            for j, (text, comment) in enumerate(_mapping(item, path, blank)):
                # One set of comments is enough for a list.
                yield f"{'  ' if j else '- '}{text}", "" if i else comment


def _description(field: FieldInfo) -> str:
    return " ".join(meta.description for meta in split_annotated(field.type)[1] if meta.description)


def _flow(value: Any) -> str:
    if isinstance(value, msgspec.Struct):
        return "{}"
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{_quoted(key)}: {_item(item)}" for key, item in value.items()) + "}"
    if isinstance(value, tuple):
        return "[" + ", ".join(map(_item, value)) + "]"
    if isinstance(value, bool) or value is None:
        return {True: "true", False: "false", None: "null"}[value]
    if isinstance(value, int | float):
        return repr(value).removesuffix(".0")
    return value if _PLAIN.fullmatch(value) and parse_document(value) == (value, []) else _quoted(value)


def _item(value: Any) -> str:
    # More characters have a meaning between brackets than elsewhere.
    return _quoted(value) if isinstance(value, str) else _flow(value)


def _quoted(text: str) -> str:
    return yaml.safe_dump(text, default_style='"', allow_unicode=True, width=float("inf")).rstrip("\n")
