"""record: a live station becomes a training file."""

from __future__ import annotations

import itertools
import os
import signal
import threading
from collections.abc import Callable
from io import StringIO
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from config.templates.templates import METHANE
from config.yaml.load import load_station
from edge.commands.record import record
from edge.errors import BrokerError, TableError
from edge.readings.csv.reader import read_table
from tests.doubles import GOOD
from tests.mqtt_client import Connect, MqttClient
from tests.running_broker import RunningBroker

COUNTER = itertools.count()
STATION = load_station(METHANE)
HEADER = ",".join(["time", *STATION.names])


class Recording:
    """One recorder and one station, on topics of their own."""

    def __init__(self, folder: Path, port: int, protocol: str, client: MqttClient) -> None:
        number = next(COUNTER)
        self.config = folder / "gateway.yaml"
        self.output = folder / "station.csv"
        self.topic = f"in-record-{number}"
        self.config.write_text(
            f"broker: {{host: 127.0.0.1, port: {port}, protocol: {protocol}}}\n"
            f'stations: [{{topic: "{self.topic}/{{station}}", bundle: never-there.davy}}]\n'
        )
        self._client = client
        self.printed = ""

    def run(self, *messages: tuple[str, Any], before: Callable[[], None] = lambda: None, **options: Any) -> list[str]:
        """Record while a station sends, and send the last message again and again; returns the file's lines."""
        out = StringIO()
        done = threading.Event()

        def send() -> None:
            while "listening" not in out.getvalue():
                if done.wait(0.01):
                    return
            # The subscription follows at once; what is sent before it is lost, as live readings are.
            for name, body in messages:
                self._client.publish(f"{self.topic}/{name}", body)
            before()

        sender = threading.Timer(0.0, send)
        sender.start()
        try:
            assert record(self.config, self.output, out=out, **options) == 0
        finally:
            done.set()
            sender.join()
            self.printed = out.getvalue()
        return self.output.read_text().splitlines()


@pytest.fixture
def recording(tmp_path: Path, broker: RunningBroker, client: Connect, protocol: str) -> Recording:
    return Recording(tmp_path, broker.port, protocol, client(broker.port))


def readings(count: int, name: str = "st-1", first: int = 0) -> list[tuple[str, Any]]:
    return [(name, GOOD | {"ts": 1_700_000_000 + 60 * n, "ch4_ppb": 2000.0 + n}) for n in range(first, first + count)]


@pytest.mark.broker
def test_rows_have_the_names_of_the_training_and_their_time(recording: Recording) -> None:
    lines = recording.run(*readings(3), rows=3)
    assert lines[0] == HEADER
    assert lines[1].startswith("2023-11-14T22:13:20.000Z,2000.0,15000.0,20.0,60.0,")
    assert len(lines) == 4
    assert "3 rows appended" in recording.printed
    assert "recording st-1" in recording.printed


@pytest.mark.broker
def test_what_was_recorded_can_be_read_for_training(recording: Recording) -> None:
    recording.run(*readings(5), rows=5)
    table = read_table(recording.output, STATION)
    np.testing.assert_array_equal(table.values[:, 0], [2000, 2001, 2002, 2003, 2004])


@pytest.mark.broker
def test_a_file_is_continued(recording: Recording) -> None:
    recording.run(*readings(2), rows=2)
    lines = recording.run(*readings(2, first=2), rows=2)
    assert lines.count(HEADER) == 1
    assert [line.split(",")[1] for line in lines[1:]] == ["2000.0", "2001.0", "2002.0", "2003.0"]


@pytest.mark.broker
def test_a_row_that_a_power_cut_tore_is_removed(recording: Recording) -> None:
    recording.run(*readings(2), rows=2)
    with recording.output.open("a") as file:
        file.write("2023-11-14T22:1")
    lines = recording.run(*readings(1, first=2), rows=1)
    assert [line.split(",")[1] for line in lines[1:]] == ["2000.0", "2001.0", "2002.0"]
    assert "cut off" in recording.printed


@pytest.mark.broker
def test_a_file_with_other_columns_is_refused_and_left_as_it_is(recording: Recording) -> None:
    recording.output.write_text("a;b\n1;2\n")
    with pytest.raises(TableError, match=r"got the columns a;b, expected time, .*record to another file"):
        record(recording.config, recording.output, out=StringIO())
    assert recording.output.read_text() == "a;b\n1;2\n"


