"""Parts that come again, or too late, or not at all."""

from __future__ import annotations

import math

import pytest

from tests.edge.agent.agents import TOPICS
from tests.edge.agent.parted_field import PERIOD, START, Field, parts, reading, sent_again


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
    field.link.incoming.append([sent_again(field._sent[1], START + 1)])
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
