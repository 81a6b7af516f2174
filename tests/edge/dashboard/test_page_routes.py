"""What the page answers, with a real broker, and an agent's messages published by the test."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from edge.agent.presence_messages import BundleInfo, InfoMessage
from edge.clock import rfc3339
from edge.mqtt.message import Message
from tests.dashboard_process import ROOT, DashboardProcess
from tests.edge.dashboard.page_client import PageClient
from tests.edge.watching.messages import TIME, alarm, availability, event, message, score, state
from tests.mqtt_client import Connect, MqttClient
from tests.running_broker import RunningBroker, StartBroker

pytest.importorskip("uvicorn", reason="THE PAGE IS NOT TESTED: pip install 'davylamp[dashboard]'")

STATION = "davylamp/gw1/st-1"


@pytest.fixture(scope="module")
def own_broker(start_broker: StartBroker) -> RunningBroker:
    return start_broker()


Serve = Callable[[int], DashboardProcess]


@pytest.fixture
def serve(tmp_path: Path) -> Iterator[Serve]:
    """Start pages at a broker's port; they are killed in the end if they still run."""
    servers: list[DashboardProcess] = []

    def start(broker_port: int) -> DashboardProcess:
        servers.append(DashboardProcess(tmp_path, broker_port))
        return servers[-1]

    yield start
    for each in servers:
        if each.process.poll() is None:
            each.process.kill()
            each.process.wait()


@pytest.fixture
def page(own_broker: RunningBroker, serve: Serve) -> Iterator[PageClient]:
    server = serve(own_broker.port)
    yield PageClient(server.port)
    assert server.stop() == 0
    assert server.log.read_text() == ""


@pytest.fixture
def agent(own_broker: RunningBroker, client: Connect) -> Iterator[MqttClient]:
    one = client(own_broker.port, "davylamp/gw1/request/#")
    yield one
    for topic in ("state", "info", "st-1/availability", "st-1/alarm"):
        one.publish(f"davylamp/gw1/{topic}", b"", retain=True)


def info() -> Message:
    bundle = BundleInfo(
        bundle="b1", file="methane.davy", created=TIME, station="methane", columns=("ch4_ppb", "rmq4_ohm"),
        units=("[ppb]", "Ohm"), reconstruction="ae", generator="ae", gas_unit="[ppb]",
    )  # fmt: skip
    body = InfoMessage(
        gateway="gw1", version="0.2.0", session="s1", since=TIME, mqtt="5", sees_refusals=True,
        exceedances_per_1000=1.0, exceedances_from="gateway.yaml", topics=("page-test/{station}/readings",),
        stations=("st-1",), adapted_per_1000={}, bundles=(bundle,),
    )  # fmt: skip
    return message("info", body)


def publish(agent: MqttClient, *messages: Message, retain: bool = False) -> None:
    for each in messages:
        agent.publish(each.topic, each.payload, retain=retain)


def present(page: PageClient, agent: MqttClient) -> None:
    """Have an agent with a station, as the page sees it."""
    publish(agent, state(), info(), availability("st-1"), alarm("st-1"), retain=True)
    page.wait(lambda now: now["stations"] and now["gateways"][0]["bundles"] and now["link"]["state"] == "connected")


def answers(agent: MqttClient, verb: str, make: Callable[[Any], list[dict[str, Any]]]) -> threading.Thread:
    """Answer the next request of a verb as an agent would."""

    def answer() -> None:
        body = agent.wait(f"davylamp/gw1/request/{verb}").body
        for each in make(body):
            agent.publish(f"davylamp/gw1/response/{verb}", {"transaction": body["transaction"], **each})

    thread = threading.Thread(target=answer)
    thread.start()
    return thread


