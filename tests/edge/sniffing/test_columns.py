"""What the channels of messages are taken for."""

from __future__ import annotations

from typing import Any

import pytest

from edge.sniffing.channel import channels
from edge.sniffing.columns import Columns, choose_columns


def columns(*documents: Any) -> Columns:
    return choose_columns(channels(documents))


def guesses(*documents: Any) -> dict[str, tuple[str, str | None]]:
    """Key of each column -> its unit, and the unit in which it comes."""
    return {each.feature.key: (each.feature.unit, each.comes_in) for each in columns(*documents).guesses}


@pytest.mark.parametrize(
    ("name", "value", "key", "unit", "comes_in"),
    [
        ("temperature", 21.5, "temperature_c", "Cel", None),
        ("tempc", 21.5, "temperature_c", "Cel", None),
        ("tC", 21.5, "temperature_c", "Cel", None),
        ("atmp", 21.5, "temperature_c", "Cel", None),
        ("current_temp_f", 75, "temperature_c", "Cel", "degF"),
        ("outdoor temperature", 21.5, "temperature_c", "Cel", None),
        ("Greenhouse_Temp", 21.5, "temperature_c", "Cel", None),
        ("temp_k", 294.2, "temperature_c", "Cel", "K"),
        ("rh", 55, "humidity_pct", "%", None),
        ("rhum", 55, "humidity_pct", "%", None),
        ("relative_humidity", 55, "humidity_pct", "%", None),
        ("humidity", 0.55, "humidity_pct", "%", "1"),
        ("ch4", 2100.5, "ch4_ppb", "[ppb]", None),
        ("ch4", 2.1, "ch4_ppb", "[ppb]", "ppm"),
        ("methane_ppm", 2.1, "ch4_ppb", "[ppb]", "ppm"),
        ("CH4_mgm3", 1.4, "ch4_ppb", "[ppb]", "mg/m3"),
        ("pressure", 101_325, "pressure_hpa", "hPa", "Pa"),
        ("baro_kpa", 101.3, "pressure_hpa", "hPa", "kPa"),
        ("pressure_hPa", 1013.25, "pressure_hpa", "hPa", None),
        ("pressureKPa", 101.3, "pressure_hpa", "hPa", "kPa"),
        ("tempDegC", 21.5, "temperature_c", "Cel", None),
        ("mq4_mV", 812.5, "mq4_mv", "mV", None),
        ("R2600_kOhm", 17.25, "r2600_kohm", "kOhm", None),
        ("mq4_adc", 512, "mq4_counts", "counts", None),
        ("r2600_ohm", 24_000.5, "r2600_ohm", "Ohm", None),
        ("tgs2611_kohm", 24.5, "tgs2611_kohm", "kOhm", None),
        ("TGS2611", 24_000.5, "tgs2611_ohm", "Ohm", None),
        ("soil_moisture", 31.5, "soil_moisture", "1", None),
        ("flow", 3.25, "flow", "1", None),
        ("2nd", 3.25, "value_2nd", "1", None),
    ],
)
def test_a_name_says_what_a_number_is(name: str, value: float, key: str, unit: str, comes_in: str | None) -> None:
    assert guesses({name: value}, {name: value}) == {key: (unit, comes_in)}


@pytest.mark.parametrize(
    "name",
    [
        "rssi", "snr", "linkquality", "battery", "batt_pct", "vbat", "battery_voltage", "uptime", "fcnt", "f_cnt",
        "wifi_signal", "heap_free", "bootCount", "device_temperature", "color_temp", "cpu_temp", "dew_point",
        "HeatIndex", "esp8266id", "serialno", "gateway_rssi",
    ],
)  # fmt: skip
def test_what_says_nothing_about_the_air_is_left_out_and_listed(name: str) -> None:
    found = columns({name: 3}, {name: 7})
    assert found.guesses == []
    assert [each.address for each in found.left_out] == [name]


def test_an_unknown_number_that_never_changes_or_only_counts_up_is_left_out() -> None:
    documents = [{"mode": 5, "n": 17 + i, "flow": 0.5 * i * i, "temperature": 21} for i in range(6)]
    found = columns(*documents)
    assert {each.address: each.why for each in found.left_out} == {"mode": "always 5", "n": "a counter"}
    assert [each.feature.key for each in found.guesses] == ["temperature_c", "flow"]


