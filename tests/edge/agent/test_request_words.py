"""Words of a command line become the body of a request."""

from __future__ import annotations

from typing import Any

import pytest

from edge.agent.request_words import parse_words
from edge.errors import RequestError


@pytest.mark.parametrize(
    ("verb", "words", "body"),
    [
        ("info", [], {}),
        ("synthesize", ["n=3", "seed=7", "format=csv"], {"n": 3, "seed": 7, "format": "csv"}),
        ("synthesize", ["station=7"], {"station": "7"}),
        ("synthesize", ["transaction=7"], {"transaction": 7}),
        ("synthesize", ["from.around=recent", "from.last=20"], {"from": {"around": "recent", "last": 20}}),
        ("synthesize", ["from.range.ch4_ppb=[2500, 4000]"], {"from": {"range": {"ch4_ppb": [2500, 4000]}}}),
        ("synthesize", ['from={"prior": true}'], {"from": {"prior": True}}),
        (
            "synthesize",
            ['{"from": {"around": "event"}}', "from.noise=.5"],
            {"from": {"around": "event", "noise": 0.5}},
        ),
        ("alarm/acknowledge", ["label=false", "kind=null"], {"label": "false", "kind": None}),
        ("alarm/acknowledge", ["comment=a=b, 1.5"], {"comment": "a=b, 1.5"}),
        ("alarm/acknowledge", ["comment=", "id=12"], {"comment": "", "id": "12"}),
        ("alarm/acknowledge", ["comment=.5"], {"comment": ".5"}),
        ("alarm/shelve", ["minutes=inf"], {"minutes": "inf"}),
        ("alarm/shelve", ["minutes=0"], {"minutes": 0}),
        ("rate/set", ["exceedances_per_1000=null"], {"exceedances_per_1000": None}),
        ("nobody/knows", ["a=1", "b=x", "c.d=[true]"], {"a": 1, "b": "x", "c": {"d": [True]}}),
        ("synthesize", ["n=ten", "number=3"], {"n": "ten", "number": 3}),
    ],
)
def test_a_value_becomes_what_its_field_is(verb: str, words: list[str], body: dict[str, Any]) -> None:
    assert parse_words(verb, words) == body


@pytest.mark.parametrize(
    ("words", "lines"),
    [
        (
            ["nope", "[1]"],
            ["got 'nope', expected KEY=VALUE or a JSON object", "got '[1]', expected KEY=VALUE or a JSON object"],
        ),
        (["n=1", '{"n": 2}'], ["n: got it twice, expected one value"]),
        (["from=recent", "from.last=2"], ["from.last: got a value for 'from' as well, expected one of both"]),
        (["from..last=2"], ["got 'from..last=2', expected a key without an empty part between its dots"]),
        (["comment=\udcff"], ["got 'comment=\\udcff', expected UTF-8"]),
        (["="], ["got '=', expected KEY=VALUE or a JSON object"]),
    ],
)
def test_every_word_that_cannot_be_is_a_line(words: list[str], lines: list[str]) -> None:
    with pytest.raises(RequestError) as raised:
        parse_words("synthesize", words)
    assert str(raised.value).split("\n") == lines


def test_json_that_is_cut_off_says_where() -> None:
    with pytest.raises(RequestError, match="expected KEY=VALUE or a JSON object: Input data was truncated"):
        parse_words("synthesize", ['{"n": 1'])
