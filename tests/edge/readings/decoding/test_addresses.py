"""Values are found by their address, and every value that a message has is listed with one that finds it."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from config.address_syntax import address_fault, address_steps
from edge.readings.decoding.addresses import Address, members, quote_step

MESSAGE: dict[str, Any] = {
    "flat": 1,
    "dotted.name": 2,
    "with space": {"and more": 3},
    "deep": {"er": {"est": 4}, "CH4.ppb": 5, 'quo"te': 6, "": 7},
    "list": [10, 11, {"x": 12}, [13, 14]],
    "pairs": [
        {"type": "CH4", "value": 20},
        {"type": "T", "value": "21.5", "at": {"unit": "C"}},
        {"type": 7, "value": 22},
        {"type": "two words", "value": 23},
        "no pair",
        {"type": "T", "value": "second"},
    ],
    "temperature:0": {"tC": 30},
    "0": 31,
    "null": None,
    "a": {"b": 40},
    "a.b": 41,
    "numbered": {"1": 42},
    "text": '{"in": [50, {"x": 51}]}',
    "half": '{"in": ',
}


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("flat", 1),
        ("dotted.name", 2),
        ('"dotted.name"', 2),
        ("with space.and more", 3),
        ('"with space"."and more"', 3),
        ("deep.er.est", 4),
        ('deep."CH4.ppb"', 5),
        ("deep.'CH4.ppb'", 5),
        ('deep["CH4.ppb"]', 5),
        ("deep['CH4.ppb']", 5),
        ('deep."quo\\"te"', 6),
        ('deep.""', 7),
        ("list[0]", 10),
        ("list.1", 11),
        ("list[2].x", 12),
        ("list.2.x", 12),
        ("list[3][1]", 14),
        ("list[-1][0]", 13),
        ("pairs[type=CH4].value", 20),
        ("pairs[ type = CH4 ].value", 20),
        ("pairs[type==CH4].value", 20),
        ('pairs[type="T"].value', "21.5"),
        ("pairs[type=T].at.unit", "C"),
        ("pairs[type=7].value", 22),
        ("pairs[type=two words].value", 23),
        ("pairs[4]", "no pair"),
        ("temperature:0.tC", 30),
        ('"temperature:0".tC', 30),
        ("0", 31),
        ("a.b", 41),  # the whole name wins
        ('"a"."b"', 40),
        ("numbered[1]", 42),
        ("text.in[1].x", 51),
    ],
)
def test_a_value_is_found(text: str, value: Any) -> None:
    assert Address(text).find(MESSAGE) == value
    assert address_fault(text) is None


@pytest.mark.parametrize(
    "text",
    ["other", "flat.more", "deep.er.other", "list[9]", "list[-9]", "list.x", "pairs[type=O3].value", "pairs[kind=T]",
     "half.in", "text.out", "deep[0]", "flat[0]", "list[type=T]", "null.more", "list[2][0]", "pairs.type"],
)  # fmt: skip
def test_where_nothing_is_nothing_is_found(text: str) -> None:
    nothing = object()
    assert Address(text).look(MESSAGE, nothing) is nothing
    assert Address(text).find(MESSAGE) is None


def test_null_is_there() -> None:
    assert Address("null").look(MESSAGE, 5) is None


@pytest.mark.parametrize("message", [None, 5, "text", [], {}, [1, 2], True])
def test_any_message_can_be_looked_at(message: Any) -> None:
    for text in ("a", "a.b", "[3].x", "[type=T].value", "a[0]"):
        assert Address(text).find(message) is None


def test_the_message_itself_may_be_a_list() -> None:
    assert Address("[1]").find([5, 6]) == 6
    assert Address("[type=T].value").find(MESSAGE["pairs"]) == "21.5"
    assert [Address(text).whole for text in ("[1]", "[type=T].value", "a[1]", "a")] == [True, True, False, False]
    assert [Address(text).name for text in ("a", '"a.b"', "a.b", "a[0]")] == ["a", "a.b", None, None]


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "without blanks around"),
        (" a", "without blanks around"),
        ("a..b", "a name between two dots"),
        (".a", "before and behind every dot"),
        ("a.", "before and behind every dot"),
        ("a[", "in brackets"),
        ("a[]", "in brackets"),
        ("a[x]", "in brackets"),
        ("a[0", "in brackets"),
        ("a[1.5]", "in brackets"),
        ("a[0]b", "separated by dots"),
        ("a]b", "separated by dots"),
        ('"a', "separated by dots"),
        ('a."b"c', "separated by dots"),
        ("$.a", "without $"),
        ("a" * 501, "more than 500"),
    ],
)
def test_a_wrong_address_is_refused_with_the_reason(text: str, why: str) -> None:
    assert why in (address_fault(text) or "")
    with pytest.raises(ValueError, match="expected"):
        Address(text)


def test_every_member_is_listed_with_an_address_that_finds_it() -> None:
    found = members(MESSAGE)
    assert {each.address for each in found} >= {
        "flat",
        'deep."CH4.ppb"',
        "list[2].x",
        "pairs[0].type",
        "temperature:0.tC",
    }
    for each in found:
        if each.address != "a.b":  # which finds the member of that whole name
            assert Address(each.address).find(MESSAGE) == each.value
    assert len(members(MESSAGE, 3)) == 3


_DOCUMENTS = st.recursive(
    st.integers() | st.none() | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=10,
)


@given(st.dictionaries(st.text(max_size=5), _DOCUMENTS, max_size=3))
def test_addresses_of_any_message_can_be_read(message: dict[str, Any]) -> None:
    for each in members(message):
        assert Address(each.address).look(message, ...) is not ...


@given(st.text(max_size=20))
def test_a_quoted_name_is_that_name(name: str) -> None:
    text = f"x.{quote_step(name)}"
    assert address_steps(text) == ("x", name)


@given(st.text(alphabet="ab.[]\"'=-1 \\$", max_size=12))
def test_any_text_is_an_address_or_refused(text: str) -> None:
    fault = address_fault(text)
    assert fault is None or "expected" in fault
    if fault is None:
        Address(text).find(MESSAGE)
