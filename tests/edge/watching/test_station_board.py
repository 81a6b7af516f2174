"""The board of the live table: what agents publish becomes rows."""

from __future__ import annotations

import msgspec
import pytest

from edge.agent.presence_messages import AvailabilityMessage, StateMessage
from edge.alarms.event import AlarmMessage
from edge.mqtt.message import Message
from edge.watching.station_board import SCORES_KEPT, StationBoard
from tests.doubles import FakeClock
from tests.edge.watching.messages import alarm, availability, event, message, score, state


def test_a_score_makes_a_row_with_the_scores_of_each_kind() -> None:
    board = StationBoard(FakeClock())
    for number in (1.0, 2.0, None):
        assert board.take(score(station="st-1", consistency=number))
    (row,) = board.rows.values()
    assert (row.base, row.station) == ("davylamp/gw1", "st-1")
    assert list(row.scores["consistency"]) == [1.0, 2.0, None]
    assert list(row.scores["methane"]) == [None, None, None]
    assert board.readings == 3


def test_rows_are_in_the_order_of_their_names_whoever_comes_first() -> None:
    board = StationBoard(FakeClock())
    for station in ("st-2", "st-3", "st-1"):
        board.take(availability(station))
    assert [station for _, station in board.rows] == ["st-1", "st-2", "st-3"]


def test_a_row_keeps_a_bounded_past() -> None:
    board = StationBoard(FakeClock())
    for _ in range(SCORES_KEPT + 5):
        board.take(score())
    assert len(board.rows["davylamp/gw1", "st-1"].scores["consistency"]) == SCORES_KEPT


@pytest.mark.parametrize(
    ("gateway", "station", "session", "available"),
    [
        ("online", "online", "s1", True),
        ("online", "offline", "s1", False),
        ("offline", "online", "s1", False),
        ("stopped", "online", "s1", False),
        ("online", "online", "s0", False),
    ],
)
def test_a_station_is_available_by_the_rule_of_the_topics(
    gateway: str, station: str, session: str, available: bool
) -> None:
    board = StationBoard(FakeClock())
    board.take(availability("st-1", station, session=session))
    row = board.rows["davylamp/gw1", "st-1"]
    assert board.available(row) is None
    board.take(state(gateway, session="s1"))
    assert board.available(row) is available


def test_alarms_are_those_that_stand_the_oldest_first() -> None:
    board = StationBoard(FakeClock())
    board.take(alarm("st-1", event("b", opened="2026-01-02T00:00:00.000Z")))
    board.take(
        alarm("st-2", event("a", opened="2026-01-01T00:00:00.000Z"), event("c", opened="2026-01-03T00:00:00.000Z"))
    )
    assert [each.id for _, each in board.alarms] == ["a", "b", "c"]
    board.take(alarm("st-2"))
    assert [each.id for _, each in board.alarms] == ["b"]


def test_a_cleared_topic_takes_the_station_away() -> None:
    board = StationBoard(FakeClock())
    board.take(state())
    board.take(availability("st-1"))
    board.take(alarm("st-1", event("a")))
    assert board.take(Message("davylamp/gw1/st-1/alarm", b""))
    assert board.alarms == []
    assert board.take(Message("davylamp/gw1/st-1/availability", b""))
    assert board.rows == {}
    assert board.take(Message("davylamp/gw1/state", b""))
    assert board.gateways == {}
    assert not board.take(Message("davylamp/gw1/st-1/availability", b""))


@pytest.mark.parametrize("payload", [b"nope", b"[]", b"{}", b"\xff", b"[" * 10000, b'{"state": 7}'])
@pytest.mark.parametrize("topic", ["state", "st-1/score", "st-1/alarm", "st-1/availability"])
def test_what_is_not_of_the_agents_form_is_counted_and_left_out(topic: str, payload: bytes) -> None:
    board = StationBoard(FakeClock())
    assert not board.take(Message(f"davylamp/gw1/{topic}", payload))
    assert (board.unreadable, board.readings, dict(board.rows)) == (1, 0, {})


def test_a_key_that_a_later_agent_adds_changes_nothing() -> None:
    board = StationBoard(FakeClock())
    body = msgspec.json.decode(score().payload)
    assert board.take(message("st-1/score", {**body, "new": {"key": 1}}))


def test_a_dead_letter_is_counted_with_its_reason() -> None:
    board = StationBoard(FakeClock())
    assert board.take(message("deadletter", {"topic": "sensors/st-1/readings", "reason": "got NaN"}))
    assert (board.refused, board.refusal) == (1, "sensors/st-1/readings: got NaN")


def test_the_messages_of_these_tests_are_the_agents() -> None:
    for made, kind in ((state(), StateMessage), (availability("x"), AvailabilityMessage), (alarm("x"), AlarmMessage)):
        assert msgspec.json.decode(made.payload, type=kind)
