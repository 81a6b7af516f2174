"""What is written, beside what is decoded by it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from config.settings.broker import Broker
from config.templates.templates import METHANE
from config.yaml.load import load_station
from edge.clock import rfc3339
from edge.mqtt.message import Message
from edge.sniffing.channel import channels
from edge.sniffing.columns import choose_columns
from edge.sniffing.gateway_file import SniffedEntry, gateway_yaml
from edge.sniffing.recogniser import recognise
from edge.sniffing.station_file import station_yaml
from edge.sniffing.station_fit import fit_columns
from edge.sniffing.yaml_text import yaml_text
from tests.edge.sniffing.stations import START, STATIONS, as_messages


def files(messages: list[Message]) -> tuple[str, str]:
    """The text of the gateway file, and that of the station file."""
    (group,) = recognise(messages).groups
    columns = group.all_columns
    entry = SniffedEntry(group, columns, bundle="one.davy", station="x/station.yaml", output="station.csv")
    gateway = gateway_yaml([entry], Broker(), where="x/gateway.yaml", skipped={"a/b": "no format"}, source="7 messages")
    return gateway, station_yaml(group, columns.guesses, "my-station")


def local(hours: float, *, drift: float = 0.0) -> list[Message]:
    """Messages whose time is that of a zone, without an offset."""
    messages = []
    for i in range(6):
        received = START + 60 * i
        stamp = rfc3339(received + 3600 * hours - 0.4 - drift * i)[:19]
        body = {"time": stamp, "t": 20.5 + i, "rh": 50.5 + i}
        messages.append(Message("tele/well-1/SENSOR", json.dumps(body).encode(), received=received))
    return messages


def test_the_gateway_file_says_how_its_bundle_is_made_and_what_is_left_out() -> None:
    gateway, _ = files(as_messages(STATIONS["tasmota"]().messages))
    assert "davylamp record -c x/gateway.yaml --station x/station.yaml -o station.csv" in gateway
    assert "davylamp train station.csv --station x/station.yaml --bundle x/one.davy" in gateway
    assert "#   a/b: no format" in gateway
    assert "#   SHT3X.DewPoint: follows from others" in gateway
    assert "#   a0_counts: {counts: 32768, reference: 6.144, load_ohm: 10000, supply: 5}" in gateway
    (entry,) = yaml.safe_load(gateway)["stations"]
    assert entry["units"] == {"temperature_c": "degF"}


@pytest.mark.parametrize(("hours", "zone"), [(1, "Etc/GMT-1"), (-5, "Etc/GMT+5"), (0, None), (5.5, None)])
def test_an_offset_of_local_time_is_told_from_the_arrivals(hours: float, zone: str | None) -> None:
    gateway, _ = files(local(hours))
    assert yaml.safe_load(gateway)["stations"][0].get("timezone") == zone
    assert {0: "and is UTC", 5.5: "UTC+5.5 h now"}.get(hours, "") in gateway


def test_stamps_whose_delays_differ_say_nothing_about_a_zone() -> None:
    gateway, _ = files(local(1, drift=45))
    assert "timezone" not in yaml.safe_load(gateway)["stations"][0]
    assert "# timezone: Europe/Berlin" in gateway


def test_moisture_is_declared_as_redundant_only_if_it_is() -> None:
    def moist(water: float) -> list[Message]:
        bodies = [{"h2o": water + i, "temp": 20 + i / 10, "hum": 50 + i / 10} for i in range(6)]
        return as_messages([("air/n-1", json.dumps(body).encode()) for body in bodies])

    _, right = files(moist(11_600))
    assert yaml.safe_load(right)["ratio"] == {"of": "h2o_ppm", "to": "magnus(temperature_c, humidity_pct)"}
    _, wrong = files(moist(25_000))
    assert "ratio" not in yaml.safe_load(wrong)
    assert "they do not agree" in wrong


def test_the_columns_of_a_known_station_are_found_by_meaning() -> None:
    station = load_station(METHANE)
    body = {"CH4_ppm": 2.1, "Feuchte": 50, "tempf": 70, "TGS_R2611E": 40_000.5, "R_MQ4": 50_000.5, "x": 3}
    columns, absent = fit_columns(choose_columns(channels([body, body | {"x": 7}])), station)
    found = {guess.feature.key: (guess.address, guess.comes_in) for guess in columns.guesses}
    assert found["ch4_ppb"] == ("CH4_ppm", "ppm")
    assert found["temperature_c"] == ("tempf", "degF")
    assert found["humidity_pct"] == ("Feuchte", None)
    assert "x" in [each.address for each in columns.left_out]
    assert "h2o_ppm" in absent
    assert set(absent) | set(found) == set(station.keys)


def test_a_line_with_as_many_values_as_a_known_station_has_columns_is_in_their_order() -> None:
    station = load_station(METHANE)
    lines = [f"{START + 60 * i:.0f},2100.{i},20000.{i},21.{i},55.{i},1,2,3,4,5".encode() for i in range(5)]
    (group,) = recognise(as_messages([("lines/n-1", line) for line in lines])).groups
    columns, absent = fit_columns(group.all_columns, station, line=group.line)
    assert ([guess.feature.key for guess in columns.guesses], absent) == (list(station.keys), [])
    entry = SniffedEntry(group, columns, bundle="one.davy", station=None, output="", absent=absent)
    (written,) = yaml.safe_load(gateway_yaml([entry], Broker(), where="g.yaml", skipped={}, source=""))["stations"]
    assert (written["format"], written["columns"]) == ("csv", ["ts", *station.keys])


@given(
    st.one_of(st.text(), st.sampled_from(["on", "NO", "null", "1e3", "0x1f", "12:30", "~", "tC", "a: b", "# c", "'"]))
)
def test_any_text_is_written_so_that_it_is_read_again(text: str) -> None:
    if text.isprintable():
        assert yaml.safe_load(yaml_text({"key": text})) == {"key": text}


def test_names_of_devices_cannot_leave_their_comments(tmp_path: Path) -> None:
    evil: Any = {"t": 20.5, "rh": 50.5, "x\nbroker: {host: evil}": 7}
    messages = as_messages([("tele/well-1/SENSOR", json.dumps(evil).encode())] * 4)
    gateway, station = files(messages)
    assert yaml.safe_load(gateway)["broker"] == {"host": "localhost"}
    assert yaml.safe_load(station)["name"] == "my-station"


def test_a_count_under_the_name_of_the_stamp_is_not_read_as_one() -> None:
    sent = [("hut/1", json.dumps({"ts": 12_000 + 1000 * i, "t": 20.5 + i, "rh": 50.5}).encode()) for i in range(6)]
    gateway, _ = files(as_messages(sent))
    assert yaml.safe_load(gateway)["stations"][0]["ts"] == "received"