@pytest.mark.broker
def test_a_reading_reaches_the_overview_the_stream_and_the_chart(page: PageClient, agent: MqttClient) -> None:
    present(page, agent)
    now = time.time()
    time.sleep(0.5)  # the page subscribes to the topics that it has just learnt of
    with page.stream() as events:
        assert next(events)[0] == "overview"
        agent.publish("page-test/st-1/readings", {"ch4_ppb": 9000.0, "rmq4_ohm": "unavailable"})
        publish(agent, score(ts=rfc3339(now), received=rfc3339(now), exceeds=("methane",), flags={"rmq4_ohm": 9}))
        news = next(body for name, body in events if name == "reading")
    assert news["point"] == {
        "t": pytest.approx(now, abs=0.001), "level": 9000.0, "background": 2000.0, "virtual": None, "methane": None,
        "consistency": 0.4, "reconstruction": 3.1, "channels": {"ch4_ppb": 9000.0, "rmq4_ohm": None},
    }  # fmt: skip
    station = page.get("/api/overview")["stations"][0]
    assert station["id"] == STATION
    assert (station["available"], station["last_seen"]) == (True, rfc3339(now))
    assert station["methane"] | {"trend": None} == {
        "source": "measured", "level": 9000.0, "background": 2000.0, "measured": 9000.0, "virtual": None, "sd": None,
        "over_range": False, "under_range": False, "trend": None,
    }  # fmt: skip
    assert station["thresholds"] == {"methane": None, "consistency": 3.0, "reconstruction": 3.0}
    assert station["channels"] == [
        {"key": "ch4_ppb", "unit": "[ppb]", "value": 9000.0, "flag": 1},
        {"key": "rmq4_ohm", "unit": "Ohm", "value": None, "flag": 9},
    ]
    deadline = time.monotonic() + 15
    while not (chart := page.get("/api/history", station=STATION, start=now - 60, end=now + 60))["t"]:
        assert time.monotonic() < deadline
        time.sleep(0.1)
    assert (chart["level"], chart["channels"][0]["mean"]) == ([9000.0], [9000.0])
    assert page.get("/api/days", station=STATION)["days"][0]["exceedances"] == 1


@pytest.mark.broker
def test_an_alarm_is_listed_acknowledged_labelled_and_shelved(page: PageClient, agent: MqttClient) -> None:
    present(page, agent)
    with page.stream() as events:
        next(events)
        one = event("a1", opened=rfc3339(time.time()))
        publish(agent, message("st-1/event", one))
        publish(agent, alarm("st-1", one), retain=True)
        assert next(body for name, body in events if name == "alarm")["event"]["id"] == "a1"
    station = page.wait(lambda now: now["stations"][0]["standing"] and now["stations"][0])
    assert (station["alarm"], station["fault"]) == ("ON", "OFF")
    found = page.get("/api/alarms", station=STATION)
    assert [(each["station_id"], each["standing"], each["event"]["id"]) for each in found["alarms"]] == [
        (STATION, True, "a1")
    ]
    asked = {"station": STATION, "id": "a1", "label": "plume", "comment": "valve 3"}
    bodies: list[dict[str, Any]] = []

    def carry_out(body: dict[str, Any]) -> list[dict[str, Any]]:
        bodies.append(body)
        return [{"status": "ok", "data": {"events": [], "closed": {"label": "plume"}}, "error": None}]

    for route, verb in (
        ("acknowledge", "alarm/acknowledge"),
        ("label", "alarm/acknowledge"),
        ("shelve", "alarm/shelve"),
    ):
        thread = answers(agent, verb, carry_out)
        body = asked if route != "shelve" else {"station": STATION, "id": "a1", "minutes": 30, "comment": "gas"}
        status, _, answer = page.request("POST", f"/api/{route}", body)
        thread.join()
        assert (status, b'"data"' in answer) == (200, True)
    sent = [{key: value for key, value in body.items() if key != "transaction"} for body in bodies]
    assert sent[0] == sent[1] == {"id": "a1", "label": "plume", "comment": "valve 3"}
    assert sent[2] == {"id": "a1", "minutes": 30.0, "comment": "gas"}
    labelled = page.get("/api/alarms")["alarms"][0]["event"]
    assert (labelled["label"], labelled["comment"]) == ("plume", "valve 3")


@pytest.mark.broker
def test_a_refusal_of_the_agent_is_passed_on(page: PageClient, agent: MqttClient) -> None:
    present(page, agent)
    sentence = "id: got a1, expected an alarm that stands"
    thread = answers(agent, "alarm/acknowledge", lambda body: [{"status": "error", "data": {}, "error": sentence}])
    status, _, body = page.request("POST", "/api/acknowledge", {"station": STATION, "id": "a1"})
    thread.join()
    assert (status, body.decode()) == (409, f'{{"error":"{sentence}"}}')


