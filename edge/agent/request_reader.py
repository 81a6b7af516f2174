"""Reads the body of a request into its struct; whatever is wrong with it becomes one sentence each."""

from __future__ import annotations

import types
from collections.abc import Iterator
from typing import Any, TypeVar, get_args

import msgspec
from msgspec.structs import fields

from config.yaml.messages import describe_type, did_you_mean, split_annotated
from config.yaml.struct_builder import Problems, build_struct
from edge.errors import RequestError

_Body = TypeVar("_Body", bound=msgspec.Struct)

_MOST = 5  # problems that an answer names
_LONGEST = 64  # characters of a key that an answer repeats


def read_request(document: dict[str, Any], struct: type[_Body]) -> _Body:
    """Read the body of a request.

    Parameters
    ----------
    document
        The body.
    struct
        What it has to be.

    Raises
    ------
    RequestError
        It has unknown fields, whose valid names are listed, or values that cannot be; all of them are named.

    Examples
    --------
    >>> from edge.agent.request_bodies import RateRequest
    >>> read_request({"rate": 5}, RateRequest)
    Traceback (most recent call last):
    edge.errors.RequestError: rate: unknown field, expected one of transaction, exceedances_per_1000; \
exceedances_per_1000: missing, expected a number or null
    """
    try:
        return msgspec.convert(document, struct, strict=True)
    except (msgspec.ValidationError, OverflowError, RecursionError) as error:
        found = list(_problems(document, struct)) or [str(error)]
        more = f"; and {len(found) - _MOST:,} more" if len(found) > _MOST else ""
        raise RequestError("; ".join(found[:_MOST]) + more) from error


def _problems(document: dict[str, Any], struct: type[msgspec.Struct]) -> Iterator[str]:
    problems: Problems = []
    build_struct(document, struct, problems)
    for path, sentence in problems or _nulls(document, struct):
        place = path if len(path) <= _LONGEST else f"{path[:_LONGEST]}..."
        yield f"{place}: {_unknown(path, struct) if sentence.startswith('unknown key') else sentence}"


def _nulls(document: dict[str, Any], struct: type[msgspec.Struct]) -> Problems:
    """Describe each ``null`` where none may be; in a settings file it means the default."""
    return [
        (each.encode_name, f"got null, expected {describe_type(each.type)}")
        for each in fields(struct)
        if each.encode_name in document
        and document[each.encode_name] is None
        and not each.required
        and types.NoneType not in get_args(split_annotated(each.type)[0])
    ]


def _unknown(path: str, struct: type[msgspec.Struct]) -> str:
    """Describe an unknown field: the one that it resembles, if any, and in any case all that are valid there."""
    within, key = struct, path
    for each in fields(struct):
        inner = _struct_of(each.type)
        if inner is not None and path.startswith(f"{each.encode_name}."):
            within, key = inner, path.removeprefix(f"{each.encode_name}.")
    known = tuple(each.encode_name for each in fields(within))
    listed = f"expected one of {', '.join(known)}"
    near = did_you_mean(key, known)
    return f"unknown field, {listed if near == listed else f'{near} {listed.capitalize()}'}"


def _struct_of(annotation: Any) -> type[msgspec.Struct] | None:
    bare, _ = split_annotated(annotation)
    structs = [each for each in (bare, *get_args(bare)) if isinstance(each, type) and issubclass(each, msgspec.Struct)]
    return structs[0] if structs else None
