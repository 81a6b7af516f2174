from __future__ import annotations

import io
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from config.broker import Broker
from config.errors import ConfigError
from config.loading import load_station
from config.starting import METHANE
from config.station import Feature, Station
from edge.clock import parse_time
from edge.errors import TableError
from edge.replaying import replay
from edge.stopping import Stop

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


def play(file: Path, description: Station, broker: Broker, **options: Any) -> tuple[int, str]:
    out = io.StringIO()
    options.setdefault("speed", None)
    sent = replay(file, description, "st-1", broker, stop=Stop(), out=out, **options)
    return sent, out.getvalue()


@pytest.fixture
def small(tmp_path: Path) -> Path:
    path = tmp_path / "small.csv"
    path.write_text("When;A;B\n2026-01-31T12:00:00Z;1,5;2\n2026-01-31T12:01:00Z;;-200\n2026-01-31T12:02:30Z;3;4\n")
    return path


@pytest.mark.broker
def test_a_files_rows_are_sent_with_its_own_times_and_null_for_what_is_missing(
    small: Path, own_broker: Any, listener: Any
) -> None:
    sent, said = play(small, SMALL, own_broker.settings)
    assert sent == 3
    assert listener.wait(3) == [
        {"a_v": 1.5, "b_v": 2.0, "ts": "2026-01-31T12:00:00.000Z", "seq": 0},
        {"a_v": None, "b_v": None, "ts": "2026-01-31T12:01:00.000Z", "seq": 1},
        {"a_v": 3.0, "b_v": 4.0, "ts": "2026-01-31T12:02:30.000Z", "seq": 2},
    ]
    assert {(topic, qos) for topic, _, qos, _ in listener.heard} == {("sensors/st-1/readings", 1)}
    assert "3 of 3 readings sent" in said


@pytest.mark.broker
def test_a_file_without_times_is_sent_with_the_time_of_sending(tmp_path: Path, own_broker: Any, listener: Any) -> None:
    path = tmp_path / "plain.csv"
    path.write_text("A,B\n1,2\n")
    before = time.time()
    plain = Station(name="plain", features=SMALL.features)
    play(path, plain, own_broker.settings)
    assert before - 0.001 <= parse_time(listener.wait(1)[0]["ts"]) <= time.time() + 0.001


@pytest.mark.broker
def test_rows_choose_a_part_and_absent_keys_are_left_out(tmp_path: Path, own_broker: Any, listener: Any) -> None:
    path = tmp_path / "part.csv"
    path.write_text("When,B\n" + "".join(f"{i},{i}\n" for i in range(10)))
    play(path, SMALL, own_broker.settings, rows="2:5", absent=["a_v"], topic="sensors/{station}/raw")
    bodies = listener.wait(3)
    assert [(body["seq"], body["b_v"]) for body in bodies] == [(2, 2.0), (3, 3.0), (4, 4.0)]
    assert all("a_v" not in body for body in bodies)


@pytest.mark.broker
def test_the_speed_is_kept(small: Path, own_broker: Any) -> None:
    start = time.monotonic()
    play(small, SMALL, own_broker.settings, speed=10.0)
    assert time.monotonic() - start >= 0.2


@pytest.mark.broker
def test_the_whole_record_goes_at_full_speed_without_a_loss(
    record_folder: Path, own_broker: Any, listener: Any
) -> None:
    start = time.monotonic()
    sent, said = play(record_folder / "station-1.csv", METHANE_STATION, own_broker.settings)
    assert time.monotonic() - start < 20
    bodies = listener.wait(14186)
    assert sent == len(bodies) == 14186
    assert [body["seq"] for body in bodies] == list(range(14186))
    real = np.loadtxt(record_folder / "station-1.csv", delimiter=",", skiprows=1)
    np.testing.assert_array_equal([[body[key] for key in METHANE_STATION.keys] for body in bodies], real)
    assert "14186 of 14186 readings sent" in said


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"rows": "5"}, "rows: got '5', expected FIRST:END such as 0:2000"),
        ({"rows": "2:1"}, "rows: got '2:1', expected a first row below the end"),
        ({"rows": "3:"}, "below the 3 rows"),
        ({"speed": 0.0}, "speed: got 0, expected readings per second above 0, or max"),
        ({"speed": float("nan")}, "speed: got nan"),
        ({"topic": "sensors/#"}, "topic: got 'sensors/#'"),
    ],
)
def test_a_wrong_option_is_refused(small: Path, options: dict[str, Any], said: str) -> None:
    with pytest.raises(ConfigError) as refusal:
        play(small, SMALL, ANY, **options)
    assert said in str(refusal.value)


def test_a_file_that_is_not_this_stations_is_refused_before_anything_is_sent(small: Path) -> None:
    with pytest.raises(TableError, match="Methane"):
        play(small, METHANE_STATION, ANY)
