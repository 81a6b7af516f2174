"""request: a question and its answer on the command line."""

from __future__ import annotations

import itertools
import json
import threading
from collections.abc import Iterator
from io import StringIO
from typing import Any

import pytest

from config.settings.broker import Broker
from edge.commands import request as requesting
from edge.commands.request import request
from edge.errors import BrokerError, RequestError
from edge.mqtt.topics import Topics
from edge.stop import Stop
from tests.mqtt_client import Connect
from tests.running_broker import RunningBroker, StartBroker
from tests.terminal_process import TerminalProcess

pytestmark = pytest.mark.broker
COUNTER = itertools.count()


class Answerer:
    """An agent with prepared answers."""

    def __init__(self, broker: RunningBroker, client: Connect, protocol: Any) -> None:
        self.base = f"test-requesting/{next(COUNTER)}"
        self.settings = Broker(host=broker.host, port=broker.port, protocol=protocol)
        self._topics = Topics(self.base)
        self._client = client(broker.port, self._topics.requests)
        self.asked: list[dict[str, Any]] = []
        self.answers: list[dict[str, Any]] = []
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._serve, name="answerer")
        self._thread.start()

    def _serve(self) -> None:
        seen = 0
        while not self._stop.wait(0.01):
            for message in self._client.received[seen:]:
                seen += 1
                self.asked.append(message.body)
                verb = self._topics.verb(message.topic)
                for answer in self.answers:
                    body = {"transaction": message.body["transaction"]} | answer
                    self._client.publish(self._topics.response(verb or ""), body)

    def stop(self) -> None:
        self._stop.set()
        self._thread.join()

    def ask(self, verb: str, *words: str) -> tuple[int, str]:
        out = StringIO()
        code = request(self.settings, self.base, verb, words, out=out)
        return code, out.getvalue()


@pytest.fixture
def answerer(broker: RunningBroker, client: Connect, protocol: Any) -> Iterator[Answerer]:
    answerer = Answerer(broker, client, protocol)
    yield answerer
    answerer.stop()


def part(number: int, parts: int, rows: Any) -> dict[str, Any]:
    return {"status": "ok", "data": {"rows": rows, "seed": 1, "part": number, "parts": parts}}


def test_an_answer_is_printed_as_json(answerer: Answerer) -> None:
    answerer.answers = [{"status": "ok", "data": {"gateway": "gw1"}}]
    code, printed = answerer.ask("info", '{"transaction": "mine"}')
    assert code == 0
    assert json.loads(printed) == {"status": "ok", "data": {"gateway": "gw1"}, "transaction": "mine"}


def test_a_person_at_a_terminal_gets_an_answer_in_lines(answerer: Answerer) -> None:
    class Terminal(StringIO):
        def isatty(self) -> bool:
            return True

    answerer.answers = [{"status": "ok", "data": {"gateway": "gw1"}}]
    out = Terminal()
    assert request(answerer.settings, answerer.base, "info", [], out=out) == 0
    assert '\n  "data": {\n    "gateway": "gw1"\n  }\n' in out.getvalue()


def test_parts_are_put_together(answerer: Answerer) -> None:
    answerer.answers = [part(1, 3, [[1.0], [2.0]]), part(2, 3, [[3.0]]), part(3, 3, [[4.0]])]
    code, printed = answerer.ask("synthesize", '{"n": 4}')
    assert code == 0
    assert json.loads(printed)["data"] == {"rows": [[1.0], [2.0], [3.0], [4.0]], "seed": 1}
    assert answerer.asked[0]["n"] == 4
    assert answerer.asked[0]["transaction"]


def test_csv_is_printed_as_it_is(answerer: Answerer) -> None:
    answerer.answers = [part(1, 2, "a,b\n1,2\n"), part(2, 2, "3,4\n")]
    assert answerer.ask("synthesize") == (0, "a,b\n1,2\n3,4\n")


def test_an_error_is_printed_and_is_exit_code_1(answerer: Answerer) -> None:
    answerer.answers = [{"status": "error", "data": {}, "error": "n: too many"}]
    code, printed = answerer.ask("synthesize")
    assert code == 1
    assert json.loads(printed)["error"] == "n: too many"


