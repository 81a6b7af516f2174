"""Messages of simulated stations in the shapes of well-known firmware and network servers, and their true values."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

import numpy as np

from edge.clock import rfc3339
from edge.mqtt.message import Message

START = 1_795_000_000.0
ROWS = 20


class Sent(NamedTuple):
    """What a station has sent.

    Parameters
    ----------
    messages
        Topics and payloads, in order.
    values
        The values of each reading, by the key that its column should have.
    """

    messages: list[tuple[str, bytes]]
    values: list[dict[str, float]]


def as_messages(sent: Iterable[tuple[str, bytes]], *, every: float = 1.0) -> list[Message]:
    """Make messages that arrive one after the other."""
    return [Message(topic, payload, received=START + every * i) for i, (topic, payload) in enumerate(sent)]


def readings(seed: int, digits: int = 2) -> list[dict[str, float]]:
    """Readings of a small methane station."""
    random = np.random.default_rng(seed)
    columns = {"ch4_ppb": (1900, 2600), "temperature_c": (5, 35), "humidity_pct": (20, 90), "mq4_ohm": (3e4, 9e4)}
    return [
        {key: round(float(random.uniform(*limits)), digits) for key, limits in columns.items()} for _ in range(ROWS)
    ]


def _ts(i: int) -> str:
    return rfc3339(START + 60 * i)


def _encode(body: Any) -> bytes:
    return json.dumps(body).encode()


def esphome() -> Sent:
    """Two boards with one topic per value, beside logs, a status, and what says nothing about the air."""
    messages, values = [], []
    for i, (one, two) in enumerate(zip(readings(1), readings(2), strict=True)):
        for name, row in (("air-1", one), ("air-2", two)):
            parts = {
                "methane_ppb": row["ch4_ppb"], "outdoor_temperature": row["temperature_c"],
                "outdoor_humidity": row["humidity_pct"], "mq4_ohm": row["mq4_ohm"], "wifi_signal": -60 - i % 7,
                "uptime": 60 * i,
            }  # fmt: skip
            messages += [(f"{name}/sensor/{key}/state", str(value).encode()) for key, value in parts.items()]
            messages.append((f"{name}/debug", b"\x1b[0;36m[D][sensor:094]: 'methane': 2,1 ppm\x1b[0m"))
            values.append(row)
        messages.append(("air-1/status", b"online"))
    return Sent(messages, values)


def tasmota() -> Sent:
    """A board whose temperatures are in Fahrenheit and whose sensor is behind a converter."""
    messages, values = [], []
    for i, row in enumerate(readings(3)):
        fahrenheit = round(1.8 * row["temperature_c"] + 32, 1)
        counts = int(row["mq4_ohm"] / 4)
        body = {
            "Time": _ts(i)[:19],
            "ADS1115": {"A0": counts, "A1": 0},
            "SHT3X": {"Temperature": fahrenheit, "Humidity": row["humidity_pct"], "DewPoint": 50 + i % 5},
            "TempUnit": "F",
        }
        messages.append(("tele/well-pad/SENSOR", _encode(body)))
        messages.append(
            ("tele/well-pad/STATE", _encode({"Uptime": "1T00:00:00", "Heap": 20 + i % 3, "Wifi": {"RSSI": i}}))
        )
        converted = (fahrenheit - 32) * 5 / 9
        values.append({"temperature_c": converted, "humidity_pct": row["humidity_pct"], "a0_counts": float(counts)})
    messages.insert(0, ("tele/well-pad/LWT", b"Online"))
    return Sent(messages, values)


def ttn() -> Sent:
    """An uplink of The Things Network, whose methane is in ppm."""
    messages, values = [], []
    for i, row in enumerate(readings(4)):
        ppm = round(row["ch4_ppb"] / 1000, 4)
        decoded = {
            "ch4_ppm": ppm,
            "air": {"temp": row["temperature_c"], "hum": row["humidity_pct"]},
            "batt": 3.3 + i / 1e3,
        }
        body = {
            "end_device_ids": {"device_id": "gas-node-12", "dev_eui": "70B3D57ED0011223"},
            "received_at": _ts(i),
            "uplink_message": {
                "f_port": 2,
                "f_cnt": 70 + 3 * i,
                "decoded_payload": decoded,
                "rx_metadata": [{"gateway_ids": {"gateway_id": "gw"}, "rssi": -90 - i % 9, "snr": 7.5 + i % 3}],
                "settings": {"frequency": str(868_100_000 + 200_000 * (i % 3))},
            },
        }
        messages.append(("v3/wells@ttn/devices/gas-node-12/up", _encode(body)))
        values.append(
            {"ch4_ppb": ppm * 1000, "temperature_c": row["temperature_c"], "humidity_pct": row["humidity_pct"]}
        )
    return Sent(messages, values)


def chirpstack() -> Sent:
    """Two devices of a ChirpStack application, whose names have blanks in them."""
    messages, values = [], []
    for i, (one, two) in enumerate(zip(readings(5), readings(6), strict=True)):
        for eui, row in (("a1b2c3d4e5f60718", one), ("a1b2c3d4e5f60719", two)):
            body = {
                "deduplicationId": f"{i:08x}-{eui}",
                "time": _ts(i),
                "deviceInfo": {"deviceName": f"well {eui[-2:]}", "devEui": eui, "applicationId": "c0ffee"},
                "fCnt": i,
                "object": row,
                "rxInfo": [{"gatewayId": "0016c001f153a14d", "rssi": -80 - i % 5, "snr": 8.25}],
            }
            messages.append((f"application/c0ffee/device/{eui}/event/up", _encode(body)))
            values.append(row)
    return Sent(messages, values)


def senml() -> Sent:
    """SenML packs with their units."""
    messages, values = [], []
    for i, row in enumerate(readings(7)):
        pack = [
            {"bn": "urn:dev:ow:10e2073a01080063:", "bt": START + 60 * i, "n": "ch4", "u": "ppb", "v": row["ch4_ppb"]},
            {"n": "temperature", "u": "K", "v": round(row["temperature_c"] + 273.15, 2)},
            {"n": "humidity", "u": "%RH", "v": row["humidity_pct"]},
            {"n": "mq4", "u": "Ohm", "v": row["mq4_ohm"]},
        ]
        messages.append(("lab/bench-4/senml", _encode(pack)))
        values.append(row | {"temperature_c": round(row["temperature_c"] + 273.15, 2) - 273.15})
    return Sent(messages, values)


def influx() -> Sent:
    """Lines of the line protocol; only a tag names the station."""
    messages, values = [], []
    for i, row in enumerate(readings(8)):
        fields = ",".join(f"{key}={value}" for key, value in row.items())
        messages.append(
            ("telegraf/metrics", f"air,station=st-{i % 2} {fields} {int(START + 60 * i)}000000000".encode())
        )
        values.append(row)
    return Sent(messages, values)


def pairs() -> Sent:
    """A list of pairs of type and value, all of them texts; two boards on one topic."""
    messages, values = [], []
    for i, row in enumerate(readings(9)):
        listed = {
            "BME280_temperature": row["temperature_c"],
            "BME280_humidity": row["humidity_pct"],
            "MQ4_ohm": row["mq4_ohm"],
        }
        data = [{"value_type": name, "value": str(value)} for name, value in listed.items()]
        data.append({"value_type": "signal", "value": str(-50 - i % 4)})
        messages.append(("community/air", _encode({"esp8266id": str(3 + i % 2), "sensordatavalues": data})))
        values.append({key: row[key] for key in ("temperature_c", "humidity_pct", "mq4_ohm")})
    return Sent(messages, values)


def two_topics() -> Sent:
    """A board that sends its climate and its gas on topics of their own."""
    messages, values = [], []
    for row in readings(10):
        messages.append(("farm/n1/climate", _encode({"t": row["temperature_c"], "rh": row["humidity_pct"]})))
        messages.append(
            ("farm/n1/gas", _encode({"ch4": {"value": row["ch4_ppb"], "unit": "ppb"}, "mq4_ohm": row["mq4_ohm"]}))
        )
        values.append(row)
    return Sent(messages, values)


def texts_with_units() -> Sent:
    """One topic per value; each value is a text with its unit."""
    messages, values = [], []
    for row in readings(11):
        for name, text in {"Temp": f"{row['temperature_c']} °C", "Hum": f"{row['humidity_pct']} %"}.items():
            messages.append((f"openhab/out/Greenhouse_{name}/state", text.encode()))
        values.append({key: row[key] for key in ("temperature_c", "humidity_pct")})
    return Sent(messages, values)


def parts_on_one_topic() -> Sent:
    """A board that sends its climate and its gas in turn on the same topic."""
    messages, values = [], []
    for row in readings(12):
        parts = (("temperature_c", "humidity_pct"), ("ch4_ppb", "mq4_ohm"))
        messages += [("field/st-4/data", _encode({key: row[key] for key in keys})) for keys in parts]
        values.append(row)
    return Sent(messages, values)


STATIONS: dict[str, Callable[[], Sent]] = {
    each.__name__: each
    for each in (
        esphome,
        tasmota,
        ttn,
        chirpstack,
        senml,
        influx,
        pairs,
        two_topics,
        texts_with_units,
        parts_on_one_topic,
    )
}
