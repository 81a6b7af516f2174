"""The configuration in docs/clients/prometheus makes metrics and alerts of what an agent publishes."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import time
import urllib.parse
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import rig.broker
import yaml

from edge.agent.schemas import MESSAGES, message_schema
from tests.agent_process import StartAgentProcess
from tests.clients.conftest import ROOT, TOPICS
from tests.mqtt_client import Connect
from tests.running_broker import StartBroker
from tests.test_requests import let_a_station_leak

FOLDER = ROOT / "docs" / "clients" / "prometheus"
EXPORTER, SERVER = "prometheus-mqtt-exporter", "prometheus"
METRICS: list[dict[str, Any]] = yaml.safe_load((FOLDER / "mqtt-exporter.yaml").read_text())["metrics"]
DASHBOARD_QUERIES = [
    re.sub(r"\$(gateway|station)", ".*", target["expr"]).replace("$__rate_interval", "10s")
    for panel in json.loads((FOLDER / "grafana-dashboard.json").read_text())["panels"]
    for target in panel.get("targets", ())
]


def program(name: str) -> str:
    found = shutil.which(name)
    if found is None:
        pytest.skip(f"METRICS ARE NOT TESTED: there is no {name} on PATH (apt install {EXPORTER} {SERVER})")
    return found


class Prometheus:
    """Debian's exporter and Prometheus with the shipped files, at a broker."""

    def __init__(self, folder: Path, broker_port: int) -> None:
        port, self._port = rig.broker.free_port(), rig.broker.free_port()
        text = (FOLDER / "mqtt-exporter.yaml").read_text()
        assert text.count("tcp://127.0.0.1:1883") == 1
        (folder / "exporter.yaml").write_text(text.replace(":1883", f":{broker_port}"))
        text = (FOLDER / "prometheus.yml").read_text()
        assert text.count("127.0.0.1:9641") == 1
        assert text.count("interval: 15s") == 2
        text = text.replace(":9641", f":{port}").replace("interval: 15s", "interval: 1s")
        (folder / "prometheus.yml").write_text(text)
        shutil.copy(FOLDER / "davylamp-rules.yml", folder)
        self._log = folder / "metrics.log"
        self._processes = [
            self._start(
                EXPORTER, "-config", folder / "exporter.yaml", "-listen-address", "127.0.0.1", "-listen-port", port
            ),
            self._start(
                SERVER, f"--config.file={folder}/prometheus.yml", f"--storage.tsdb.path={folder}/data",
                f"--web.listen-address=127.0.0.1:{self._port}",
            ),
        ]  # fmt: skip

    @property
    def log(self) -> str:
        return self._log.read_text(errors="replace")

    def ask(self, path: str, **query: str) -> Any:
        """Return what Prometheus answers; ``None`` while it does not."""
        url = f"http://127.0.0.1:{self._port}/api/v1/{path}?{urllib.parse.urlencode(query)}"
        try:
            with urllib.request.urlopen(url, timeout=5) as answer:
                return json.load(answer)["data"]
        except OSError:
            return None

    def values(self, query: str) -> dict[tuple[tuple[str, str], ...], float]:
        """Return the value of each series, by its labels."""
        found = self.ask("query", query=query) or {"result": []}
        ours = {"gateway", "station", "kind", "quantile", "alertname"}
        return {
            tuple(sorted((key, label) for key, label in each["metric"].items() if key in ours)): float(each["value"][1])
            for each in found["result"]
        }

    def until(self, query: str, condition: Callable[[dict[tuple[tuple[str, str], ...], float]], bool]) -> None:
        deadline = time.monotonic() + 60
        while not condition(found := self.values(query)):
            assert time.monotonic() < deadline, f"{query}: {found}\n{self.log[-3000:]}"
            assert all(each.poll() is None for each in self._processes), self.log
            time.sleep(0.2)

    def stop(self) -> None:
        for each in self._processes:
            each.terminate()
            each.wait(20)

    def _start(self, *words: object) -> subprocess.Popen[bytes]:
        with self._log.open("ab") as log:
            return subprocess.Popen([program(str(words[0])), *map(str, words[1:])], stdout=log, stderr=log)


