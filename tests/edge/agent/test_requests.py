"""Requests: every one is answered, and none keeps a reading waiting."""

from __future__ import annotations

import json
import math
from io import StringIO
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import msgspec
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from config.settings.alarms import Alarms
from config.settings.gateway import Gateway, StationEntry, SynthesisSettings, TopicSettings
from edge.agent.closed_alarms import ClosedAlarmLabels
from edge.agent.requests import ANSWER_EXPIRY, Requests
from edge.agent.stations import Stations
from edge.alarms.event import Event
from edge.alarms.panel import AlarmPanel
from edge.arrays import Floats
from edge.bundles.bundle import Bundle
from edge.clock import rfc3339
from edge.commands.synthesize import synthesize
from edge.journal.committer import Committer
from edge.journal.journal import Journal
from edge.mqtt.message import Message
from edge.mqtt.topics import Topics
from edge.scoring.verdict import Methane, Verdict
from edge.synthesis.sampler import Sampler
from edge.synthesis.sampling_conditions import SamplingConditions
from tests.doubles import FakeClock, FakeLink

TOPICS = Topics("davylamp/gw1")
KEYS = st.sampled_from(
    ["transaction", "station", "n", "seed", "from", "prior", "around", "noise", "format", "id", "kind", "minutes"]
)


@pytest.fixture(scope="module")
def bundle(bundles: dict[str, Path]) -> Bundle:
    return Bundle.open(bundles["both"])


class Desk:
    """Requests with everything that they need, and somebody who asks."""

    def __init__(self, bundle: Bundle, connection: Any, clock: Any, folder: Path, **settings: Any) -> None:
        stations = (StationEntry(bundle=bundle.path, topic="sensors/{station}/readings"),)
        gateway = Gateway(gateway="gw1", stations=stations, **settings)
        self.connection = connection
        self.stations = Stations(gateway, [bundle])
        self.panel = AlarmPanel(Alarms(), clock)
        self.committer = Committer(Journal(folder / "journal.db", clock=clock), lambda: (), clock)
        self.events: list[Event] = []
        self.requests = Requests(
            gateway,
            self.stations,
            self.panel,
            ClosedAlarmLabels(self.committer, clock),
            info=lambda: {"gateway": "gw1"},
            publish_events=self.events.extend,
            link=connection,
            topics=TOPICS,
            clock=clock,
        )

    def ask(self, verb: str, body: Any = None, **properties: Any) -> list[dict[str, Any]]:
        """Ask, and turn until everything is answered."""
        payload = body if isinstance(body, bytes) else json.dumps(body or {}).encode()
        self.connection.published.clear()
        self.connection.in_flight = 0
        message = Message(TOPICS.request(verb), payload, qos=1, properties=SimpleNamespace(**properties))
        self.requests.take(verb, message)
        while self.requests.ready:
            self.requests.turn()
            self.connection.in_flight = 0
        return list(self.connection.on(TOPICS.response(verb)))

    def error(self, verb: str, body: Any = None, **properties: Any) -> str:
        """Ask for something that is refused."""
        (answer,) = self.ask(verb, body, **properties)
        assert (answer["status"], answer["data"]) == ("error", {})
        return str(answer["error"])


@pytest.fixture
def desk(bundle: Bundle, fake_link: FakeLink, fake_clock: FakeClock, tmp_path: Path) -> Desk:
    return Desk(bundle, fake_link, fake_clock, tmp_path)


# ---- asking ----------------------------------------------------------------------------------------------------------


def test_an_answer_repeats_the_transaction(desk: Desk) -> None:
    for transaction in ("a1", 7, None):
        assert desk.ask("info", {"transaction": transaction}) == [
            {"status": "ok", "data": {"gateway": "gw1"}, "transaction": transaction}
        ]


def test_an_answer_is_confirmed_expires_and_is_not_retained(desk: Desk) -> None:
    desk.ask("info", b"")
    (published,) = desk.connection.published
    assert (published.qos, published.retain, published.expiry) == (1, False, ANSWER_EXPIRY)


