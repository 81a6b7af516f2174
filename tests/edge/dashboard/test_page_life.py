"""The page when its broker goes, when it is killed, when it ends, and when it cannot begin."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from edge.clock import rfc3339
from tests.dashboard_process import ROOT
from tests.edge.dashboard.page_client import PageClient, Serve
from tests.edge.dashboard.scripted_agent import STATION, present, publish
from tests.edge.watching.messages import alarm, availability, score, state
from tests.mqtt_client import Connect, MqttClient
from tests.running_broker import RunningBroker, StartBroker

pytest.importorskip("uvicorn", reason="THE PAGE IS NOT TESTED: pip install 'davylamp[dashboard]'")


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
        assert "; it is tried again" in lost["detail"] or "fix: " in lost["detail"]
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