def test_a_number_whose_unit_is_stated_is_no_counter() -> None:
    assert guesses(*({"mq4_ohm": 24_000 + i, "steps": 24_000 + i} for i in range(5))).keys() == {"mq4_ohm"}


def test_the_same_quantity_in_another_unit_is_left_out() -> None:
    found = columns({"tempc": 20.0, "tempf": 68.0, "hum": 50}, {"tempc": 21.0, "tempf": 69.8, "hum": 51})
    assert [(each.feature.key, each.address) for each in found.guesses] == [
        ("temperature_c", "tempc"),
        ("humidity_pct", "hum"),
    ]
    assert [each.address for each in found.left_out] == ["tempf"]


def test_two_channels_of_one_quantity_have_keys_of_their_own() -> None:
    found = guesses({"in": {"temp": 20}, "out": {"temp": 9}}, {"in": {"temp": 21}, "out": {"temp": 8}})
    assert found.keys() == {"temperature_c", "out_temp_c"}
    counts = {"ADS-48": {"A0": 3, "A1": 4}, "ADS-49": {"A0": 5, "A1": 0}}
    assert guesses(counts, {"ADS-48": {"A0": 4, "A1": 9}, "ADS-49": {"A0": 7, "A1": 6}}).keys() == {
        "ads_48_a0_counts", "ads_48_a1_counts", "ads_49_a0_counts", "ads_49_a1_counts",
    }  # fmt: skip


def test_fahrenheit_is_read_from_the_unit_that_tasmota_states() -> None:
    body = {"SHT3X": {"Temperature": 70.1, "Humidity": 40}, "TempUnit": "F"}
    assert guesses(body) == {"temperature_c": ("Cel", "degF"), "humidity_pct": ("%", None)}
    assert guesses(body | {"TempUnit": "C"})["temperature_c"] == ("Cel", None)


def test_a_unit_beside_the_value_is_declared_and_one_that_the_decoder_sees_is_not() -> None:
    assert guesses({"ch4": {"value": 2.1, "unit": "ppm"}}) == {"ch4_ppb": ("[ppb]", "ppm")}
    assert guesses({"ch4": "2.1 ppm"}) == {"ch4_ppb": ("[ppb]", None)}


@pytest.mark.parametrize(
    ("body", "ts"),
    [
        ({"ts": 1_796_005_227_000, "v": 1}, "ts"),
        ({"Time": "2026-11-30T02:20:27", "v": 1}, "Time"),
        ({"data": {"v": 1, "timestamp": "1796005227"}, "received_at": "2026-11-30T02:20:27Z"}, "received_at"),
        ({"reported_at": 1_796_005_227_123, "fcnt": 4}, "reported_at"),
        ({"recvTime": 1_796_005_227_123, "payload": {"v": 1}}, "recvTime"),
        ({"uptime": 1_796, "heat": 17.5}, None),
        ({"Zeit": "2026-11-30 02:20:27", "v": 1}, "Zeit"),
        ({"mac": "84:f3:eb:01:02:03", "v": 1}, None),
        ({"date": "not a date", "v": 1}, None),
        ({"time": 12, "v": 1}, None),
    ],
)
def test_the_time_is_found_by_its_name_and_its_value(body: Any, ts: str | None) -> None:
    assert columns(body).ts == ts


def test_a_time_without_an_offset_is_noted() -> None:
    assert columns({"Time": "2026-11-30T02:20:27"}).local
    assert not columns({"Time": "2026-11-30T02:20:27Z"}).local
    assert not columns({"Time": 1_796_005_227}).local


def test_ranges_contain_what_came() -> None:
    documents: list[dict[str, float]] = [
        {"temperature": 95.5, "ch4_ppb": 140, "flow": -3},
        {"temperature": -70, "ch4_ppb": 900_000, "flow": 5},
    ]
    for guess in columns(*documents).guesses:
        low, high = guess.feature.range
        for document in documents:
            assert low < document[guess.address] < high, guess.feature.key
        assert list(guess.feature.problems()) == []
