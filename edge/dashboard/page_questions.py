"""Reads what browsers ask: bodies and queries, with a sentence about each that is wrong."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Annotated, TypeVar

import msgspec
from msgspec import Meta
from starlette.requests import Request

from edge.agent.request_bodies import LONGEST_SHELVING
from edge.alarms.event import Label
from edge.clock import parse_time

_LARGEST_BODY = 16_384  # [B]

Body = TypeVar("Body", bound=msgspec.Struct)
Id = Annotated[str, Meta(min_length=1, max_length=300)]
Comment = Annotated[str, Meta(max_length=1000)]


class LoginBody(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Body of ``/api/login``."""

    token: Annotated[str, Meta(max_length=1000)]


class AcknowledgeBody(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Body of ``/api/acknowledge``."""

    station: Id
    id: Id
    label: Label | None = None
    comment: Comment | None = None


class LabelBody(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Body of ``/api/label``."""

    station: Id
    id: Id
    label: Label
    comment: Comment | None = None


class ShelveBody(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Body of ``/api/shelve``."""

    station: Id
    id: Id
    minutes: Annotated[float, Meta(ge=0, le=LONGEST_SHELVING)]
    comment: Comment | None = None


class WrongQuestionError(Exception):
    """A request is wrong: the sentence becomes the answer."""


async def read_body(request: Request, kind: type[Body]) -> Body:
    """Read a body of at most 16 kB; raises WrongQuestionError if it is not of its kind."""
    text = b""
    async for chunk in request.stream():
        text += chunk
        if len(text) > _LARGEST_BODY:
            raise WrongQuestionError(f"got more than {_LARGEST_BODY} bytes, expected a short JSON object")
    try:
        return msgspec.json.decode(text, type=kind)
    except (ValueError, RecursionError) as error:
        raise WrongQuestionError(f"{error}; expected the fields {', '.join(kind.__struct_fields__)}") from error


def station_in(query: Mapping[str, str]) -> str:
    """Return the station that is asked for; raises WrongQuestionError if there is none."""
    station = query.get("station")
    if not station:
        raise WrongQuestionError("station: missing, expected the id of a station, such as davylamp/gw1/st-1")
    return station


def number_in(query: Mapping[str, str], name: str, otherwise: float, least: float, most: float) -> float:
    """Return a number of the query; raises WrongQuestionError if it lies outside its range."""
    text = query.get(name)
    if not text:
        return otherwise
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not least <= value <= most:
        raise WrongQuestionError(f"{name}: got {text[:50]!r}, expected a number from {least:g} to {most:g}")
    return value


def moment_in(query: Mapping[str, str], name: str) -> float | None:
    """Return a time of the query, Unix time [s]; raises WrongQuestionError if it is none."""
    text = query.get(name)
    if not text:
        return None
    try:
        return parse_time(text)
    except ValueError as error:
        raise WrongQuestionError(f"{name}: {error}") from error
