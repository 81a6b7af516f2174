"""Readings whose parts come in several messages: joined, flagged, acknowledged and recovered."""

from __future__ import annotations

import json
import math
import random
from collections.abc import Iterable
from typing import Any

import pytest
from msgspec.structs import replace

from edge.agent import stations
from edge.agent.agent import Agent
from edge.mqtt.message import Message
from tests.doubles import GOOD, FakeClock, FakeLink
from tests.edge.agent.agents import TOPICS, StartAgent

START = 1_800_000_000.0
PERIOD = 60.0
ESPHOME: dict[str, Any] = {"topic": "esp/{station}/sensor/{key}/state"}
BOARDS: dict[str, Any] = {
    "topic": ("gas/readings", "ble/climate"),
    "station": "pad",
    "keys": {"temperature_c": "tempc", "humidity_pct": "hum"},
}
CLIMATE = ("temperature_c", "humidity_pct")


class Field:
    """Sends parts to an agent at the times of a fake clock, and delivers again what it has not acknowledged."""

    def __init__(self, start: StartAgent, link: FakeLink, clock: FakeClock, **entry: Any) -> None:
        self._start, self._entry = start, entry
        self.link, self.clock = link, clock
        self.agent: Agent = start(**entry)
        self._sent: dict[int, Message] = {}

    def send(self, at: float, *parts: tuple[str, Any], connection: int = 1) -> None:
        """Deliver parts in one turn, at seconds after the start."""
        self.clock.time = START + at
        messages = []
        for topic, body in parts:
            mid = len(self._sent) + 1
            payload = body if isinstance(body, bytes) else json.dumps(body).encode()
            messages.append(Message(topic, payload, qos=1, mid=mid, connection=connection, received=self.clock.time))
            self._sent[mid] = messages[-1]
        self.link.incoming.append(messages)
        self.agent.turn()

    def broker_crash(self, *, sent_again: range) -> None:
        """Deliver messages again that were acknowledged: the broker has forgotten that, and does not mark them."""
        messages = [replace(self._sent[mid], connection=2, received=self.clock.time) for mid in sent_again]
        for first in range(0, len(messages), 100):
            self.link.incoming.append(messages[first : first + 100])
            self.agent.turn()

    def wait(self, until: float) -> None:
        """Let time pass without a message."""
        self.clock.time = START + until
        self.agent.turn()

    def crash(self) -> None:
        """Kill the agent, start it again, and deliver what was not acknowledged."""
        unacknowledged = [mid for mid in self._sent if f"ack {mid}" not in self.link.happened]
        self.agent = self._start(**self._entry)
        self.link.incoming.append([_again(self._sent[mid], self.clock.time) for mid in unacknowledged])
        self.agent.turn()

    @property
    def acknowledged(self) -> list[int]:
        return [int(each.split()[1]) for each in self.link.happened if each.startswith("ack ")]

    def scores(self, station: str) -> list[Any]:
        return self.link.on(TOPICS.score(station))

    def values(self, station: str) -> list[dict[str, float]]:
        """The journalled readings, by key."""
        live = self.agent._stations[station]
        rows = self.agent._committer.journal.readings(live.id)
        return [dict(zip(GOOD, memoryview(row.values).cast("d"), strict=True)) for row in rows]


def _again(message: Message, now: float) -> Message:
    return Message(message.topic, message.payload, 1, False, message.mid, 2, now, None, True)


@pytest.fixture
def field(request: pytest.FixtureRequest, start_agent: StartAgent, fake_link: FakeLink, fake_clock: FakeClock) -> Field:
    return Field(start_agent, fake_link, fake_clock, **getattr(request, "param", ESPHOME))


boards = pytest.mark.parametrize("field", [BOARDS], indirect=True)


def reading(n: int) -> dict[str, float]:
    return {key: value + 0.25 * n for key, value in GOOD.items()}


def parts(n: int, *, without: Iterable[str] = (), station: str = "hut") -> list[tuple[str, Any]]:
    return [(f"esp/{station}/sensor/{key}/state", value) for key, value in reading(n).items() if key not in without]


def gas(n: int) -> tuple[str, Any]:
    return "gas/readings", {key: value for key, value in reading(n).items() if key not in CLIMATE}


def climate(n: int) -> tuple[str, Any]:
    return "ble/climate", {"tempc": reading(n)["temperature_c"], "hum": reading(n)["humidity_pct"], "rssi": -70}


def test_one_topic_for_each_value_gives_whole_readings(field: Field) -> None:
    for n in range(6):
        for i, part in enumerate(parts(n)):
            field.send(PERIOD * n + 0.2 * i, part)
    assert field.values("hut") == [reading(n) for n in range(6)]
    assert [score["flags"] for score in field.scores("hut")] == [{}] * 6
    assert field.acknowledged == list(range(1, 55))


def test_the_order_of_the_parts_does_not_matter(field: Field) -> None:
    order = random.Random(3)
    for n in range(6):
        field.send(PERIOD * n, *order.sample(parts(n), 9))
    assert field.values("hut") == [reading(n) for n in range(6)]