@pytest.mark.broker
def test_synthetic_rows_come_as_one_file_whatever_the_parts(page: PageClient, agent: MqttClient) -> None:
    present(page, agent)
    asked: list[dict[str, Any]] = []

    def draw(body: dict[str, Any]) -> list[dict[str, Any]]:
        asked.append(body)
        rows = ("Methane,RMQ4\n1,2\n", "3,4\n", "5,6\n")
        return [
            {"status": "ok", "error": None, "data": {"rows": each, "seed": 7, "part": i, "parts": 3}}
            for i, each in enumerate(rows, 1)
        ]

    thread = answers(agent, "synthesize", draw)
    path = "/api/synthesis?station=davylamp%2Fgw1%2Fst-1&rows=3&regime=plume&seed=7"
    status, headers, body = page.request("GET", path)
    thread.join()
    assert (status, body) == (200, b"Methane,RMQ4\n1,2\n3,4\n5,6\n")
    assert headers["content-disposition"] == 'attachment; filename="synthetic-st-1-7.csv"'
    assert headers["content-type"].startswith("text/csv")
    assert {key: asked[0][key] for key in ("station", "n", "from", "seed", "format")} == {
        "station": "st-1", "n": 3, "from": {"regime": "plume"}, "seed": 7, "format": "csv",
    }  # fmt: skip


@pytest.mark.broker
@pytest.mark.parametrize(
    ("method", "path", "body", "status", "words"),
    [
        ("GET", "/api/history", None, 400, "station: missing"),
        ("GET", "/api/history?station=x&points=1e9", None, 400, "points: got '1e9', expected a number from 2 to 2000"),
        ("GET", "/api/history?station=x&start=nan", None, 400, "start: got 'nan'"),
        ("GET", "/api/history?station=x&start=9&end=3", None, 400, "expected a time before end"),
        ("GET", "/api/days?station=x&year=x", None, 400, "year: got 'x'"),
        ("GET", "/api/alarms?before=yesterday", None, 400, "before: got 'yesterday', expected RFC 3339"),
        ("GET", "/api/synthesis?station=davylamp/gw1/none", None, 404, "which has published nothing"),
        ("GET", "/api/nothing", None, 404, "there is no such page"),
        ("GET", "/static/../../../pyproject.toml", None, 404, ""),
        ("GET", "/static/%2e%2e/%2e%2e/%2e%2e/pyproject.toml", None, 404, ""),
        ("POST", "/api/acknowledge", {"station": "x"}, 400, "missing required field `id`"),
        ("POST", "/api/acknowledge", {"station": "x", "id": "a", "label": "gas"}, 400, "label"),
        ("POST", "/api/label", {"station": "x", "id": "a"}, 400, "missing required field `label`"),
        ("POST", "/api/shelve", {"station": "x", "id": "a", "minutes": -1}, 400, "minutes"),
        ("POST", "/api/shelve", {"station": "x" * 20_000}, 400, "expected a short JSON object"),
        ("POST", "/api/acknowledge", {"station": "davylamp/gw1/none", "id": "a"}, 404, "which has published nothing"),
    ],
)
def test_a_wrong_question_is_answered_with_a_sentence(
    shared_page: PageClient, method: str, path: str, body: object, status: int, words: str
) -> None:
    got, headers, answer = shared_page.request(method, path, body)
    assert (got, words in answer.decode()) == (status, True), answer
    assert headers["content-security-policy"].startswith("default-src 'none'; script-src 'self'")


@pytest.fixture(scope="module")
def shared_page(own_broker: RunningBroker, tmp_path_factory: pytest.TempPathFactory) -> Iterator[PageClient]:
    server = DashboardProcess(tmp_path_factory.mktemp("shared"), own_broker.port)
    yield PageClient(server.port)
    assert server.stop() == 0


@pytest.mark.broker
def test_junk_below_our_topics_changes_nothing(page: PageClient, agent: MqttClient) -> None:
    present(page, agent)
    for topic in (
        "st-1/score",
        "st-1/event",
        "info",
        "health",
        "deadletter",
        "st-1/alarm",
        "state",
        "st-1/counts",
        "x/y/z",
    ):
        for junk in (b"\xff\xfe", b"[]", b'{"ts": 1}', b"[" * 5000, b'{"state": "online"}', b"null", b"1e999"):
            agent.publish(f"davylamp/gw1/{topic}", junk)
            agent.publish(f"davylamp/gw1/response/{topic}", junk)
    publish(agent, score(received=TIME))
    overview = page.wait(lambda now: now["stations"][0]["last_seen"] and now)
    assert [station["id"] for station in overview["stations"]] == [STATION]


