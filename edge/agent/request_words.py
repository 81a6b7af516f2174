"""Makes the body of a request from the words of a command line: ``key=value`` or JSON."""

from __future__ import annotations

import typing
from collections.abc import Iterator, Sequence
from math import isfinite
from typing import Any

import msgspec
from msgspec.structs import fields

from config.yaml.messages import split_annotated
from edge.agent.schemas import MESSAGES
from edge.errors import RequestError

_EXPECTED = "expected KEY=VALUE or a JSON object"


def parse_words(verb: str, words: Sequence[str]) -> dict[str, Any]:
    """Make the body of a request.

    A value becomes what its field is: ``comment=7`` is a text, ``seed=7`` a number, ``label=false`` a label. A dot
    leads into an object: ``from.regime=plume``. A list or an object is written as JSON. What the verb does not know is
    sent all the same, and the agent answers what is wrong with it.

    Parameters
    ----------
    verb
        The verb of the request.
    words
        Words of the command line, in any order.

    Raises
    ------
    RequestError
        A word is neither, or a key is given twice; one line for each.

    Examples
    --------
    >>> parse_words("synthesize", ["n=10", "from.regime=plume", '{"seed": 7}'])
    {'n': 10, 'from': {'regime': 'plume'}, 'seed': 7}
    >>> parse_words("alarm/acknowledge", ["label=false", "comment=7", "kind=null"])
    {'label': 'false', 'comment': '7', 'kind': None}
    """
    described = MESSAGES.get(f"request/{verb}")
    struct = described.struct if described is not None and not described.published else None
    body: dict[str, Any] = {}
    problems: list[str] = []
    for word in words:
        try:
            for path, value in _assignments(word, struct):
                _put(body, path, value)
        except RequestError as error:
            problems.append(str(error))
    if problems:
        raise RequestError("\n".join(problems))
    return body


def _assignments(word: str, struct: Any) -> Iterator[tuple[list[str], Any]]:
    """Yield the path of keys and the value that a word gives."""
    if any("\ud800" <= each <= "\udfff" for each in word):
        raise RequestError(f"got {word[:60]!r}, expected UTF-8")
    key, equals, text = word.partition("=")
    if equals and key and not word.lstrip().startswith(("{", "[", '"')):
        path = key.split(".")
        if not all(path):
            raise RequestError(f"got {word[:60]!r}, expected a key without an empty part between its dots")
        yield path, _value(text, _type_at(struct, path))
        return
    try:
        document = msgspec.json.decode(word)
    except (ValueError, RecursionError) as error:
        detail = f": {error}" if word.lstrip().startswith("{") else ""
        raise RequestError(f"got {word[:60]!r}, {_EXPECTED}{detail}") from error
    if not isinstance(document, dict):
        raise RequestError(f"got {word[:60]!r}, {_EXPECTED}")
    for name, value in document.items():
        yield [name], value


def _put(body: dict[str, Any], path: Sequence[str], value: Any) -> None:
    *above, last = path
    for level in above:
        body = body.setdefault(level, {})
        if not isinstance(body, dict):
            raise RequestError(f"{'.'.join(path)}: got a value for {level!r} as well, expected one of both")
    if last in body:
        raise RequestError(f"{'.'.join(path)}: got it twice, expected one value")
    body[last] = value


def _value(text: str, annotation: Any) -> Any:
    """Convert a text to a value of a field's type; a value that does not fit is left to the agent's answer."""
    try:
        value = msgspec.json.decode(text)
    except (ValueError, RecursionError):
        value = _number(text)
    if annotation is None or _fits(value, annotation) or not _fits(text, annotation):
        return value
    return text


def _number(text: str) -> float | str:
    """Return a number that JSON writes otherwise, such as ``.5``; any other text as it is."""
    try:
        number = float(text)
    except ValueError:
        return text
    return number if isfinite(number) else text


def _fits(value: Any, annotation: Any) -> bool:
    try:
        msgspec.convert(value, annotation)
    except (msgspec.ValidationError, OverflowError):
        return False
    return True


def _type_at(annotation: Any, path: Sequence[str]) -> Any:
    """Return the type of what a path of keys leads to; ``None`` where nothing is known."""
    for key in path:
        bare, _ = split_annotated(annotation)
        annotation = None
        for each in (bare, *typing.get_args(bare)):
            if isinstance(each, type) and issubclass(each, msgspec.Struct):
                annotation = next((field.type for field in fields(each) if field.encode_name == key), None)
            elif typing.get_origin(each) is dict:
                annotation = typing.get_args(each)[1]
    return annotation
