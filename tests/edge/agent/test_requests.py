"""Every request is answered, and none keeps a reading waiting."""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from config.settings.gateway import TopicSettings
from edge.agent.request_verbs import REQUEST_VERBS
from edge.agent.requests import ANSWER_EXPIRY
from edge.bundles.bundle import Bundle
from edge.mqtt.message import Message
from tests.doubles import FakeClock, FakeLink
from tests.edge.agent.agents import TOPICS
from tests.edge.agent.desk import Desk

KEYS = st.sampled_from(
    ["transaction", "station", "n", "seed", "from", "prior", "around", "noise", "format", "id", "kind", "minutes"]
)


def test_an_answer_repeats_the_transaction(desk: Desk) -> None:
    for transaction in ("a1", 7, None):
        (answer,) = desk.ask("info", {"transaction": transaction})
        assert answer["data"]["gateway"] == "gw1"
        assert answer | {"data": {}} == {"status": "ok", "data": {}, "error": None, "transaction": transaction}


def test_an_answer_is_confirmed_expires_and_is_not_retained(desk: Desk) -> None:
    desk.ask("info", b"")
    (published,) = desk.link.published
    assert (published.qos, published.retain, published.expiry) == (1, False, ANSWER_EXPIRY)


def test_an_unknown_verb_is_answered_with_those_that_are_known(desk: Desk) -> None:
    error = desk.error("model/invent", {"transaction": "x"})
    assert "unknown request 'model/invent'" in error
    known = [verb for verb in REQUEST_VERBS if not verb.startswith("collect/")]  # of an agent with an archive
    assert error.endswith(f"expected one of {', '.join(known)}")


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b"nope", "not JSON"),
        (b"\xff", "not JSON"),
        (b"[" * 10000 + b"]" * 10000, "not JSON"),
        (b"[]", "expected an object"),
        (b" " * 300_000, "300000 bytes"),
        (b'{"transaction": {"a": 1}}', "transaction"),
        (b'{"transaction": "' + b"x" * 300 + b'"}', "transaction"),
        (b'{"n": "ten"}', 'n: got "ten", expected an integer'),
        (b'{"n": 1.5}', "n: got 1.5, expected an integer"),
        (b'{"number": 1}', "number: unknown field, "),
        (b'{"format": "xml"}', 'format: got "xml", expected json | csv'),
        (b'{"from": {"around": [[1, null]]}}', "from.around: got [...], expected recent | event, or a list of rows"),
    ],
)
def test_the_answer_names_what_is_wrong_with_a_request(desk: Desk, body: bytes, reason: str) -> None:
    assert reason in desk.error("synthesize", body)


def test_a_verb_as_long_as_a_topic_may_be_is_answered_all_the_same(desk: Desk) -> None:
    desk.requests.take("x" * 60_000, Message("", b"{}"))
    desk.requests.turn()
    assert len(desk.link.published[0].topic) < 300


def test_a_response_topic_gets_the_answer_too_with_the_correlation(desk: Desk) -> None:
    desk.ask("info", {"transaction": "t"}, ResponseTopic="davylamp/gw1/response/me", CorrelationData=b"\x01")
    fixed, own = desk.link.published
    assert (fixed.topic, own.topic) == ("davylamp/gw1/response/info", "davylamp/gw1/response/me")
    assert fixed.body == own.body
    assert fixed.correlation == own.correlation == b"\x01"


@pytest.mark.parametrize(
    "topic", ["davylamp/gw1/state", "davylamp/gw1/request/rate/set", "sensors/st-1/readings", "x/y", "$SYS/x", "a/#"]
)
def test_a_response_topic_where_answers_must_not_go_is_refused(desk: Desk, topic: str) -> None:
    assert "Response Topic" in desk.error("info", {}, ResponseTopic=topic)
    assert [published.topic for published in desk.link.published] == ["davylamp/gw1/response/info"]


def test_response_prefixes_of_the_settings_open_others_but_not_the_sensors(
    bundle: Bundle, fake_link: FakeLink, fake_clock: FakeClock, tmp_path: Path
) -> None:
    desk = Desk(
        bundle, fake_link, fake_clock, tmp_path, topics=TopicSettings(response_prefixes=("clients/", "sensors/"))
    )
    desk.ask("info", {}, ResponseTopic="clients/me")
    assert len(fake_link.published) == 2
    assert "not allowed" in desk.error("info", {}, ResponseTopic="sensors/st-1/readings")


def test_too_many_waiting_requests_are_turned_away(desk: Desk) -> None:
    desk.link.in_flight = 20  # the broker does not keep up
    for _ in range(33):
        desk.requests.take("info", Message("", b"{}"))
    desk.link.in_flight = 0
    desk.requests.turn()
    answer = desk.link.on(TOPICS.response("info"))[0]
    assert "busy" in answer["error"]


