"""Keys become requests about the selected alarm, and about no other."""

from __future__ import annotations

import pytest

from edge.watching.alarm_keys import LEGEND, AlarmKeys
from edge.watching.station_board import BoardRow
from tests.edge.watching.messages import event

ROW = BoardRow("davylamp/gw1", "st-1")
TWO = [(ROW, event("e1")), (ROW, event("e2", kind="consistency", by=None))]


def press(keys: AlarmKeys, *pressed: str) -> list[tuple[str, dict[str, object]]]:
    requests = [keys.press(key, TWO) for key in pressed]
    return [(request.verb, request.body) for request in requests if request is not None]


@pytest.mark.parametrize(
    ("pressed", "verb", "body"),
    [
        (("a", "enter"), "alarm/acknowledge", {"id": "e1"}),
        (("a", "p"), "alarm/acknowledge", {"id": "e1", "label": "plume"}),
        (("a", "f"), "alarm/acknowledge", {"id": "e1", "label": "fault"}),
        (("down", "a", "x"), "alarm/acknowledge", {"id": "e2", "label": "false"}),
        (("j", "k", "s", "1"), "alarm/shelve", {"id": "e1", "minutes": 60}),
        (("up", "s", "8"), "alarm/shelve", {"id": "e2", "minutes": 480}),
        (("s", "d"), "alarm/shelve", {"id": "e1", "minutes": 1440}),
        (("s", "w"), "alarm/shelve", {"id": "e1", "minutes": 10080}),
        (("s", "0"), "alarm/shelve", {"id": "e1", "minutes": 0}),
    ],
)
def test_keys_acknowledge_and_shelve(pressed: tuple[str, ...], verb: str, body: dict[str, object]) -> None:
    keys = AlarmKeys()
    assert press(keys, *pressed) == [(verb, body)]
    assert keys.legend == LEGEND


def test_a_question_is_left_with_escape_and_other_keys_answer_nothing() -> None:
    keys = AlarmKeys()
    assert press(keys, "a", "y", "q", "s") == []
    assert "acknowledge as" in keys.legend
    assert not keys.quitting
    assert press(keys, "escape", "p") == []
    assert keys.legend == LEGEND


def test_q_quits() -> None:
    keys = AlarmKeys()
    press(keys, "q")
    assert keys.quitting


def test_without_an_alarm_there_is_nothing_to_answer() -> None:
    keys = AlarmKeys()
    assert [keys.press(key, []) for key in ("a", "p", "down", "s", "1")] == [None] * 5
    assert keys.legend == LEGEND


def test_the_answer_to_an_alarm_that_has_closed_meanwhile_does_not_go_to_another() -> None:
    keys = AlarmKeys()
    assert keys.press("a", TWO) is None
    assert keys.press("p", TWO[1:]) is None
    assert keys.selected == "e2"
    assert keys.legend == LEGEND


def test_the_first_that_nobody_has_acknowledged_is_selected() -> None:
    keys = AlarmKeys()
    keys.follow([(ROW, event("e1", acknowledged=True)), (ROW, event("e2"))])
    assert keys.selected == "e2"