@pytest.fixture
def start_prometheus(tmp_path: Path) -> Iterator[Callable[[int], Prometheus]]:
    program(EXPORTER), program(SERVER)
    started: list[Prometheus] = []

    def start(broker_port: int) -> Prometheus:
        folder = tmp_path / "prometheus"
        folder.mkdir()
        started.append(Prometheus(folder, broker_port))
        return started[-1]

    yield start
    for each in started:
        each.stop()


def test_each_metric_is_a_key_of_a_message_that_the_agent_publishes() -> None:
    for metric in METRICS:
        name = metric["sensor_name_filter"].strip("/$")
        assert MESSAGES[name].topic.endswith(name)
        schema = message_schema(name)
        found: Any = schema
        for key in metric["mqtt_name"].split("."):
            for each in (found, *found.get("anyOf", ())):
                if "$ref" in each:
                    found = schema["$defs"][each["$ref"].rpartition("/")[2]]
            assert key in found["properties"], metric
            found = found["properties"][key]
        text = "string" in str(found.get("type", "")) or "enum" in found
        assert text == ("string_value_mapping" in metric), (metric, found)
        if "enum" in found and len(found["enum"]) > 3:
            assert set(metric["string_value_mapping"]["map"]) == set(found["enum"])
        assert metric["omit_timestamp"], "a value is shown until the cache forgets it, with no time of its own"


def test_alerts_fire_after_their_time_and_not_before(tmp_path: Path) -> None:
    promtool = program("promtool")
    for file in (FOLDER / "davylamp-rules.yml", Path(__file__).with_name("rules.yml")):
        shutil.copy(file, tmp_path)
    done = subprocess.run(
        [promtool, "test", "rules", "rules.yml"], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_a_leak_and_the_end_of_the_agent_are_metrics_and_alerts(
    start_prometheus: Callable[[int], Prometheus],
    start_broker: StartBroker,
    agent_process: StartAgentProcess,
    client: Connect,
) -> None:
    port = start_broker().port
    prometheus = start_prometheus(port)
    other = client(port, "davylamp/#")
    process = agent_process(port)
    other.wait(TOPICS.state, lambda body: body["state"] == "online", timeout=30)
    for station in ("st-1", "st.2:b"):
        let_a_station_leak(other, station)
    other.publish("sensors/st-1/readings", b"nope")

    st1, st2, gateway = (
        (("gateway", "gw1"), ("station", "st-1")),
        (("gateway", "gw1"), ("station", "st.2:b")),
        ("gateway", "gw1"),
    )
    prometheus.until("davylamp_refused_total", lambda found: found == {st1: 1, st2: 0})
    assert prometheus.values("davylamp_readings_total") == {st1: 70, st2: 70}
    assert prometheus.values("davylamp_alarm") == {st1: 1, st2: 1}
    last = [each.body for each in other.received if each.topic == TOPICS.score("st-1")][-1]
    assert prometheus.values("davylamp_methane_ppb")[st1] == pytest.approx(last["methane"]["level_ppb"])
    assert prometheus.values("davylamp_score")[(*st1[:1], ("kind", "methane"), *st1[1:])] == last["methane"]["score"]
    assert prometheus.values("davylamp_verdict_state") == {st1: 4, st2: 4}
    assert prometheus.values("davylamp_agent_online") == {(gateway,): 1}
    assert prometheus.values("davylamp_agent_readings_total") == {(gateway,): 140}
    assert 3e7 < prometheus.values("davylamp_agent_resident_memory_bytes")[(gateway,)] < 3e8
    for fault in ("journal", "archive"):
        assert prometheus.values(f"davylamp_agent_{fault}_fault") == {(gateway,): 0}
    prometheus.until('ALERTS{alertname="MethaneAlarm",alertstate="firing"}', lambda found: len(found) == 2)

    published = {name for name in prometheus.ask("label/__name__/values") if name.startswith("davylamp_")}
    missing = {metric["prom_name"] for metric in METRICS} - published
    assert missing == set()
    for query in DASHBOARD_QUERIES:
        prometheus.until(query, bool)
    labels = set(prometheus.ask("labels"))
    assert not labels & {"sensor", "topic"}
    assert "could not store" not in prometheus.log

    process.stop()
    prometheus.until("davylamp_agent_online", lambda found: found == {(gateway,): 0})
    prometheus.until('ALERTS{alertname="AgentAway"}', lambda found: len(found) == 1)