def test_an_unknown_verb_is_answered_with_those_that_are_known(desk: Desk) -> None:
    error = desk.error("model/activate", {"transaction": "x"})
    assert "unknown request 'model/activate'" in error
    for verb in ("synthesize", "alarm/acknowledge", "alarm/shelve", "rate/set", "info"):
        assert verb in error


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
        (b'{"n": "ten"}', "`n`"),
        (b'{"n": 1.5}', "`n`"),
        (b'{"number": 1}', "number"),
        (b'{"format": "xml"}', "xml"),
        (b'{"from": {"around": [[1, null]]}}', "around"),
    ],
)
def test_what_is_wrong_with_a_request_is_said(desk: Desk, body: bytes, reason: str) -> None:
    assert reason in desk.error("synthesize", body)


def test_a_verb_as_long_as_a_topic_may_be_is_answered_all_the_same(desk: Desk) -> None:
    desk.requests.take("x" * 60_000, Message("", b"{}"))
    assert len(desk.connection.published[0].topic) < 300


def test_a_response_topic_gets_the_answer_too_with_the_correlation(desk: Desk) -> None:
    desk.ask("info", {"transaction": "t"}, ResponseTopic="davylamp/gw1/response/me", CorrelationData=b"\x01")
    fixed, own = desk.connection.published
    assert (fixed.topic, own.topic) == ("davylamp/gw1/response/info", "davylamp/gw1/response/me")
    assert fixed.body == own.body
    assert fixed.correlation == own.correlation == b"\x01"


@pytest.mark.parametrize(
    "topic", ["davylamp/gw1/state", "davylamp/gw1/request/rate/set", "sensors/st-1/readings", "x/y", "$SYS/x", "a/#"]
)
def test_a_response_topic_where_answers_must_not_go_is_refused(desk: Desk, topic: str) -> None:
    assert "Response Topic" in desk.error("info", {}, ResponseTopic=topic)
    assert [published.topic for published in desk.connection.published] == ["davylamp/gw1/response/info"]


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
    desk.connection.in_flight = 20  # the broker does not keep up
    for _ in range(33):
        desk.requests.take("info", Message("", b"{}"))
    (answer,) = desk.connection.on(TOPICS.response("info"))
    assert "busy" in answer["error"]


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


# ---- rate and alarms -------------------------------------------------------------------------------------------------


def test_the_requested_rate_can_be_set(desk: Desk) -> None:
    (answer,) = desk.ask("rate/set", {"exceedances_per_1000": 10})
    assert answer["data"] == {"exceedances_per_1000": 10.0, "until": "restart"}
    assert desk.stations.groups[0].scorer.rate == 0.01


@pytest.mark.parametrize("rate", [0, -1, 1001, "one"])
def test_an_impossible_rate_is_refused(desk: Desk, rate: Any) -> None:
    assert desk.error("rate/set", {"exceedances_per_1000": rate})
    assert desk.stations.rate == 1.0


def raise_an_alarm(panel: AlarmPanel) -> Event:
    (event,) = observe(panel, 3, level_ppb=9000.0, exceeds=("methane",), by="enhancement", state="alarm")
    return event


def let_it_close(panel: AlarmPanel) -> None:
    (event,) = observe(panel, 60, level_ppb=2000.0, exceeds=(), state="ok")
    assert event.event_type == "close"


def observe(panel: AlarmPanel, readings: int, *, level_ppb: float, **said: Any) -> list[Event]:
    methane = Methane(level_ppb=level_ppb, background_ppb=2000.0)
    verdicts = [Verdict(station="st-1", n=n, methane=methane, bundle="b", **said) for n in range(1, readings + 1)]
    return [event for verdict in verdicts for event in panel.observe(verdict, {})]


def test_an_alarm_is_acknowledged_with_what_it_was(desk: Desk) -> None:
    event = raise_an_alarm(desk.panel)
    body = {"id": event.id, "label": "plume", "comment": "a truck"}
    (answer,) = desk.ask("alarm/acknowledge", body)
    (told,) = desk.events
    assert (told.acknowledged, told.label, told.comment) == (True, "plume", "a truck")
    assert answer["data"]["events"][0]["id"] == event.id