@pytest.mark.broker
def test_the_page_survives_the_broker_and_says_so(start_broker: StartBroker, client: Connect, serve: Serve) -> None:
    broker = start_broker()
    server = serve(broker.port)
    page = PageClient(server.port)
    agent = client(broker.port)
    publish(agent, state(), availability("st-1"), alarm("st-1"), retain=True)
    page.wait(lambda now: now["stations"])
    agent.close()
    with page.stream() as events:
        broker.kill()
        lost = next(body for name, body in events if name == "link" and body["state"] == "lost")
        assert "connection lost: " in lost["detail"]
        status, _, answer = page.request("POST", "/api/acknowledge", {"station": STATION, "id": "a"})
        assert (status, b"there is no connection to the broker" in answer) == (502, True)
        broker.start()
        assert next(body for name, body in events if name == "link" and body["state"] == "connected")
    agent = client(broker.port)
    publish(agent, state(), retain=True)
    publish(agent, score())
    page.wait(lambda now: now["stations"][0]["last_seen"])
    assert server.stop() == 0


@pytest.mark.broker
def test_a_killed_page_has_its_history_when_it_starts_again(
    own_broker: RunningBroker, agent: MqttClient, serve: Serve
) -> None:
    server = serve(own_broker.port)
    page, now = PageClient(server.port), time.time()
    present(page, agent)
    publish(agent, score(ts=rfc3339(now), received=rfc3339(now)))
    with page.stream():  # somebody looks, so it is written within two seconds
        deadline = time.monotonic() + 15
        while not page.get("/api/history", station=STATION, start=now - 60, end=now + 60)["t"]:
            assert time.monotonic() < deadline
            time.sleep(0.1)
        server.stop(signal.SIGKILL)
    again = serve(own_broker.port)
    page = PageClient(again.port)
    assert page.get("/api/history", station=STATION, start=now - 60, end=now + 60)["level"] == [9000.0]
    publish(agent, score(n=8, ts=rfc3339(now + 1), received=rfc3339(now + 1)))
    spark = page.wait(lambda now: now["stations"] and now["stations"][0]["spark"])
    assert spark[-1][1] == 9000.0
    assert again.stop() == 0


@pytest.mark.broker
def test_a_page_with_browsers_ends_at_once_and_stays_below_60_mib(
    own_broker: RunningBroker, agent: MqttClient, serve: Serve
) -> None:
    server = serve(own_broker.port)
    page = PageClient(server.port)
    present(page, agent)
    with page.stream() as one, page.stream() as other:
        assert next(one)[0] == next(other)[0] == "overview"
        for path in ("/", "/static/app.js", f"/api/history?station={STATION}", f"/api/days?station={STATION}"):
            assert page.request("GET", path)[0] == 200
        assert server.resident_mib <= 60
        begun = time.monotonic()
        assert server.stop() == 0
        assert time.monotonic() - begun < 5


def test_without_a_broker_the_page_says_what_is_wrong(free_port: int, serve: Serve) -> None:
    server = serve(free_port)
    link = PageClient(server.port).wait(lambda now: now["link"]["state"] == "lost" and now["link"])
    assert f"127.0.0.1:{free_port}" in link["broker"]
    assert "fix: " in link["detail"]
    assert server.stop() == 0


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["--listen", "{taken}"], "127.0.0.1:{taken}: Address already in use; fix: --listen"),
        (["--listen", "no-such-host.invalid:8321"], "no-such-host.invalid:8321: "),
        (["--history", "theirs.db"], "theirs.db: got version 7, expected 1; fix: "),
        (
            ["--history", "no/such/folder.db", "--listen", "0"],
            "no/such/folder.db: there is no folder no/such; fix: make it",
        ),
    ],
    ids=["taken", "no such host", "another program's", "no folder"],
)
def test_what_keeps_the_page_from_starting_is_one_line(
    own_broker: RunningBroker, shared_page: PageClient, tmp_path: Path, words: list[str], sentence: str
) -> None:
    import sqlite3

    with sqlite3.connect(tmp_path / "theirs.db") as db:
        db.execute("pragma user_version = 7")
    db.close()
    words = [word.format(taken=shared_page.port) for word in words]
    command = [sys.executable, "-m", "davylamp", "dashboard", "--broker", f"127.0.0.1:{own_broker.port}", *words]
    run = subprocess.run(
        command, cwd=tmp_path, env=os.environ | {"PYTHONPATH": str(ROOT)}, capture_output=True, text=True,
        timeout=20, check=False,
    )  # fmt: skip
    assert run.returncode == 1
    assert run.stderr.count("\n") == 1
    assert sentence.format(taken=shared_page.port) in run.stderr
