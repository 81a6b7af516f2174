from __future__ import annotations

import io
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from config.errors import ConfigError
from config.settings.broker import Broker
from config.settings.station import Feature, Station
from config.templates.templates import METHANE
from config.yaml.load import load_station
from edge.clock import parse_time
from edge.commands.replay import replay
from edge.errors import TableError
from edge.stop import Stop
from tests.mqtt_client import Connect
from tests.running_broker import RunningBroker, StartBroker

ANY = Broker(host="127.0.0.1", port=1)
METHANE_STATION = load_station(METHANE)
SMALL = Station(
    name="small",
    features=(
        Feature(name="A", key="a_v", unit="V", role="sensor", range=(0, 100)),
        Feature(name="B", key="b_v", unit="V", role="sensor", range=(0, 100)),
    ),
    time="When",
)


def settings(broker: RunningBroker) -> Broker:
    return Broker(host=broker.host, port=broker.port, protocol="3.1.1")  # the embedded one knows no other


def play(file: Path, description: Station, station: str, broker: Broker, **options: Any) -> tuple[int, str]:
    out = io.StringIO()
    options.setdefault("speed", None)
    code = replay(file, description, station, broker, stop=Stop(), out=out, **options)
    return code, out.getvalue()


@pytest.fixture
def small(tmp_path: Path) -> Path:
    path = tmp_path / "small.csv"
    path.write_text("When;A;B\n2026-01-31T12:00:00Z;1,5;2\n2026-01-31T12:01:00Z;;-200\n2026-01-31T12:02:30Z;3;4\n")
    return path


@pytest.mark.broker
def test_a_files_rows_are_sent_with_its_own_times_and_null_for_what_is_missing(
    small: Path, broker: RunningBroker, client: Connect
) -> None:
    topic = "sensors/play-times/readings"
    listener = client(broker.port, topic)
    code, printed = play(small, SMALL, "play-times", settings(broker))
    listener.wait(topic, lambda body: body["seq"] == 2)
    assert code == 0
    assert listener.on(topic) == [
        {"a_v": 1.5, "b_v": 2.0, "ts": "2026-01-31T12:00:00.000Z", "seq": 0},
        {"a_v": None, "b_v": None, "ts": "2026-01-31T12:01:00.000Z", "seq": 1},
        {"a_v": 3.0, "b_v": 4.0, "ts": "2026-01-31T12:02:30.000Z", "seq": 2},
    ]
    assert {(message.qos, message.retain) for message in listener.received} == {(1, False)}
    assert "3 of 3 readings sent" in printed


@pytest.mark.broker
def test_a_file_without_times_is_sent_with_the_time_of_sending(
    tmp_path: Path, broker: RunningBroker, client: Connect
) -> None:
    path, topic = tmp_path / "plain.csv", "sensors/play-plain/readings"
    path.write_text("A,B\n1,2\n")
    listener, before = client(broker.port, topic), time.time()
    play(path, Station(name="plain", features=SMALL.features), "play-plain", settings(broker))
    body = listener.wait(topic).body
    assert before - 0.001 <= parse_time(body["ts"]) <= time.time() + 0.001


@pytest.mark.broker
def test_rows_choose_a_part_and_absent_keys_are_left_out(
    tmp_path: Path, broker: RunningBroker, client: Connect
) -> None:
    path, topic = tmp_path / "part.csv", "sensors/play-part/raw"
    path.write_text("When,B\n" + "".join(f"{i},{i}\n" for i in range(10)))
    listener = client(broker.port, topic)
    play(path, SMALL, "play-part", settings(broker), rows="2:5", absent=["a_v"], topic="sensors/{station}/raw")
    listener.wait(topic, lambda body: body["seq"] == 4)
    bodies = listener.on(topic)
    assert [(body["seq"], body["b_v"]) for body in bodies] == [(2, 2.0), (3, 3.0), (4, 4.0)]
    assert not any("a_v" in body for body in bodies)


@pytest.mark.broker
def test_the_speed_is_kept(small: Path, broker: RunningBroker) -> None:
    start = time.monotonic()
    play(small, SMALL, "play-speed", settings(broker), speed=10.0)
    assert time.monotonic() - start >= 0.2


@pytest.mark.broker
@pytest.mark.mqtt5  # at this speed; the embedded broker is for small things
def test_the_whole_record_goes_at_full_speed_without_a_loss(
    record_folder: Path, start_broker: StartBroker, client: Connect
) -> None:
    broker = start_broker("autosave_on_changes false")  # a disk that is written after each reading sets the pace
    topic = "sensors/play-record/readings"
    listener = client(broker.port, topic)
    code, printed = play(record_folder / "station-1.csv", METHANE_STATION, "play-record", settings(broker))
    listener.wait(topic, lambda body: body["seq"] == 14185)
    bodies = listener.on(topic)
    assert (code, len(bodies)) == (0, 14186)
    assert [body["seq"] for body in bodies] == list(range(14186))
    real = np.loadtxt(record_folder / "station-1.csv", delimiter=",", skiprows=1)
    np.testing.assert_array_equal([[body[key] for key in METHANE_STATION.keys] for body in bodies], real)
    assert "14186 of 14186 readings sent" in printed


@pytest.mark.parametrize(
    ("options", "text"),
    [
        ({"rows": "5"}, "rows: got '5', expected FIRST:END such as 0:2000"),
        ({"rows": "2:1"}, "rows: got '2:1', expected a first row below the end"),
        ({"rows": "3:"}, "below the 3 rows"),
        ({"speed": 0.0}, "speed: got 0, expected readings per second above 0, or max"),
        ({"speed": float("nan")}, "speed: got nan"),
        ({"topic": "sensors/#"}, "topic: got 'sensors/#'"),
    ],
)
def test_a_wrong_option_is_refused(small: Path, options: dict[str, Any], text: str) -> None:
    with pytest.raises(ConfigError) as refusal:
        play(small, SMALL, "st-1", ANY, **options)
    assert text in str(refusal.value)


def test_a_file_that_is_not_this_stations_is_refused_before_anything_is_sent(small: Path) -> None:
    with pytest.raises(TableError, match="Methane"):
        play(small, METHANE_STATION, "st-1", ANY)