def test_an_alarm_that_has_closed_can_still_be_given_a_label_by_its_id(desk: Desk) -> None:
    event = raise_an_alarm(desk.panel)
    let_it_close(desk.panel)
    desk.committer.transaction.labels += desk.panel.labels()
    assert desk.committer.commit()
    assert "expected a label or a comment" in desk.error("alarm/acknowledge", {"id": event.id})
    (answer,) = desk.ask("alarm/acknowledge", {"id": event.id, "label": "false"})
    assert answer["data"]["events"] == []
    assert answer["data"]["closed"]["label"] == "false"
    (answer,) = desk.ask("alarm/acknowledge", {"id": event.id, "comment": "a test gas"})
    assert (answer["data"]["closed"]["label"], answer["data"]["closed"]["comment"]) == ("false", "a test gas")
    assert desk.committer.commit()
    known = desk.committer.journal.closed_alarm(event.id)
    assert known is not None
    assert (known.label, known.comment, known.closed) == ("false", "a test gas", answer["data"]["closed"]["closed"])
    assert known.closed is not None


def test_an_alarm_that_does_not_stand_cannot_be_acknowledged(desk: Desk) -> None:
    assert "expected an alarm that stands" in desk.error("alarm/acknowledge", {"id": "x"})
    assert "label" in desk.error("alarm/acknowledge", {"id": "x", "label": "ghost"})
    assert "comment" in desk.error("alarm/acknowledge", {"id": "x", "comment": "x" * 1001})


def test_an_alarm_is_put_aside_by_its_id(desk: Desk, fake_clock: FakeClock) -> None:
    event = raise_an_alarm(desk.panel)
    (answer,) = desk.ask("alarm/shelve", {"id": event.id, "minutes": 30, "comment": "a drill"})
    (told,) = desk.events
    until = rfc3339(fake_clock.now() + 1800)
    assert (told.id, told.shelved_until, told.comment) == (event.id, until, "a drill")
    assert answer["data"] == {"events": [msgspec.to_builtins(told)], "shelved": {"st-1": {"methane": until}}}
    (answer,) = desk.ask("alarm/shelve", {"id": event.id, "minutes": 0})
    assert answer["data"]["shelved"] == {}


def test_a_kind_is_put_aside_before_it_alarms_and_is_handed_over_to_be_remembered(desk: Desk) -> None:
    handed_over: list[list[Event]] = []
    desk.requests._publish_events = handed_over.append
    topic = "sensors/st-1/readings"
    station = desk.stations.at(topic)
    assert station is not None
    desk.stations.keep(station, topic)
    (answer,) = desk.ask("alarm/shelve", {"station": "st-1", "kind": "methane", "minutes": 0.5})
    assert answer["data"]["events"] == []
    assert handed_over == [[]]
    assert desk.panel.changed() == ["st-1"]
    assert raise_an_alarm(desk.panel).shelved_until is not None


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (
            {"station": "st-9", "kind": "methane", "minutes": 5},
            "got 'st-9', expected one that has sent a reading",
        ),
        ({"station": "st-1", "kind": "smoke", "minutes": 5}, "smoke"),
        ({"station": "st-1", "minutes": 5}, "got neither an id nor a station and a kind"),
        ({"id": "x", "minutes": 5}, "expected an alarm that stands: none does"),
        ({"id": "x"}, "minutes"),
        ({"id": "x", "minutes": -1}, "minutes"),
        ({"id": "x", "minutes": 10_081}, "minutes"),
        ({"id": "x", "minutes": 5, "comment": "x" * 1001}, "comment"),
    ],
)
def test_what_cannot_be_put_aside_is_refused_with_the_reason(desk: Desk, body: Any, reason: str) -> None:
    topic = "sensors/st-1/readings"
    station = desk.stations.at(topic)
    assert station is not None
    desk.stations.keep(station, topic)
    assert reason in desk.error("alarm/shelve", body)
    assert desk.panel.shelved() == {}


# ---- synthesize ------------------------------------------------------------------------------------------------------


def rows(answers: list[dict[str, Any]]) -> list[list[float]]:
    return [row for answer in answers for row in answer["data"]["rows"]]


def test_rows_come_in_parts_and_are_the_samplers(desk: Desk, bundle: Bundle) -> None:
    answers = desk.ask("synthesize", {"transaction": "t", "n": 1200, "seed": 7})
    assert [(a["data"]["part"], a["data"]["parts"], len(a["data"]["rows"])) for a in answers] == [
        (1, 3, 500),
        (2, 3, 500),
        (3, 3, 200),
    ]
    assert {a["transaction"] for a in answers} == {"t"}
    data = answers[0]["data"]
    assert tuple(data["columns"]) == bundle.station.keys
    assert tuple(data["units"]) == bundle.station.units
    assert (data["seed"], data["bundle"]) == (7, bundle.id)
    np.testing.assert_allclose(rows(answers), Sampler(bundle.generator).prior(1200, 7), rtol=1e-5)


