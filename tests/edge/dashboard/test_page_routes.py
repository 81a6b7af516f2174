"""What the page answers, with a real broker, and an agent's messages published by the test."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import pytest

from edge.clock import rfc3339
from tests.edge.dashboard.page_client import PageClient, Serve
from tests.edge.dashboard.scripted_agent import STATION, answers, present, publish
from tests.edge.watching.messages import TIME, alarm, event, message, score
from tests.mqtt_client import MqttClient
from tests.running_broker import RunningBroker

pytest.importorskip("uvicorn", reason="THE PAGE IS NOT TESTED: pip install 'davylamp[dashboard]'")


@pytest.fixture
def page(own_broker: RunningBroker, serve: Serve) -> Iterator[PageClient]:
    server = serve(own_broker.port)
    yield PageClient(server.port)
    assert server.stop() == 0
    assert server.log.read_text() == ""


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
@pytest.mark.parametrize("more", [{}, {"a key of a later version": [1]}], ids=["earlier", "later"])
def test_an_agent_of_another_version_is_shown(page: PageClient, agent: MqttClient, more: dict[str, Any]) -> None:
    page.wait(lambda now: now["link"]["state"] == "connected")
    bundle = {"bundle": "b1", "columns": ["ch4_ppb"], "units": ["[ppb]"], **more}
    agent.publish("davylamp/gw1/info", {"gateway": "gw1", "bundles": [bundle], **more}, retain=True)
    agent.publish("davylamp/gw1/health", {"ts": TIME, **more})
    gateway = page.wait(lambda now: now["gateways"] and now["gateways"][0]["health"] and now["gateways"][0])
    assert (gateway["gateway"], gateway["bundles"][0]["columns"]) == ("gw1", ["ch4_ppb"])
    assert gateway["exceedances_per_1000"] is None
