"""`davylamp sniff` writes files that work when nobody has edited them."""

from __future__ import annotations

import io
import json
import threading
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from config.settings.broker import Broker, Password
from config.yaml.load import load_gateway, load_station
from edge.commands.record import record
from edge.commands.sniff import sniff, write_guesses
from edge.errors import RequestError
from edge.mqtt.message import Message
from tests.edge.sniffing.decoding import decoded
from tests.edge.sniffing.stations import STATIONS, Sent, as_messages, chirpstack, ttn
from tests.mqtt_client import Connect, MqttClient
from tests.running_broker import RunningBroker

PAYLOADS = Path(__file__).parents[4] / "shared" / "data" / "payloads"
FIXTURES = ("esphome", "tasmota", "ttn-v3", "chirpstack-v4", "senml", "influx-line", "shelly", "purpleair", "theengs")


def written(messages: list[Message], folder: Path, **options: Any) -> str:
    """Write the files; returns what is reported."""
    out = io.StringIO()
    assert write_guesses(messages, Broker(host="gateway.local"), folder, out=out, **options) == 0
    return out.getvalue()


def assert_values(readings: list[dict[str, float]], sent: Sent) -> None:
    assert len(readings) == len(sent.values)
    for reading, values in zip(readings, sent.values, strict=True):
        for key, value in values.items():
            assert reading[key] == pytest.approx(value, rel=1e-6), key


@pytest.mark.parametrize("name", STATIONS)
def test_every_reading_is_decoded_by_the_files_with_the_values_that_were_sent(name: str, tmp_path: Path) -> None:
    sent = STATIONS[name]()
    messages = as_messages(sent.messages)
    written(messages, tmp_path)
    readings = decoded(tmp_path, messages)
    if name == "esphome":  # the parts of two boards come in turns: each reading is complete with its last part
        readings.sort(key=lambda reading: [values["ch4_ppb"] for values in sent.values].index(reading["ch4_ppb"]))
    assert_values(readings, sent)


@pytest.mark.parametrize("name", FIXTURES)
def test_the_collected_payloads_of_others_give_20_readings_with_their_values(name: str, tmp_path: Path) -> None:
    path = PAYLOADS / f"{name}.jsonl"
    if not path.is_file():
        pytest.skip(f"the collected payloads are not beside the project (expected {path})")
    lines = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    messages = as_messages([(line["topic"], line["payload"].encode()) for line in lines])
    written(messages, tmp_path)
    readings = decoded(tmp_path, messages)
    assert len(readings) == 20
    truth = [line.split(",") for line in truth_lines()]
    keys = ["ch4_ppb", "h2o_ppm", "temperature_c", "humidity_pct", "r2611e_ohm", "r2600_ohm", "r2602_ohm"]
    for reading, row in zip(readings, truth, strict=True):
        for key, text in zip(keys, row[1:], strict=False):
            if key in reading:  # devices round: by up to half a degree Fahrenheit, or half a percent
                tolerance = 0.5 if key in ("temperature_c", "humidity_pct") else 0.06
                assert reading[key] == pytest.approx(float(text), abs=tolerance), key
        assert np.isfinite(list(reading.values())).all()


def truth_lines() -> list[str]:
    lines = (PAYLOADS / "csv.jsonl").read_text(encoding="utf-8").splitlines()
    return [str(json.loads(line)["payload"]) for line in lines]