def test_one_part_is_made_per_turn_and_none_while_the_broker_does_not_keep_up(desk: Desk) -> None:
    desk.requests.take("synthesize", Message("", b'{"n": 1200}'))
    assert len(desk.connection.published) == 0
    desk.requests.turn()
    assert len(desk.connection.published) == 1
    desk.connection.in_flight = 20
    desk.requests.turn()
    assert not desk.requests.ready
    desk.connection.in_flight, desk.connection.congested = 0, True
    desk.requests.turn()
    assert len(desk.connection.published) == 1
    desk.connection.congested = False
    desk.requests.turn()
    assert len(desk.connection.published) == 2


def test_requests_take_turns(desk: Desk) -> None:
    desk.requests.take("synthesize", Message("", b'{"n": 1500}'))
    desk.requests.take("info", Message("", b"{}"))
    for _ in range(2):
        desk.requests.turn()
        desk.connection.in_flight = 0
    assert [published.topic for published in desk.connection.published] == [
        TOPICS.response("synthesize"),
        TOPICS.response("info"),
    ]


def test_what_cannot_be_published_any_more_is_dropped(desk: Desk) -> None:
    desk.requests.take("synthesize", Message("", b'{"n": 1500}'))
    desk.connection.connected = False
    desk.requests.turn()
    assert not desk.requests.ready


def test_without_a_seed_one_is_drawn_and_told(desk: Desk) -> None:
    first, second = (desk.ask("synthesize", {"n": 5}) for _ in range(2))
    assert first[0]["data"]["seed"] != second[0]["data"]["seed"]
    again = desk.ask("synthesize", {"n": 5, "seed": first[0]["data"]["seed"]})
    assert again[0]["data"]["rows"] == first[0]["data"]["rows"]


def test_rows_around_given_ones_are_like_them(desk: Desk, bundle: Bundle) -> None:
    given = Sampler(bundle.generator).prior(3, 1)
    answers = desk.ask("synthesize", {"n": 600, "seed": 3, "from": {"around": given.tolist(), "noise": 0.05}})
    np.testing.assert_allclose(rows(answers), Sampler(bundle.generator).around(given, 600, 3, 0.05), rtol=1e-5)


@pytest.mark.parametrize(
    "wish",
    [
        {"regime": "plume"},
        {"range": {"ch4_ppb": [3000, 4000], "temperature_c": [10, 30]}},
        {"mix": {"background": 0.5, "plume": 0.5}},
    ],
)
def test_parts_put_together_are_the_rows_of_the_command_line(desk: Desk, wish: dict[str, Any]) -> None:
    (group,) = desk.stations.groups
    answers = desk.ask("synthesize", {"n": 1200, "seed": 7, "format": "csv", "from": wish})
    out = StringIO()
    synthesize(group.bundle.path, out, n=1200, seed=7, conditions=msgspec.convert(wish, SamplingConditions))
    assert "".join(answer["data"]["rows"] for answer in answers) == out.getvalue()


def test_fifty_thousand_rows_in_parts_are_those_of_the_command_line(desk: Desk) -> None:
    (group,) = desk.stations.groups
    answers = desk.ask("synthesize", {"n": 50_000, "seed": 7, "format": "csv"})
    assert [answer["data"]["part"] for answer in answers] == list(range(1, 101))
    out = StringIO()
    synthesize(group.bundle.path, out, n=50_000, seed=7)
    assert "".join(answer["data"]["rows"] for answer in answers) == out.getvalue()


def heard(desk: Desk, name: str, values: np.ndarray, **alarm: Any) -> None:
    """Let a station send readings."""
    topic = f"sensors/{name}/readings"
    station = desk.stations.at(topic)
    assert station is not None
    desk.stations.keep(station, topic)
    for row in values.tolist():
        station.recent.add(row, **alarm)


