"""Parses the body of a request, before it is known what it asks for."""

from __future__ import annotations

from typing import Any

import msgspec

from edge.agent.request_bodies import LONGEST_TRANSACTION, TransactionId
from edge.errors import RequestError
from edge.readings.decoding.formats.format import SIZE_LIMIT


def parse_request(payload: bytes) -> dict[str, Any]:
    """Parse the body of a request; empty without one. Raises RequestError if it is no object."""
    if len(payload) > SIZE_LIMIT:
        raise RequestError(f"the request is {len(payload)} bytes long, expected at most {SIZE_LIMIT}")
    try:
        document = msgspec.json.decode(payload) if payload.strip() else {}
    except (ValueError, RecursionError) as error:  # msgspec.DecodeError, UnicodeDecodeError
        raise RequestError(f"the request is not JSON: {error}") from error
    if not isinstance(document, dict):
        raise RequestError(f"got {type(document).__name__}, expected an object")
    return document


def transaction_of(document: dict[str, Any]) -> TransactionId:
    """Return by what the sender recognises the answer; raises RequestError if that cannot be repeated."""
    transaction = document.get("transaction")
    if transaction is None or type(transaction) is int:
        return transaction
    if isinstance(transaction, str) and len(transaction) <= LONGEST_TRANSACTION:
        return transaction
    raise RequestError(f"transaction: expected an integer or a text of at most {LONGEST_TRANSACTION} characters")