def test_refusals_wait_until_the_broker_keeps_up_and_no_more_than_a_thousand_do(
    desk: Desk, caplog: pytest.LogCaptureFixture
) -> None:
    for _ in range(1100):
        desk.requests.take("nonsense", Message("", b"{}"))
    assert desk.link.published == []  # what a request brings about is acknowledged first
    while desk.requests.ready:
        desk.requests.turn()
    assert len(desk.link.published) == 20
    while len(desk.link.published) < 1000:
        desk.link.in_flight = 0
        desk.requests.turn()
    desk.link.in_flight = 0
    assert not desk.requests.ready
    assert desk.requests.answered == 1100
    assert any("dropped without an answer" in line for line in caplog.messages)


def test_refusals_that_wait_take_little_memory_whatever_is_asked(desk: Desk) -> None:
    desk.link.in_flight = 20  # the broker does not keep up
    properties = SimpleNamespace(ResponseTopic=f"{TOPICS.responses}/{'x' * 60_000}", CorrelationData=b"y" * 60_000)
    body = json.dumps({"z" * 100_000: 1}).encode()
    for _ in range(100):
        desk.requests.take("info" * 1000, Message("", body, properties=properties))
        desk.requests.take("alarm/shelve", Message("", body))
    desk.link.in_flight = 0
    count = size = 0
    while desk.requests.ready:
        desk.requests.turn()
        size += sum(len(each.payload) + len(each.correlation or b"") for each in desk.link.published)
        count += len(desk.link.published)
        desk.link.published.clear()
        desk.link.in_flight = 0
    assert count > 100
    assert size < 8_000_000


def test_answers_wait_for_the_next_connection(desk: Desk) -> None:
    desk.requests.take("info", Message("", b"{}"))
    desk.link.connected = False
    desk.requests.turn()
    assert not desk.requests.ready
    desk.link.connected = True
    desk.requests.turn()
    assert len(desk.link.published) == 1


@pytest.mark.parametrize("layout", ["json", "csv"])
def test_an_answer_has_parts_that_the_broker_takes(desk: Desk, layout: str) -> None:
    whole = desk.ask("synthesize", {"n": 150, "seed": 3, "format": layout})
    assert len(whole) == 1
    desk.link.limit = 5000
    parts = desk.ask("synthesize", {"n": 150, "seed": 3, "format": layout})
    assert [part["data"]["part"] for part in parts] == list(range(1, len(parts) + 1))
    assert all(part["data"]["parts"] == len(parts) > 4 for part in parts)
    assert max(len(each.payload) for each in desk.link.published) <= 5000
    rows = parts[0]["data"]["rows"]
    for part in parts[1:]:
        rows = rows + part["data"]["rows"]
    assert rows == whole[0]["data"]["rows"]


def test_an_answer_that_no_part_of_fits_is_an_error_with_the_fix(desk: Desk) -> None:
    desk.link.limit = 500
    assert "max_packet_size" in desk.error("synthesize", {"n": 1})
    assert "max_packet_size" in desk.error("info")
    assert max(len(each.payload) for each in desk.link.published) <= 500


def test_a_limit_that_becomes_known_later_still_holds(desk: Desk) -> None:
    desk.requests.take("synthesize", Message("", b'{"n": 200, "seed": 1}'))
    desk.link.limit = 5000
    for _ in range(3):
        desk.requests.turn()
    (answer,) = desk.link.on(TOPICS.response("synthesize"))
    assert "the broker takes 5000" in answer["error"]


def test_a_mistake_of_ours_is_an_answer_and_not_the_end(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: Any, **__: Any) -> Any:
        raise ZeroDivisionError

    desk.ask("synthesize", {"n": 1})
    (group,) = desk.stations.groups
    group.sampler = SimpleNamespace(prior=lambda n, seed, first: np.zeros((n, 9)) if n == 1 else broken())  # type: ignore[assignment]
    assert "internal error" in desk.error("synthesize", {"n": 2})


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=10),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(KEYS | st.text(max_size=5), inner, max_size=5),
    max_leaves=12,
)


@settings(max_examples=200, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    verb=st.sampled_from(["synthesize", "rate/set", "info", "alarm/acknowledge", "alarm/shelve", "x"]),
    body=JSON | st.binary(),
)
def test_whatever_is_asked_is_answered(desk: Desk, fake_clock: FakeClock, verb: str, body: Any) -> None:
    fake_clock.time += 60
    answers = desk.ask(verb, body if isinstance(body, bytes) else json.dumps(body).encode())
    assert answers
    assert {answer["status"] for answer in answers} <= {"ok", "error"}
    assert all(answer.keys() >= {"data", "transaction"} for answer in answers)
