"""What is nearly JSON is read; what is cut off or no JSON at all is refused."""

from __future__ import annotations

import contextlib
import json
import time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.readings.decoding.formats.lenient_json import TornJsonError, lenient_json


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ('{"a": 1}', [{"a": 1}]),
        ('{"a": NaN, "b": -Infinity, "c": undefined}', [{"a": "NaN", "b": "-Infinity", "c": "undefined"}]),
        ('{"a": 1e999, "b": 12}', [{"a": "1e999", "b": 12}]),
        ('{"a": 007, "b": .5, "c": +1, "d": 5.}', [{"a": 7, "b": ".5", "c": "+1", "d": 5.0}]),
        ("{'a': None, 'b': True, 'c': 'x'}", [{"a": None, "b": True, "c": "x"}]),
        ("{a: 1, b_c: two words, d.e: 3}", [{"a": 1, "b_c": "two words", "d.e": 3}]),
        ('{"a": 1,, "b": 2,}', [{"a": 1, "b": 2}]),
        ('{"a": , "b": }', [{"a": None, "b": None}]),
        ("[1, 2,]", [[1, 2]]),
        ("[]", [[]]),
        ("{}", [{}]),
        ('{"a": {"b": [{}, []]}}', [{"a": {"b": [{}, []]}}]),
        ('data: {"a": 1}\n\n', [{"a": 1}]),
        ('{"a": 1}\0\0garbage', [{"a": 1}]),
        ('{"a": 1}{"a": 2}\n{"a": 3}', [{"a": 1}, {"a": 2}, {"a": 3}]),
        ('{"a": "x, y: {z}"}', [{"a": "x, y: {z}"}]),
        ('{"a": "tab\there", "b": "\\u00e9\\n"}', [{"a": "tab\there", "b": "é\n"}]),
        ('{"a": "\\ud800", "b": 1}', [{"a": "?", "b": 1}]),
        ('{"a": "\\x", "b": 1}', [{"a": "\\x", "b": 1}]),
        ('{"t": 2026-07-12T11:05:07Z}', [{"t": "2026-07-12T11:05:07Z"}]),
        ('{"a": 12 }', [{"a": 12}]),
        ("[12:30:05] {\"a\": 1}", [{"a": 1}]),
        ("log {info} {\"a\": 1}", [{"a": 1}]),
    ],
)  # fmt: skip
def test_what_is_nearly_json_is_read(text: str, found: list[Any]) -> None:
    assert lenient_json(text) == found


@pytest.mark.parametrize(
    "text",
    ["", "12", "a=1", '{"a": 1', '{"a": 1, "b": 2', '{"a": "b', '[1, 2', '{"a": 1]', '[1}', '{"a" 1}', '{1, 2}',
     '{"a": 1, 5}', '{"a": 1, x {"b": 2}}', '{"a": 1} {"a": 2', '{"a": {"b": 1}', '{"a": "b" "c"}', "{", "[",
     '{"a": 2100,5, "b": 1}'],
)  # fmt: skip
def test_what_is_cut_off_or_no_json_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"\w"):
        lenient_json(text)


@pytest.mark.parametrize(
    ("text", "complete"),
    [
        ('{"a": 1}\n{"a": 2}\n{"a": 3', [{"a": 1}, {"a": 2}]),
        ('[{"a": 1}, {"a": 2}, {"a": 3', [[{"a": 1}, {"a": 2}]]),
        ('[{"a": 1}, {"a": 2}', [[{"a": 1}, {"a": 2}]]),
        ('[{"a": {"b": 1}}, {"a": {"b": 2}', [[{"a": {"b": 1}}]]),
        ('[{"a": 1}, 25', [[{"a": 1}]]),
        ('{"a": 1} [', [{"a": 1}]),
    ],
)
def test_what_is_complete_in_a_torn_text_is_kept(text: str, complete: list[Any]) -> None:
    with pytest.raises(TornJsonError, match="ends too early") as torn:
        lenient_json(text)
    assert torn.value.complete == complete


def test_what_lies_too_deep_is_skipped() -> None:
    for opening, closing in (("[", "]"), ('{"x":', "}")):
        deep = opening * 50_000 + "NaN" + closing * 50_000
        (found,) = lenient_json(f'{{"deep": {deep}, "a": 1}}')
        assert found["a"] == 1


@pytest.mark.parametrize(
    "text",
    ["{" * 100_000, "[" * 100_000 + "]" * 100_000, '"' * 200_000, '{"a":' * 50_000, '{"' + "\\" * 200_000,
     "{a" * 80_000, "[1," * 80_000, "{}" * 100_000, "{'" * 100_000, '{"a": "' + "x" * 200_000, "{" + " " * 200_000],
)  # fmt: skip
def test_hostile_text_takes_no_longer_than_its_length(text: str) -> None:
    started = time.perf_counter()
    with contextlib.suppress(ValueError):
        lenient_json(text)
    assert time.perf_counter() - started < 2


_UTF8 = st.text(st.characters(codec="utf-8"))
_NUMBERS = st.integers(-(10**20), 10**20) | st.floats(allow_nan=False, allow_infinity=False)
_JSON = st.recursive(
    st.none() | st.booleans() | _NUMBERS | _UTF8,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(_UTF8, inner, max_size=4),
    max_leaves=15,
)


@given(st.lists(_JSON, min_size=1) | st.dictionaries(_UTF8, _JSON), st.booleans())
def test_json_is_read_as_json(value: Any, ascii_only: bool) -> None:
    assert lenient_json(json.dumps(value, ensure_ascii=ascii_only)) == [value]


@given(st.text(alphabet="{}[]\",:' \\\n019.eNaux-") | st.text())
def test_any_text_is_read_or_refused(text: str) -> None:
    with contextlib.suppress(ValueError):
        assert lenient_json(text)