def test_answers_to_others_are_passed_over(answerer: Answerer) -> None:
    mine = {"status": "ok", "data": {"mine": True}}
    answerer.answers = [{"status": "ok", "data": {"mine": False}, "transaction": "another"}, mine]
    assert json.loads(answerer.ask("info")[1])["data"] == {"mine": True}


def test_nobody_who_answers_is_an_error(answerer: Answerer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(requesting, "_ANSWER_TIMEOUT", 0.3)
    with pytest.raises(BrokerError, match="no answer within"):
        answerer.ask("info")


def test_fields_are_words_or_json_and_may_be_both(answerer: Answerer) -> None:
    answerer.answers = [{"status": "ok", "data": {}}]
    answerer.ask("synthesize", "n=4", '{"seed": 7}', "from.regime=plume", "transaction=mine")
    assert answerer.asked == [{"n": 4, "seed": 7, "from": {"regime": "plume"}, "transaction": "mine"}]


@pytest.mark.parametrize("verb", ["", "#", "alarm/+", "\udcff"])
def test_a_verb_that_is_no_topic_is_answered_with_those_there_are(answerer: Answerer, verb: str) -> None:
    with pytest.raises(RequestError, match="expected one of synthesize, alarm/acknowledge"):
        answerer.ask(verb)


@pytest.mark.parametrize("body", ["nope", "[1]", "", "1", "=1", '{"n": 1'])
def test_a_body_that_is_no_object_is_an_error(answerer: Answerer, body: str) -> None:
    with pytest.raises(RequestError, match="JSON object"):
        answerer.ask("info", body)


@pytest.mark.mqtt5
def test_the_only_gateway_that_is_online_is_found(start_broker: StartBroker, client: Connect) -> None:
    port = start_broker().port
    settings = Broker(host="127.0.0.1", port=port)
    with pytest.raises(RequestError, match="online: no gateway; fix: name one with --base"):
        request(settings, None, "info", [], out=StringIO())
    other = client(port, "davylamp/gw1/request/#")
    other.publish("davylamp/gw1/state", {"state": "online"}, retain=True)
    other.publish("davylamp/gw2/state", {"state": "stopped"}, retain=True)

    def answer() -> None:
        asked = other.wait("davylamp/gw1/request/info")
        body = {"status": "ok", "data": {}, "transaction": asked.body["transaction"]}
        other.publish("davylamp/gw1/response/info", body)

    answering = threading.Thread(target=answer, name="answering")
    answering.start()
    assert request(settings, None, "info", [], out=StringIO()) == 0
    answering.join()
    other.publish("davylamp/gw2/state", {"state": "online"}, retain=True)
    with pytest.raises(RequestError, match="davylamp/gw1, davylamp/gw2"):
        request(settings, None, "info", [], out=StringIO())


@pytest.mark.mqtt5
def test_a_request_that_the_broker_refuses_is_an_error(start_broker: StartBroker, tmp_path: Any) -> None:
    (tmp_path / "acl").write_text("topic read #\n")
    broker = start_broker(f"acl_file {tmp_path / 'acl'}")
    with pytest.raises(BrokerError, match="Not authorized"):
        request(Broker(host=broker.host, port=broker.port), "davylamp/gw1", "info", [], out=StringIO())


def test_an_interrupted_request_says_that_it_may_be_carried_out(broker: RunningBroker, client: Connect) -> None:
    other = client(broker.port, "davylamp/#")
    at = ("--broker", f"127.0.0.1:{broker.port}")
    with TerminalProcess("request", "info", *at, "--base", "davylamp/nobody") as terminal:
        other.wait("davylamp/nobody/request/info")
        terminal.press("\x03")
        assert terminal.end() == 130
    assert (
        terminal.text.splitlines()[-1] == "davylamp request: interrupted; the agent may still carry out what was sent"
    )


def test_a_signal_while_gateways_are_looked_for_is_no_error_about_them(broker: RunningBroker) -> None:
    stop = Stop()
    stop.request()
    with pytest.raises(KeyboardInterrupt):
        requesting.find_base(Broker(host=broker.host, port=broker.port), stop)