def test_a_queue_that_comes_at_once_is_as_many_readings(field: Field) -> None:
    field.send(0.0, *[part for n in range(14) for part in parts(n, without=["ch4_ppb"] if n == 9 else ())])
    values = field.values("hut")
    assert len(values) == 14
    assert [n for n, each in enumerate(values) if math.isnan(each["ch4_ppb"])] == [9]
    assert values[13] == reading(13)


def test_a_lost_part_is_flagged_when_the_window_has_passed_and_no_sooner(field: Field) -> None:
    for n in range(3):
        field.send(PERIOD * n, *parts(n, without=["r2600_ohm"] if n == 2 else ()))
    assert field.link.waits[-1] <= 10.0
    field.wait(PERIOD * 2 + 9.9)
    assert len(field.scores("hut")) == 2
    field.wait(PERIOD * 2 + 10.1)
    assert field.scores("hut")[2]["flags"] == {"r2600_ohm": 9}
    assert field.acknowledged == list(range(1, 27))


def test_a_part_is_acknowledged_with_its_reading_and_holds_back_what_came_after(field: Field) -> None:
    first, *rest = parts(0)
    field.send(0.0, *parts(0, station="other"))
    field.send(1.0, first)
    field.send(2.0, *parts(0, station="third"))
    assert field.acknowledged == list(range(1, 10))
    assert len(field.scores("third")) == 1
    field.send(3.0, *rest)
    assert field.acknowledged == list(range(1, 28))


def test_when_too_many_messages_wait_parts_are_journalled_and_acknowledged(field: Field) -> None:
    for n in range(3):
        field.send(PERIOD * n, *parts(n))
    field.send(PERIOD * 3, *parts(3)[:6])
    assert len(field.acknowledged) == 27
    field.send(PERIOD * 3 + 1, *parts(0, station="busy")[:6])
    assert len(field.acknowledged) == 39
    field.crash()
    field.send(PERIOD * 3 + 2, *parts(3)[6:], *parts(0, station="busy")[6:])
    assert field.values("hut") == [reading(n) for n in range(4)]
    assert field.values("busy") == [reading(0)]
    assert len(field.acknowledged) == 45
    assert field.agent._committer.journal._db.execute("select count(*) from parts").fetchone() == (0,)


def test_journalled_parts_wait_for_the_rest_however_long_the_agent_was_away(field: Field) -> None:
    for n in range(3):
        field.send(PERIOD * n, *parts(n))
    field.send(PERIOD * 3, *parts(3)[:6], *parts(0, station="busy")[:6])
    field.clock.time += 7200.0
    field.crash()
    field.wait(PERIOD * 3 + 7300.0)
    assert len(field.values("hut")) == 3
    field.send(PERIOD * 3 + 7400.0, *parts(3)[6:8])
    field.wait(PERIOD * 3 + 7411.0)
    values = field.values("hut")
    assert len(values) == 4
    assert [key for key, value in values[3].items() if math.isnan(value)] == ["rmq4_ohm"]


def test_journalled_parts_of_a_station_that_is_not_joined_any_more_are_given_up(field: Field) -> None:
    field.send(0.0, *parts(0)[:6], *parts(0, station="busy")[:6])
    field._entry = {}
    field.crash()
    field.wait(1.0)
    assert field.agent._committer.journal._db.execute("select count(*) from parts").fetchone() == (0,)


@pytest.mark.parametrize("lost", [(), ("rmq4_ohm",)])
def test_a_crash_in_the_middle_of_a_reading_loses_and_doubles_nothing(field: Field, lost: tuple[str, ...]) -> None:
    for n in range(3):
        field.send(PERIOD * n, *parts(n))
    field.send(PERIOD * 3, *parts(3)[:5])
    field.crash()
    field.send(PERIOD * 3 + 1, *parts(3, without=lost)[5:])
    field.wait(PERIOD * 3 + 30)
    values = field.values("hut")
    assert values[:3] == [reading(n) for n in range(3)]
    assert len(values) == 4
    assert [key for key, value in values[3].items() if math.isnan(value)] == list(lost)


def test_parts_whose_acks_were_lost_are_no_other_reading(field: Field) -> None:
    for n in range(3):
        field.send(PERIOD * n, *parts(n))
    field.link.happened = [each for each in field.link.happened if each not in ("ack 22", "ack 25", "ack 26")]
    field.crash()
    field.wait(PERIOD * 3)
    assert len(field.values("hut")) == 3
    assert field.agent._stations["hut"].health.duplicates == 3


@pytest.mark.parametrize("restart", [False, True], ids=["the agent goes on", "the agent restarts"])
@pytest.mark.parametrize("first", [1, 2001], ids=["more than memory holds", "from the middle of a reading on"])
def test_parts_that_a_broker_sends_again_because_it_forgot_their_acks_are_no_other_readings(
    field: Field, first: int, *, restart: bool
) -> None:
    count = 260  # with 9 parts each
    for start in range(0, count, 10):
        field.send(start, *[part for n in range(start, start + 10) for part in parts(n % 100)])
    field.send(count, *parts(50)[:4])
    if restart:
        field.crash()
    field.broker_crash(sent_again=range(first, 9 * count + 5))
    field.send(count + 1, *parts(50)[4:])
    field.send(count + 2, *parts(51))
    assert field.values("hut") == [reading(n % 100) for n in [*range(count), 50, 51]]


