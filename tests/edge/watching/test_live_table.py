"""The live table, drawn at several sizes."""

from __future__ import annotations

import io

import pytest

from edge.mqtt.message import Message
from edge.watching.alarm_keys import AlarmKeys
from edge.watching.live_table import LiveTable
from edge.watching.sparkline import BLOCKS
from edge.watching.station_board import StationBoard
from edge.watching.summary_lines import summary_lines
from tests.doubles import FakeClock
from tests.edge.watching.messages import alarm, availability, event, message, score, state

rich_console = pytest.importorskip("rich.console", reason="rich is not installed: the extra watch")

OPENED = "2027-01-15T07:55:00.000Z"  # 5 min before the clock of these tests


def drawn(
    board: StationBoard, width: int = 140, height: int = 30, *, encoding: str = "utf-8", **options: object
) -> list[str]:
    keys = AlarmKeys()
    keys.follow(board.alarms)
    drawing = LiveTable(board, "broker:1883", encoding).draw(keys, width, height, **options)  # type: ignore[arg-type]
    console = rich_console.Console(file=io.StringIO(), width=width, height=height)
    console.print(drawing)
    return [line.rstrip() for line in console.file.getvalue().splitlines()]


def board_of(*messages: Message) -> StationBoard:
    board = StationBoard(FakeClock())
    for each in messages:
        assert board.take(each)
    return board


def test_it_shows_stations_scores_and_alarms() -> None:
    board = board_of(
        state(),
        availability("st-1"),
        *(score(consistency=number, state="alarm", exceeds=("methane",)) for number in (0.1, 2.2, 4.0)),
        alarm("st-1", event("e1", opened=OPENED), event("e2", kind="consistency", by=None, culprit="rmq4_ohm")),
    )
    board.clock.time += 7  # type: ignore[attr-defined]
    lines = drawn(board)
    assert lines[0] == "davylamp  davylamp/gw1 online   3 readings   broker:1883"
    row = next(line for line in lines if line.startswith("st-1"))
    assert row.split() == ["st-1", "7", "s", "alarm", "9,000", "ppb", "2,000", "-", "▁▅█", "4.0", "▇▇▇", "3.1"]
    first = next(line for line in lines if "methane  " in line and "limit" in line)
    assert first.split()[:1] != ["▶"]
    assert "5 min" in first
    assert "9,000 ppb" in first
    assert "not acknowledged" in first
    assert next(line for line in lines if line.startswith("▶")).split()[1] == "consistency"
    assert "rmq4_ohm" in next(line for line in lines if line.startswith("▶"))
    assert lines[-1].startswith("↑↓ select   a acknowledge")


def test_what_was_acknowledged_or_shelved_is_said_in_words() -> None:
    done = event("e1", acknowledged=True, label="plume", shelved_until="2027-01-15T08:55:00.000Z")
    lines = drawn(board_of(state(), alarm("st-1", done)))
    assert any("acknowledged as plume, shelved until 2027-01-15 08:55Z" in line for line in lines)


@pytest.mark.parametrize(
    ("messages", "word"),
    [
        ([state(), availability("st-1")], "no reading yet"),
        ([state(), availability("st-1", "offline"), score()], "silent"),
        ([state("offline"), availability("st-1"), score()], "no agent"),
        ([state("stopped"), availability("st-1"), score()], "no agent"),
        ([state(), score(historical=True)], "historical"),
        ([state(), score(state="out_of_domain")], "out_of_domain"),
    ],
)
def test_the_state_says_whether_a_station_is_there(messages: list[Message], word: str) -> None:
    assert any(word in line for line in drawn(board_of(*messages)) if line.startswith("st-1"))


def test_two_gateways_are_told_apart() -> None:
    lines = drawn(board_of(score(), score(base="davylamp/gw2")))
    assert [line.split()[0] for line in lines[3:5]] == ["gw1/st-1", "gw2/st-1"]


def test_on_a_narrow_terminal_the_alarm_keeps_its_mark_and_what_was_answered() -> None:
    board = board_of(state(), alarm("st-1", event("e1", opened=OPENED)))
    (line,) = (line for line in drawn(board, width=60) if line.startswith("▶"))
    assert line.split() == ["▶", "methane", "st-1", "5", "min", "9,000", "ppb", "not", "acknowledged"]