@pytest.mark.broker
def test_missing_values_are_empty_cells_and_time_is_the_gateways_where_there_is_none(recording: Recording) -> None:
    lines = recording.run(("st-1", GOOD | {"humidity_pct": None, "ch4_ppb": -200}), rows=1)
    cells = lines[1].split(",")
    assert (cells[1], cells[4]) == ("", "")
    assert cells[0] > "2026"


@pytest.mark.broker
def test_what_cannot_be_read_is_left_out_and_reported(recording: Recording) -> None:
    lines = recording.run(("st-1", b"nope"), ("st-1", b"nope"), *readings(1), rows=1)
    assert len(lines) == 2
    assert recording.printed.count("expected JSON") == 1
    assert "2 messages left out" in recording.printed


@pytest.mark.broker
def test_a_channel_that_is_no_number_is_an_empty_cell_and_is_reported_once(recording: Recording) -> None:
    bodies = [("st-1", GOOD | {"humidity_pct": f"{n} is wet", "ts": 1_700_000_000 + 60 * n}) for n in range(3)]
    rows = recording.run(*bodies, rows=3)[1:]
    assert [row.split(",")[4] for row in rows] == [""] * 3
    assert recording.printed.count("st-1: humidity_pct: got") == 1


@pytest.mark.broker
def test_one_station_is_recorded_the_first_that_sends(recording: Recording) -> None:
    lines = recording.run(*readings(1, "st-1"), *readings(2, "st-2", first=5), *readings(1, "st-1", first=1), rows=2)
    assert [line.split(",")[1] for line in lines[1:]] == ["2000.0", "2001.0"]
    assert recording.printed.count("not recorded: st-2; --id") == 1


@pytest.mark.broker
def test_or_the_one_that_is_named(recording: Recording) -> None:
    lines = recording.run(*readings(1, "st-1"), *readings(1, "st-2", first=5), rows=1, name="st-2")
    assert [line.split(",")[1] for line in lines[1:]] == ["2005.0"]


@pytest.mark.broker
def test_an_array_gives_as_many_rows_but_no_more_than_asked_for(recording: Recording) -> None:
    body = [GOOD | {"ch4_ppb": 2000.0 + n} for n in range(5)]
    assert len(recording.run(("st-1", body), rows=3)) == 4


@pytest.mark.broker
def test_a_reading_that_is_delivered_twice_is_one_row(recording: Recording) -> None:
    lines = recording.run(*readings(1), *readings(1), *readings(1, first=1), rows=2)
    assert [line.split(",")[1] for line in lines[1:]] == ["2000.0", "2001.0"]


@pytest.mark.broker
def test_another_station_file_names_other_columns(recording: Recording, tmp_path: Path) -> None:
    station = tmp_path / "small.yaml"
    station.write_text(
        "name: small\ntime: when\nfeatures:\n"
        "- {name: T, key: temperature_c, unit: Cel, role: environment, range: [-40, 60]}\n"
        "- {name: H, key: humidity_pct, unit: '%', role: environment, range: [0, 100]}\n"
    )
    lines = recording.run(*readings(1), rows=1, station=station)
    assert lines == ["when,T,H", "2023-11-14T22:13:20.000Z,20.0,60.0"]


@pytest.mark.broker
def test_entries_of_other_kinds_of_stations_are_passed_over(recording: Recording) -> None:
    other = '  - {topic: "elsewhere/{station}", keys: {pm2_5: PM.2}, bundle: never-there.davy}\n'
    other += '  - {topic: "units/{station}", units: {co_mgm3: ug/m3}, bundle: never-there.davy}\n'
    text = recording.config.read_text().replace("stations: [", "stations:\n  - ").replace("davy}]", "davy}")
    recording.config.write_text(text + other)
    assert len(recording.run(("st-1", GOOD), rows=1)) == 2
    assert "the station file has other keys: elsewhere/{station}, units/{station}" in recording.printed


@pytest.mark.broker
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_it_with_every_row_on_the_disk(recording: Recording, number: int) -> None:
    def end() -> None:
        while not recording.output.exists() or recording.output.read_text().count("\n") < 4:
            pass
        os.kill(os.getpid(), number)

    assert len(recording.run(*readings(3), before=end)) == 4


def test_without_a_broker_it_is_an_error(tmp_path: Path, free_port: int) -> None:
    (tmp_path / "gateway.yaml").write_text(
        f"broker: {{host: 127.0.0.1, port: {free_port}}}\nstations: [{{bundle: b}}]\n"
    )
    with pytest.raises(BrokerError, match="not reachable"):
        record(tmp_path / "gateway.yaml", tmp_path / "out.csv", out=StringIO())
