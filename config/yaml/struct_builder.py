"""Builds a struct from plain data, collecting every problem instead of stopping at the first."""

from __future__ import annotations

import types
import typing
from typing import Any, TypeVar

import msgspec
from msgspec.structs import FieldInfo, fields

from config.yaml.document import join_path
from config.yaml.messages import describe_type, did_you_mean, format_value, split_annotated

_S = TypeVar("_S", bound=msgspec.Struct)
Problems = list[tuple[str, str]]

_FAILED: Any = object()  # stands for a value that could not be built


def build_struct(data: Any, struct: type[_S], problems: Problems, path: str = "") -> _S:
    """Build a struct from a mapping.

    A field declared with ``Meta(extra={"secret": True})`` is never repeated in a problem. A struct may have a method
    ``problems`` that yields (path, sentence) for the rules that types cannot express. It runs even when a field could
    not be built: such a field has its default, or ``None`` if it is required, and problems yielded for it are dropped.
    ``null`` for a field that has a default and cannot be null means the default.

    Parameters
    ----------
    data
        The content of the file.
    struct
        The struct to build.
    problems
        Receives (dotted path, sentence) for every problem. The result is valid only if none was added.
    path
        Dotted path of ``data`` in the file.
    """
    return typing.cast("_S", _Builder(problems).value(data, struct, path))


class _Builder:
    def __init__(self, problems: Problems) -> None:
        self._problems = problems

    def value(self, data: Any, annotation: Any, path: str) -> Any:
        bare, metas = split_annotated(annotation)
        origin, arguments = typing.get_origin(bare), typing.get_args(bare)
        if any(meta.extra and meta.extra.get("secret") for meta in metas):
            return self._secret(data, bare, path, describe_type(annotation))
        if isinstance(data, list) and origin is tuple and Ellipsis in arguments:
            return self._list(data, annotation, path)
        if isinstance(data, dict):
            if _is_struct(bare):
                return self._struct(data, bare, path)
            if origin is dict:
                return self._dict(data, arguments, path)
            for argument in arguments if origin in (types.UnionType, typing.Union) else ():
                if _is_struct(argument):
                    return self._struct(data, argument, path)
        return self._leaf(data, annotation, path)

    def _struct(self, data: dict[str, Any], struct: Any, path: str) -> Any:
        known = {field.encode_name: field for field in fields(struct)}
        for key in data:
            if key not in known:
                self._problems.append((join_path(path, key), f"unknown key, {did_you_mean(key, tuple(known))}"))
        before = len(self._problems)
        built = {field.name: self._field(data, field, path) for field in known.values()}
        sound = {name: value for name, value in built.items() if value is not msgspec.UNSET and value is not _FAILED}
        lost = {field.name: None for field in known.values() if field.required and field.name not in sound}
        result = struct(**lost, **sound)
        if hasattr(result, "problems"):
            reported = {where for where, _ in self._problems[before:]}
            rules = [(join_path(path, where), text) for where, text in result.problems()]
            self._problems.extend((where, text) for where, text in rules if not reported.intersection(_upwards(where)))
        return result

    def _field(self, data: dict[str, Any], field: FieldInfo, path: str) -> Any:
        where = join_path(path, field.encode_name)
        value = data.get(field.encode_name, msgspec.UNSET)
        if value is None and not field.required and not _nullable(field.type):
            return msgspec.UNSET
        if value is not msgspec.UNSET:
            return self.value(value, field.type, where)
        if field.required:
            self._problems.append((where, f"missing, expected {describe_type(field.type)}"))
            return _FAILED
        return msgspec.UNSET

    def _list(self, data: list[Any], annotation: Any, path: str) -> Any:
        bare, metas = split_annotated(annotation)
        item_type = typing.get_args(bare)[0]
        items = [self.value(item, item_type, join_path(path, f"[{i}]")) for i, item in enumerate(data)]
        if any(len(data) < (meta.min_length or 0) for meta in metas):
            return self._fail(data, annotation, path)
        return _FAILED if any(item is _FAILED for item in items) else tuple(items)

    def _dict(self, data: dict[str, Any], types_: tuple[Any, ...], path: str) -> Any:
        key_type, value_type = types_
        items = {
            self.value(key, key_type, join_path(path, key)): self.value(value, value_type, join_path(path, key))
            for key, value in data.items()
        }
        return _FAILED if any(_FAILED in item for item in items.items()) else items

    def _leaf(self, data: Any, annotation: Any, path: str) -> Any:
        if _is_struct(split_annotated(annotation)[0]):
            return self._fail(data, annotation, path)
        try:
            return msgspec.convert(data, annotation)
        except (msgspec.ValidationError, OverflowError):
            return self._fail(data, annotation, path)

    def _secret(self, data: Any, annotation: Any, path: str, wanted: str) -> Any:
        unseen: Problems = []
        result = _Builder(unseen).value(data, annotation, path)
        if unseen:
            self._problems.append((path, f"expected {wanted}"))
            return _FAILED
        return result

    def _fail(self, data: Any, annotation: Any, path: str) -> Any:
        self._problems.append((path, f"got {format_value(data)}, expected {describe_type(annotation)}"))
        return _FAILED


def _is_struct(annotation: Any) -> bool:
    return isinstance(annotation, type) and issubclass(annotation, msgspec.Struct)


def _nullable(annotation: Any) -> bool:
    return types.NoneType in typing.get_args(split_annotated(annotation)[0])


def _upwards(path: str) -> set[str]:
    """Return a dotted path and all paths above it."""
    return {path} | {path[:i] for i, char in enumerate(path) if char in ".["}