@pytest.mark.parametrize("width", [40, 60, 80, 100, 140, 250])
@pytest.mark.parametrize("height", [8, 9, 12, 24, 60])
def test_it_never_is_wider_or_higher_than_the_terminal(width: int, height: int) -> None:
    names = [f"station-{number}" for number in range(50)]
    alarms = [alarm(name, event(f"{name}/1", station=name, opened=OPENED)) for name in names[20:45]]
    lines = drawn(board_of(state(), *map(score, names), *alarms), width, height, news="done")
    assert max(map(len, lines)) <= width
    assert len(lines) <= height
    assert any(line.endswith(" more") or " of 50 " in line for line in lines)
    assert any(line.endswith(" more") or " of 25 " in line for line in lines)
    assert any("station-20" in line for line in lines)
    assert "q quit" in lines[-1]
    assert "done" in [line.strip() for line in lines]


def test_a_small_terminal_has_the_whole_question_and_the_whole_answer() -> None:
    board = board_of(state(), score(), alarm("st-1", event("e1")))
    keys = AlarmKeys()
    keys.press("a", board.alarms)
    news = "alarm/acknowledge: no answer within 10 s; fix: start the agent, and look at its log"
    console = rich_console.Console(file=io.StringIO(), width=60, height=12)
    console.print(LiveTable(board, "broker:1883").draw(keys, 60, 12, connected=False, news=news, bad=True))
    lines = console.file.getvalue().splitlines()
    assert len(lines) <= 12
    assert lines[0].startswith("davylamp  broker:1883 is not connected")
    text = " ".join(" ".join(lines).split())
    assert news in text
    for phrase in ("p plume", "f fault", "x false alarm", "Enter without a label", "Esc back"):
        assert any(phrase in line for line in lines)


def test_a_station_with_an_alarm_is_shown_before_those_without() -> None:
    board = board_of(*(score(f"st-{number:02}") for number in range(40)), alarm("st-39", event("e1")))
    assert any(line.startswith("st-39") for line in drawn(board, height=20))


def test_a_terminal_without_blocks_gets_ascii() -> None:
    lines = drawn(board_of(score(), alarm("st-1", event("e1"))), encoding="ascii")
    assert all(line.isascii() for line in lines)
    assert lines[-1].startswith("j/k select")


def test_a_terminal_does_not_obey_what_is_in_a_message() -> None:
    bad = "\x1b[2J\n\x07"
    board = board_of(
        alarm("st-1", event("e1", culprit=bad, label=None, by=bad)),
        message("deadletter", {"topic": bad, "reason": bad}),
        score(station=bad),
    )
    text = "\n".join(drawn(board, width=200))
    assert "\x1b" not in text
    assert "\x07" not in text
    assert "\x1b" not in "".join(summary_lines(board, 3.0))


def test_a_lost_broker_and_an_answer_are_said() -> None:
    lines = drawn(board_of(state()), connected=False, news="methane of st-1 is acknowledged")
    assert lines[0].startswith("davylamp  broker:1883 is not connected")
    assert "methane of st-1 is acknowledged" in lines


def test_at_the_end_it_says_what_still_stands() -> None:
    board = board_of(state(), score(), alarm("st-1", event("e1")))
    assert summary_lines(board, 300.0) == [
        "watched for 5 min: 1 reading of 1 station; the agent goes on",
        "still stands: methane of st-1 since 2026-01-01T00:00:00.000Z, e1",
    ]


def test_at_the_end_an_agent_that_has_stopped_is_not_said_to_go_on() -> None:
    assert summary_lines(board_of(state("offline")), 3.0) == ["watched for 3 s: 0 readings of 0 stations"]


def test_no_color_takes_the_colours_away_and_leaves_the_words(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    board = board_of(state(), score(state="alarm", exceeds=("consistency",)), alarm("st-1", event("e1")))
    keys = AlarmKeys()
    keys.follow(board.alarms)
    console = rich_console.Console(file=io.StringIO(), width=140, force_terminal=True)
    console.print(LiveTable(board, "broker:1883").draw(keys, 140, 30))
    text = console.file.getvalue()
    assert "\x1b[31m" not in text
    assert ";31m" not in text
    assert "not acknowledged" in text
    assert BLOCKS[-2] in text