def test_parts_of_stuck_sensors_are_taken_when_a_new_session_numbers_packets_from_the_beginning(field: Field) -> None:
    values = dict(parts(0))
    topics = list(values)
    for connection in (1, 2):
        field._sent.clear()
        for n in range(20):
            changed = {topic: 2000.0 + 100 * connection + n + i / 10 for i, topic in enumerate(topics[:6])}
            field.send(PERIOD * (20 * connection + n), *(values | changed).items(), connection=connection)
    assert len(field.values("hut")) == 40
    assert not any(math.isnan(value) for each in field.values("hut")[20:] for value in each.values())


def test_the_broker_may_send_a_part_again_while_its_reading_is_open(field: Field) -> None:
    first, *rest = parts(0)
    field.send(0.0, first)
    field.link.incoming.append([_again(field._sent[1], START + 1)])
    field.agent.turn()
    field.send(2.0, *rest)
    assert field.values("hut") == [reading(0)]
    assert field.acknowledged[:2] == [1, 1]


def test_words_for_missing_values_are_parts_too(field: Field) -> None:
    (topic, _), *rest = parts(0)
    field.send(0.0, (topic, b"unavailable"), *rest)
    (score,) = field.scores("hut")
    assert score["flags"] == {"ch4_ppb": 9}


def test_what_no_column_reads_spoils_nothing(field: Field) -> None:
    others = [("esp/hut/sensor/uptime/state", 12), ("esp/hut/sensor/version/state", b"2024.6 (\xff)")]
    field.send(0.0, *others, *parts(0), *others)
    assert field.values("hut") == [reading(0)]
    assert field.link.on(TOPICS.deadletter) == []
    assert len(field.acknowledged) == 13


def test_a_board_all_of_whose_sensors_are_unavailable_is_flagged(field: Field) -> None:
    field.send(0.0, *[(topic, b"unavailable") for topic, _ in parts(0)])
    (score,) = field.scores("hut")
    assert list(score["flags"].values()) == [9] * 9
    assert field.link.on(TOPICS.deadletter) == []


def test_too_little_of_a_reading_is_refused_aloud(field: Field) -> None:
    field.send(0.0, *parts(0)[5:7])
    field.wait(11.0)
    (letter,) = field.link.on(TOPICS.deadletter)
    assert letter["reason"].startswith("7 of 9 keys did not come")
    assert "fix: join" in letter["reason"]
    assert field.acknowledged == [1, 2]


@boards
def test_climate_on_one_topic_beside_gas_on_another_is_one_station(field: Field) -> None:
    for n in range(5):
        field.send(PERIOD * n, climate(n), gas(n)) if n % 2 else field.send(PERIOD * n, gas(n), climate(n))
    assert field.values("pad") == [reading(n) for n in range(5)]


@boards
def test_slow_climate_neither_delays_nor_loses_gas_and_is_held(field: Field) -> None:
    for n in range(90):
        field.send(10.0 * n, gas(n))
        if n % 30 == 0:
            field.send(10.0 * n + 3.0, climate(n))
    assert len(field.scores("pad")) == 90
    values = field.values("pad")
    assert [each["ch4_ppb"] for each in values] == [reading(n)["ch4_ppb"] for n in range(90)]
    assert values[25]["temperature_c"] == reading(0)["temperature_c"]
    assert values[65]["humidity_pct"] == reading(60)["humidity_pct"]
    assert sum(math.isnan(each["temperature_c"]) for each in values) <= 2


@boards
def test_a_climate_sensor_that_falls_silent_is_held_for_its_own_interval_and_no_longer(field: Field) -> None:
    for n in range(120):
        field.send(10.0 * n, gas(n))
        if n % 12 == 0 and n < 60:
            field.send(10.0 * n + 3.0, climate(n))
    values = field.values("pad")
    assert not math.isnan(values[60]["temperature_c"])
    assert all(math.isnan(each["temperature_c"]) for each in values[68:])
    assert not any(math.isnan(each["ch4_ppb"]) for each in values)


@boards
def test_each_document_may_be_sent_twice(field: Field) -> None:
    for n in range(8):
        field.send(PERIOD * n, climate(n), climate(n), gas(n), gas(n))
    assert field.values("pad") == [reading(n) for n in range(8)]


def test_a_station_above_the_limit_is_refused_when_its_reading_is_closed(
    field: Field, monkeypatch: pytest.MonkeyPatch
) -> None:
    field.send(0.0, *parts(0, station="one")[:6], *parts(0, station="two")[:6])
    monkeypatch.setattr(stations, "MOST_STATIONS", 1)
    field.wait(11.0)
    assert len(field.scores("one")) == 1
    (letter,) = field.link.on(TOPICS.deadletter)
    assert "'two' is one more than the limit" in letter["reason"]
