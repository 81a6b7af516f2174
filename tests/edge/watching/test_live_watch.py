"""`davylamp watch` in a real terminal, with a real broker: what is drawn, and what keys do."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

import msgspec
import pytest

from edge.mqtt.link import Receipt
from edge.mqtt.message import Message
from edge.watching.keyboard import Keyboard
from edge.watching.live_watch import LiveScreen
from tests.doubles import FakeClock, FakeLink
from tests.edge.watching.messages import alarm, availability, event, score, state
from tests.mqtt_client import Connect, MqttClient
from tests.running_broker import RunningBroker
from tests.terminal_process import ROOT, TerminalProcess

WITHOUT_RICH = (
    "import sys\n"
    "class Block:\n"
    "    def find_spec(self, name, path=None, target=None):\n"
    "        if name == 'rich': raise ModuleNotFoundError(name=name)\n"
    "sys.meta_path.insert(0, Block())\n"
    "import davylamp\n"
    "sys.exit(davylamp.main(sys.argv[1:]))"
)


def publish(client: MqttClient, base: str, *messages: Message, retain: bool = False) -> None:
    for each in messages:
        client.publish(each.topic.replace("davylamp/gw1", base), each.payload, retain=retain)


@pytest.mark.broker
def test_an_alarm_is_drawn_and_acknowledged_and_the_terminal_is_put_back(
    broker: RunningBroker, client: Connect
) -> None:
    pytest.importorskip("rich", reason="rich is not installed: the extra watch")
    base = "davylamp/live-watch"
    agent = client(broker.port, f"{base}/request/#")
    publish(agent, base, state(), availability("st-1"), alarm("st-1", event("e1")), retain=True)
    with TerminalProcess("watch", "--broker", f"127.0.0.1:{broker.port}", "--base", base) as terminal:
        terminal.wait("not acknowledged")
        publish(agent, base, score(station="st-1"))
        terminal.wait("9,000 ppb")
        terminal.press("a")
        terminal.wait("acknowledge as")
        terminal.press("p")
        request = agent.wait(f"{base}/request/alarm/acknowledge").body
        assert (request["id"], request["label"]) == ("e1", "plume")
        answer = {"status": "ok", "data": {}, "error": None, "transaction": request["transaction"]}
        agent.publish(f"{base}/response/alarm/acknowledge", answer)
        terminal.wait("methane of st-1 is acknowledged as plume")
        publish(agent, base, alarm("st-1", event("e1", acknowledged=True, label="plume")), retain=True)
        terminal.wait("acknowledged as plume")
        terminal.press("q")
        assert terminal.end() == 0
        assert "still stands: methane of st-1 since 2026-01-01T00:00:00.000Z, e1" in terminal.text
        assert terminal.settings == terminal.before


@pytest.mark.broker
@pytest.mark.parametrize("form", [(), ("--lines",)])
def test_a_name_that_the_terminal_cannot_write_and_a_score_beyond_all_measure_are_drawn(
    broker: RunningBroker, client: Connect, form: tuple[str, ...]
) -> None:
    pytest.importorskip("rich", reason="rich is not installed: the extra watch")
    base = f"davylamp/駅{len(form)}"
    agent = client(broker.port)
    publish(agent, base, state(), retain=True)
    latin = {"PYTHONIOENCODING": "latin-1", "PYTHONUTF8": "0"}
    words = ("watch", "--broker", f"127.0.0.1:{broker.port}", "--base", base, *form)
    with TerminalProcess(*words, environment=latin, columns=60) as terminal:
        terminal.wait("online")
        publish(agent, base, score(station="駅" * 40), score(station="st-1", consistency=1e308))
        terminal.wait("st-1")
        terminal.press("\x03")
        assert terminal.end() == 0
        assert "Traceback" not in terminal.text


@pytest.mark.broker
def test_ctrl_c_ends_it_and_says_what_was_seen(broker: RunningBroker, client: Connect) -> None:
    pytest.importorskip("rich", reason="rich is not installed: the extra watch")
    with TerminalProcess("watch", "--broker", f"127.0.0.1:{broker.port}", "--base", "davylamp/left") as terminal:
        terminal.wait("waiting for stations")
        terminal.press("\x03")
        assert terminal.end() == 0
        assert "0 readings of 0 stations" in terminal.text
        assert terminal.settings == terminal.before


@pytest.mark.broker
@pytest.mark.parametrize(
    ("words", "script", "environment"),
    [
        (["--lines"], "", {}),
        ([], "", {"TERM": "dumb"}),
        ([], WITHOUT_RICH, {}),
    ],
    ids=["lines", "dumb", "without rich"],
)
def test_there_are_lines_where_there_can_be_no_table(
    broker: RunningBroker, client: Connect, words: list[str], script: str, environment: dict[str, str]
) -> None:
    base = "davylamp/lines-watch"
    agent = client(broker.port)
    publish(agent, base, state(), retain=True)
    address = f"127.0.0.1:{broker.port}"
    with TerminalProcess(
        "watch", "--broker", address, "--base", base, *words, script=script, environment=environment
    ) as terminal:
        before = terminal.wait("gateway online")
        assert ("a live table needs rich; fix: " in before) == bool(script)
        assert "\x1b[" not in terminal.raw
        terminal.press("\x03")
        assert terminal.end() == 0


@pytest.mark.broker
def test_json_is_a_line_per_message_with_its_topic(broker: RunningBroker, client: Connect) -> None:
    base = "davylamp/json-watch"
    agent = client(broker.port)
    publish(agent, base, state(), retain=True)
    command = [
        sys.executable,
        "-m",
        "davylamp",
        "watch",
        "--broker",
        f"127.0.0.1:{broker.port}",
        "--base",
        base,
        "--json",
    ]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=ROOT) as process:
        assert process.stdout is not None
        first = json.loads(process.stdout.readline())
        agent.publish(f"{base}/st-1/score", b"no JSON")
        publish(agent, base, score())
        second = json.loads(process.stdout.readline())
        process.terminate()
    assert first == {"topic": f"{base}/state", "message": json.loads(state().payload)}
    assert (second["topic"], second["message"]["n"]) == (f"{base}/st-1/score", 7)
    assert process.returncode == 0


class Drawings:
    """A screen that remembers what was drawn, as text."""

    def __init__(self) -> None:
        from rich.console import Console

        self.console = Console(width=140, height=30, record=True, quiet=True, force_terminal=False)
        self.drawn: list[str] = []

    def update(self, drawing: Any, refresh: bool) -> None:
        with self.console.capture() as captured:
            self.console.quiet = False
            self.console.print(drawing)
        self.drawn.append(captured.get())


def screen() -> tuple[LiveScreen, FakeLink, FakeClock, Drawings]:
    pytest.importorskip("rich", reason="rich is not installed: the extra watch")
    link, clock, drawings = FakeLink(), FakeClock(), Drawings()
    return LiveScreen(link, drawings, "broker:1883", clock), link, clock, drawings  # type: ignore[arg-type]


def test_it_draws_at_most_four_times_a_second_and_at_once_after_a_key() -> None:
    on, link, clock, drawings = screen()
    for step in range(20):  # 2 s
        clock.time = 1_800_000_000 + step / 10
        link.incoming.append([score()])
        assert on.turn([])
    assert 6 <= len(drawings.drawn) <= 9
    before = len(drawings.drawn)
    on.turn(["j"])
    assert len(drawings.drawn) == before + 1


def test_without_news_only_the_ages_are_drawn_once_a_second() -> None:
    on, _, clock, drawings = screen()
    for step in range(50):  # 5 s
        clock.time = 1_800_000_000 + step / 10
        on.turn([])
    assert 4 <= len(drawings.drawn) <= 6


def send_acknowledge(on: LiveScreen, link: FakeLink) -> dict[str, Any]:
    link.incoming += [[alarm("st-1", event("e1"))], [], []]
    on.turn([])
    on.turn(["a"])
    on.turn(["enter"])
    (request,) = link.on("davylamp/gw1/request/alarm/acknowledge")
    return dict(request)


@pytest.mark.parametrize(
    ("answer", "news"),
    [
        ({"status": "error", "error": "id: got e1, expected an alarm that stands"}, "expected an alarm that stands"),
        ({"status": "ok", "data": {}}, "methane of st-1 is acknowledged"),
    ],
)
def test_the_agents_answer_is_shown(answer: dict[str, Any], news: str) -> None:
    on, link, clock, drawings = screen()
    transaction = send_acknowledge(on, link)["transaction"]
    body = msgspec.json.encode({**answer, "transaction": transaction})
    clock.time += 1
    link.incoming.append([Message("davylamp/gw1/response/alarm/acknowledge", body)])
    on.turn([])
    assert news in drawings.drawn[-1]


def test_somebody_elses_answer_is_not_taken_for_ours() -> None:
    on, link, clock, drawings = screen()
    send_acknowledge(on, link)
    body = msgspec.json.encode({"status": "ok", "data": {}, "transaction": "another"})
    clock.time += 1
    link.incoming.append([Message("davylamp/gw1/response/alarm/acknowledge", body)])
    on.turn([])
    assert "is acknowledged" not in drawings.drawn[-1]
    assert on.board.unreadable == 0


def test_a_request_that_nobody_answers_is_said_after_ten_seconds() -> None:
    on, link, clock, drawings = screen()
    send_acknowledge(on, link)
    clock.time += 11
    on.turn([])
    assert "alarm/acknowledge: no answer within 10 s; fix: start the agent" in drawings.drawn[-1]


def test_a_request_that_the_broker_refuses_is_said() -> None:
    on, link, clock, drawings = screen()
    send_acknowledge(on, link)
    link.new_receipts.append(Receipt(1, "davylamp/gw1/request/alarm/acknowledge", "Not authorized"))
    clock.time += 1
    on.turn([])
    assert "Not authorized; fix: allow this user to write it" in drawings.drawn[-1]


def test_without_a_connection_nothing_is_sent_and_that_is_said() -> None:
    on, link, _, drawings = screen()
    link.incoming.append([alarm("st-1", event("e1"))])
    on.turn([])
    link.connected = False
    on.turn(["a"])
    on.turn(["enter"])
    assert link.published == []
    assert "is not sent: there is no connection" in drawings.drawn[-1]
    assert "broker:1883 is not connected" in drawings.drawn[-1]


def test_without_a_terminal_there_are_no_keys() -> None:
    with Keyboard(None) as keys:
        assert keys.read() == []