def test_rows_around_what_a_station_has_just_sent(desk: Desk, bundle: Bundle) -> None:
    sampler = Sampler(bundle.generator)
    leak, after = sampler.within(sampler.regime("plume"), 30, 1), sampler.prior(40, 2)
    heard(desk, "st-1", leak, raised_by=1, stands=True)
    heard(desk, "st-1", after)
    cases: list[tuple[dict[str, Any], Floats]] = [
        ({"around": "recent", "last": 40}, after),
        ({"around": "recent", "last": 40, "noise": 0.5}, after),
        ({"around": "event"}, leak),
    ]
    for wish, expected in cases:
        answers = desk.ask("synthesize", {"n": 600, "seed": 3, "from": wish})
        made = sampler.around(expected.astype(np.float32), 600, 3, wish.get("noise"))
        np.testing.assert_allclose(np.array(rows(answers)), made, rtol=1e-5)
    heard(desk, "st-2", after)
    assert "got none, expected one that has sent a reading: st-1, st-2" in desk.error(
        "synthesize", {"from": {"around": "recent"}}
    )
    assert "without an alarm" in desk.error("synthesize", {"station": "st-2", "from": {"around": "event"}})


def test_csv_parts_put_together_are_a_file_like_those_of_the_training(desk: Desk, bundle: Bundle) -> None:
    answers = desk.ask("synthesize", {"n": 700, "seed": 7, "format": "csv"})
    lines = "".join(answer["data"]["rows"] for answer in answers).splitlines()
    assert lines[0] == ",".join(bundle.station.names)
    assert len(lines) == 701
    assert tuple(answers[0]["data"]["columns"]) == bundle.station.names
    np.testing.assert_allclose(
        [[float(cell) for cell in line.split(",")] for line in lines[1:]],
        Sampler(bundle.generator).prior(700, 7),
        rtol=1e-5,
    )


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ({"n": 0}, "n: got 0, expected 1 to 100000"),
        ({"n": 100_001}, "n: got 100001, expected 1 to 100000"),
        ({"seed": -1}, "seed"),
        ({"from": {"regime": "storm"}}, "regime: got 'storm', expected one of background, elevated, plume"),
        ({"from": {"range": {"ch4": [1, 2]}}}, "range: got 'ch4', expected one of ch4_ppb"),
        ({"from": {"range": {"ch4_ppb": [5000]}}}, "range"),
        ({"from": {"mix": {"plume": 0}}}, "mix: plume: got 0"),
        ({"from": {"around": "recent"}}, "station: got none, expected one that has sent a reading: none yet"),
        ({"from": {"around": "event"}, "station": "st-9"}, "station: got 'st-9', expected one"),
        ({"from": {"around": "later"}}, "later"),
        ({"from": {"around": []}}, "around"),
        ({"from": {"around": [[1.0, 2.0]]}}, "expected rows of 9"),
        ({"from": {}}, "exactly one"),
        ({"from": {"prior": True, "around": [[0.0] * 9]}}, "exactly one"),
        ({"from": {"prior": True, "noise": 0.1}}, "noise"),
        ({"from": {"around": [[1.0] * 9], "noise": -1}}, "noise"),
        ({"from": {"around": [[1.0] * 9], "last": 3}}, "last"),
    ],
)
def test_impossible_wishes_are_refused_with_the_reason(desk: Desk, body: Any, reason: str) -> None:
    assert reason in desk.error("synthesize", body)


def test_only_so_many_requests_a_minute(
    bundle: Bundle, fake_link: FakeLink, fake_clock: FakeClock, tmp_path: Path
) -> None:
    desk = Desk(bundle, fake_link, fake_clock, tmp_path, synthesis=SynthesisSettings(per_minute=2))
    assert "expected 1" in desk.error("synthesize", {"n": 0})  # a refused wish does not count
    for _ in range(2):
        assert desk.ask("synthesize", {"n": 1})[0]["status"] == "ok"
    assert "try again in 60 s" in desk.error("synthesize", {"n": 1})
    fake_clock.time += 60
    assert desk.ask("synthesize", {"n": 1})[0]["status"] == "ok"


def test_the_station_may_be_named(desk: Desk) -> None:
    station = desk.stations.at("sensors/st-1/readings")
    assert station is not None
    desk.stations.keep(station, "sensors/st-1/readings")
    (answer,) = desk.ask("synthesize", {"n": 1, "station": "st-1"})
    assert answer["data"]["station"] == "st-1"


def test_every_number_of_an_answer_is_finite(desk: Desk) -> None:
    answers = desk.ask("synthesize", {"n": 2000, "seed": 1})
    assert all(math.isfinite(value) for row in rows(answers) for value in row)