@pytest.mark.broker
@pytest.mark.parametrize("name", ["esphome", "tasmota", "ttn", "chirpstack"])
def test_it_listens_to_a_broker_and_record_works_with_its_files(
    name: str, broker: RunningBroker, client: Connect, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sent = STATIONS[name]()
    monkeypatch.setattr("edge.commands.sniff._MOST", len(sent.messages))  # then listening ends
    other = client(broker.port)
    topics = sorted({topic.split("/")[0] for topic, _ in sent.messages})
    settings = Broker(host="127.0.0.1", port=broker.port)
    folder = tmp_path / "sniffed"
    out = io.StringIO()
    publish = in_background(other, sent, out)
    assert sniff(settings, [f"{each}/#" for each in topics], folder, seconds=60, out=out) == 0
    publish.join()
    assert (
        f"{len(sent.values) // 2 if name in ('esphome', 'chirpstack') else len(sent.values)} readings" in out.getvalue()
    )

    out = io.StringIO()
    publish = in_background(other, sent, out)
    rows = tmp_path / "rows.csv"
    assert record(folder / "gateway.yaml", rows, station=folder / "station.yaml", rows=15, out=out) == 0
    publish.join()
    header, *lines = rows.read_text().splitlines()
    assert header.split(",") == ["time", *load_station(folder / "station.yaml").names]
    assert len(lines) == 15


@pytest.mark.broker
def test_a_replay_of_the_collected_payloads_is_sniffed_whole(
    broker: RunningBroker, client: Connect, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    names = ("esphome", "tasmota", "ttn-v3", "chirpstack-v4")
    if not (PAYLOADS / "esphome.jsonl").is_file():
        pytest.skip(f"the collected payloads are not beside the project (expected {PAYLOADS})")
    lines = [json.loads(line) for name in names for line in (PAYLOADS / f"{name}.jsonl").read_text().splitlines()]
    topics = sorted({line["topic"].split("/")[0] for line in lines})
    sent = Sent([(line["topic"], line["payload"].encode()) for line in lines], [])
    monkeypatch.setattr("edge.commands.sniff._MOST", len(sent.messages))  # then listening ends
    out = io.StringIO()
    publish = in_background(client(broker.port), sent, out)
    settings = Broker(host="127.0.0.1", port=broker.port)
    assert sniff(settings, [f"{each}/#" for each in topics], tmp_path, seconds=60, out=out) == 0
    publish.join()
    # ESPHome's and Tasmota's boards have the same name, which one station can have only.
    for station in ("0102030405060708", "eui-70b3d57ed0066872", "methane-7", "methane-7-4"):
        assert f"\n{station}: 20 readings\n" in out.getvalue()
    assert "not used" not in out.getvalue()


def in_background(client: MqttClient, sent: Sent, out: io.StringIO) -> threading.Thread:
    """Publish everything once somebody listens."""

    def publish() -> None:
        deadline = time.monotonic() + 10
        while "listening" not in out.getvalue() and time.monotonic() < deadline:
            time.sleep(0.01)
        for topic, payload in sent.messages:
            client.publish(topic, payload)

    thread = threading.Thread(target=publish)
    thread.start()
    return thread


def test_nothing_is_overwritten(tmp_path: Path) -> None:
    (tmp_path / "station.yaml").write_text("mine")
    with pytest.raises(RequestError, match=r"station\.yaml: exists already; fix: give another folder"):
        sniff(Broker(), ["#"], tmp_path, out=io.StringIO())
    with pytest.raises(RequestError, match="exists already"):
        written(as_messages(ttn().messages), tmp_path)
    assert (tmp_path / "station.yaml").read_text() == "mine"


def test_a_wrong_topic_filter_is_refused_before_anything_is_listened_to(tmp_path: Path) -> None:
    with pytest.raises(RequestError, match="expected a topic filter with"):
        sniff(Broker(), ["a/#/b"], tmp_path, out=io.StringIO())


def test_where_nothing_is_recognised_the_reasons_are_printed(tmp_path: Path) -> None:
    out = io.StringIO()
    messages = as_messages([("shed/status", b"Online"), ("shed/level", b"3"), ("shed/level", b"4")])
    assert write_guesses(messages, Broker(), tmp_path / "new", out=out) == 1
    assert "shed/status: no format of readings" in out.getvalue()
    assert "nothing was recognised in 3 messages; fix: another topic, or listen longer" in out.getvalue()
    assert not (tmp_path / "new").exists()


def test_with_a_bundle_its_columns_are_found_whatever_their_names_and_units(
    bundles: dict[str, Path], tmp_path: Path
) -> None:
    from edge.bundles.bundle import Bundle

    station = Bundle.open(bundles["both"]).station
    sent = []
    for i in range(12):
        body = {"CH4": 2.0 + i / 100, "tempF": 60.0 + i, "rhum": 40.0 + i, "tgs_r2600": 20_000.0 + i, "lux": 5.0 + i}
        sent.append((f"air/node-{i % 2}/data", json.dumps(body).encode()))
    report = written(as_messages(sent), tmp_path, known=station, bundle=bundles["both"])
    assert not (tmp_path / "station.yaml").exists()
    (entry,) = load_gateway(tmp_path / "gateway.yaml").stations
    assert Path(entry.bundle).resolve() == bundles["both"].resolve()
    assert entry.keys["ch4_ppb"] == "CH4"
    assert entry.units == {"ch4_ppb": "ppm", "temperature_c": "degF"}
    assert entry.keys["temperature_c"] == "tempF"
    assert "node-0: 6 readings" in report
    assert "h2o_ppm" in (tmp_path / "gateway.yaml").read_text()


def test_the_login_of_a_gateway_file_is_kept(tmp_path: Path) -> None:
    broker = Broker(host="10.0.0.2", port=1884, username="me", password=Password(env="SECRET"), plaintext=True)
    write_guesses(as_messages(chirpstack().messages), broker, tmp_path, out=io.StringIO())
    found = load_gateway(tmp_path / "gateway.yaml").broker
    assert (found.host, found.port, found.username, found.plaintext) == ("10.0.0.2", 1884, "me", True)
    assert found.password == Password(env="SECRET")
