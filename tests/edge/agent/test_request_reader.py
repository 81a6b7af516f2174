"""What is wrong with a request is named completely, in the words of the sender, with what is valid."""

from __future__ import annotations

from typing import Any, get_args

import msgspec
import pytest

from config.settings.alarms import AlarmKind
from edge.agent.request_bodies import AcknowledgeRequest, RateRequest, ShelveRequest
from edge.agent.request_reader import read_request
from edge.agent.synthesis_requests import SynthesisRequest
from edge.errors import RequestError

CONDITIONS = "prior, regime, range, mix, around, noise, last"


@pytest.mark.parametrize(
    ("struct", "body", "sentences"),
    [
        (AcknowledgeRequest, {"label": "leak"}, ['label: got "leak", expected plume | fault | false or null']),
        (AcknowledgeRequest, {"label": False}, ["label: got false, expected plume | fault | false or null"]),
        (
            AcknowledgeRequest,
            {"kind": "gas", "comment": "x" * 1001},
            [
                f'kind: got "gas", expected {" | ".join(get_args(AlarmKind))} | fault or null',
                f'comment: got "{"x" * 55}...", expected a text of at most 1000 characters, or null',
            ],
        ),
        (ShelveRequest, {"minutes": -1}, ["minutes: got -1, expected a number in 0-10080"]),
        (ShelveRequest, {}, ["minutes: missing, expected a number in 0-10080"]),
        (
            RateRequest,
            {"rate": 5},
            [
                "rate: unknown field, expected one of transaction, exceedances_per_1000",
                "exceedances_per_1000: missing, expected a number or null",
            ],
        ),
        (
            SynthesisRequest,
            {"regime": "plume"},
            ["regime: unknown field, expected one of transaction, station, n, seed, from, format"],
        ),
        (
            SynthesisRequest,
            {"n": True, "from": {"regim": "plume", "rows": 1}},
            [
                "n: got true, expected an integer",
                f'from.regim: unknown field, did you mean "regime"? Expected one of {CONDITIONS}',
                f"from.rows: unknown field, expected one of {CONDITIONS}",
            ],
        ),
        (
            SynthesisRequest,
            {"from": {"range": {"ch4_ppb": 3000}, "mix": 1}},
            [
                'from.range: got a mapping, expected least and largest value by key, such as {"ch4_ppb": [2500, 4000]}',
                'from.mix: got 1, expected shares by regime, such as {"background": 0.75, "plume": 0.25}',
            ],
        ),
        (SynthesisRequest, {"from": 3}, [f"from: got 3, expected a mapping with {CONDITIONS}"]),
        (SynthesisRequest, {"n": None}, ["n: got null, expected an integer"]),
    ],
)
def test_every_problem_is_a_sentence_with_what_is_expected(
    struct: type[msgspec.Struct], body: dict[str, Any], sentences: list[str]
) -> None:
    with pytest.raises(RequestError) as raised:
        read_request(body, struct)
    assert str(raised.value).split("; ") == sentences


def test_an_answer_does_not_grow_with_the_request() -> None:
    with pytest.raises(RequestError, match=r"; and 9,995 more\Z") as raised:
        read_request({"x" * 200 + str(i): 1 for i in range(9999)} | {"exceedances_per_1000": "x"}, RateRequest)
    assert len(str(raised.value)) < 1000


def test_a_sound_request_is_read() -> None:
    read = read_request({"n": 3, "from": {"around": [[1, 2.5]], "noise": 0.1}}, SynthesisRequest)
    assert (read.n, read.conditions.around, read.conditions.noise) == (3, [[1.0, 2.5]], 0.1)
