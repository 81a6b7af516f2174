"""Phrases for problems in a settings file: what was found, what was expected, what may have been intended."""

from __future__ import annotations

import difflib
import json
import types
import typing
from collections.abc import Sequence
from typing import Any, Literal

from msgspec import Meta, Struct, UnsetType
from msgspec.structs import fields

_PLAIN = {str: "a text", bool: "true or false", types.NoneType: "null", int: "an integer", float: "a number"}


def format_value(value: Any) -> str:
    """Format a value briefly, as in YAML: ``"text"``, ``null``, ``[50, 10]``, ``a mapping``.

    The contents of nested lists and mappings are left out: they may hold a password.
    """
    if isinstance(value, dict):
        return "a mapping"
    if isinstance(value, list | tuple):
        inner = ["..." if isinstance(item, list | tuple | dict) else format_value(item) for item in value[:8]]
        return f"[{', '.join(inner)}{', ...' if len(value) > len(inner) else ''}]"
    text = f"{value:g}" if isinstance(value, float) else json.dumps(value, ensure_ascii=False)
    return text if len(text) <= 60 else f'{text[:56]}..."'


def describe_type(annotation: Any) -> str:
    """Describe what a type accepts; ``Meta(extra={"expected": sentence})`` replaces the description."""
    bare, metas = split_annotated(annotation)
    for meta in metas:
        if meta.extra and "expected" in meta.extra:
            return str(meta.extra["expected"])
    origin, arguments = typing.get_origin(bare), typing.get_args(bare)
    if origin in (types.UnionType, typing.Union):
        return " or ".join(describe_type(argument) for argument in arguments if argument is not UnsetType)
    if origin is Literal:
        return " | ".join(str(argument) for argument in arguments)
    if origin is tuple:
        many = arguments[-1] is Ellipsis
        return (
            f"a list, each {describe_type(arguments[0])}" if many else f"[{', '.join(map(describe_type, arguments))}]"
        )
    if isinstance(bare, type) and issubclass(bare, Struct):
        return f"a mapping with {', '.join(field.encode_name for field in fields(bare))}"
    return _PLAIN.get(bare, "a mapping") + "".join(_bounds(meta) for meta in metas)


def did_you_mean(word: str, known: Sequence[str]) -> str:
    """Suggest the known word that is most like an unknown one, or list all known words."""
    near = difflib.get_close_matches(word, known, n=1)
    return f'did you mean "{near[0]}"?' if near else f"expected one of {', '.join(known)}"


def split_annotated(annotation: Any) -> tuple[Any, tuple[Meta, ...]]:
    """Split ``Annotated[type, Meta(...)]`` into the type and its ``Meta`` objects."""
    if typing.get_origin(annotation) is typing.Annotated:
        bare, *metas = typing.get_args(annotation)
        return bare, tuple(meta for meta in metas if isinstance(meta, Meta))
    return annotation, ()


def _bounds(meta: Meta) -> str:
    if meta.ge is not None and meta.le is not None:
        return f" in {meta.ge}-{meta.le}"
    signs = ((">=", meta.ge), (">", meta.gt), ("<=", meta.le), ("<", meta.lt))
    bounds = " and ".join(f"{sign} {bound:g}" for sign, bound in signs if bound is not None)
    return (f" {bounds}" if bounds else "") + (", not empty" if meta.min_length else "")
