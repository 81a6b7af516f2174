"""The payloads are such that Home Assistant takes them, whatever the station."""

from __future__ import annotations

import json
from typing import Any

import pytest

from config.settings.gateway import StationEntry
from edge.bundles.bundle import Bundle
from edge.discovery.channels import hides_columns
from edge.discovery.devices import AnnouncedStation, Devices
from edge.mqtt.topics import Topics
from tests.edge.discovery.payloads import faults

DEVICES = Devices("gw1", Topics("davylamp/gw1"), "homeassistant", version="1.2.3", health_every=60.0)


def station(bundle: Bundle, name: str = "st-1", expire_after: int | None = 450, **entry: Any) -> dict[str, Any]:
    made = StationEntry(bundle=bundle.path, **entry)
    topic = entry.get("topic", "sensors/{station}/readings").replace("{station}", name).replace("{key}", "ch4_ppb")
    return DEVICES.station(AnnouncedStation(name, topic, made, bundle, expire_after))


def test_gateway_and_station_have_what_home_assistant_takes_and_31_entities_or_more(methane_bundle: Bundle) -> None:
    gateway, of_station = DEVICES.gateway(), station(methane_bundle)
    assert faults(DEVICES.topic(), gateway) == []
    assert faults(DEVICES.topic("st-1"), of_station) == []
    assert len(gateway["cmps"]) + len(of_station["cmps"]) >= 31
    assert of_station["dev"]["via_device"] == gateway["dev"]["ids"][0]
    assert json.loads(json.dumps([gateway, of_station])) == [gateway, of_station]


@pytest.mark.parametrize("name", ["84:f3:eb:aa:bb:cc", "st.1", "st:1", "A-1_x"])
def test_every_name_of_a_station_becomes_an_id_that_home_assistant_takes(methane_bundle: Bundle, name: str) -> None:
    payload = station(methane_bundle, name)
    assert faults(DEVICES.topic(name), payload) == []
    assert payload["cmps"]["alarm"]["stat_t"] == f"davylamp/gw1/{name}/alarm", "the topic keeps the name"
    assert json.loads(payload["cmps"]["ack"]["pl_prs"])["station"] == name


def test_names_that_differ_have_ids_that_differ() -> None:
    names = ["st.1", "st:1", "st_1", "ST.1", "st-1", None]
    assert len({DEVICES.topic(name) for name in names}) == len(names)


def test_only_what_comes_with_readings_or_with_health_expires(methane_bundle: Bundle) -> None:
    components = station(methane_bundle)["cmps"]
    expiring = {name: body["exp_aft"] for name, body in components.items() if "exp_aft" in body}
    assert set(expiring.values()) == {450}
    assert {"ch4", "trust", "raw_temperature_c"} <= expiring.keys()
    assert not expiring.keys() & {"alarm", "fault", "event", "ack"}
    assert not [body for body in station(methane_bundle, expire_after=None)["cmps"].values() if "exp_aft" in body]
    assert DEVICES.gateway()["cmps"]["rss"]["exp_aft"] == 180


def test_only_the_agent_itself_is_available_while_it_does_not_run() -> None:
    lacking = [name for name, body in DEVICES.gateway()["cmps"].items() if "avty" not in body]
    assert lacking == ["online"]


def test_a_station_without_an_analyser_has_no_level_of_it(methane_bundle: Bundle) -> None:
    components = station(methane_bundle, absent=("ch4_ppb",))["cmps"]
    assert "ch4" not in components
    assert {"ch4_virtual", "alarm"} <= components.keys()


def test_units_are_home_assistants(methane_bundle: Bundle) -> None:
    components = station(methane_bundle)["cmps"]
    units = {name: (body.get("unit_of_meas"), body.get("dev_cla")) for name, body in components.items()}
    assert units["ch4"] == ("ppb", None), "the device class gas is a volume"
    assert units["raw_temperature_c"] == ("°C", "temperature")
    assert units["raw_humidity_pct"] == ("%", "humidity")
    assert units["raw_r2600_ohm"] == ("Ω", None)


def raw(components: dict[str, Any]) -> dict[str, tuple[str, str]]:
    return {name: (body["stat_t"], body["val_tpl"]) for name, body in components.items() if name.startswith("raw_")}


def test_raw_channels_are_found_where_the_entry_says(methane_bundle: Bundle) -> None:
    found = raw(station(methane_bundle, keys={"temperature_c": "air.t[0]"}, missing=(-127,))["cmps"])
    topic, template = found["raw_temperature_c"]
    assert topic == "sensors/st-1/readings"
    assert '["air"] | default({}))["t"] | default({}))[0] | default(none))' in template
    assert "v not in [-200.0, -127.0]" in template
    assert len(found) == 8


def test_an_address_with_a_sign_beyond_16_bits_and_endless_sentinels_stay_what_they_are(methane_bundle: Bundle) -> None:
    endless = (float("-inf"), float("inf"), float("nan"), -127)
    components = station(methane_bundle, keys={"temperature_c": "air.🌡"}, missing=endless)["cmps"]
    _, template = raw(components)["raw_temperature_c"]
    assert '["🌡"]' in template, "two halves of a pair would be another name in a template"
    assert "v not in [-200.0, -127.0]" in template


def test_no_rate_that_the_agent_takes_is_too_small_for_the_number() -> None:
    assert DEVICES.gateway()["cmps"]["rate"]["min"] == 0, "Home Assistant reports a value below it as an error"


def test_a_rate_of_0_is_that_of_the_settings() -> None:
    jinja2 = pytest.importorskip("jinja2")
    template = jinja2.Environment().from_string(DEVICES.gateway()["cmps"]["rate"]["cmd_tpl"])
    rates = [json.loads(template.render(value=value))["exceedances_per_1000"] for value in (0, 0.0, 0.5, 5)]
    assert rates == [None, None, 0.5, 5]


def test_raw_channels_of_topics_of_one_value_have_topics_of_their_own(methane_bundle: Bundle) -> None:
    found = raw(station(methane_bundle, topic="home/{station}/{key}", keys={"humidity_pct": "RH"})["cmps"])
    assert found["raw_humidity_pct"][0] == "home/st-1/RH"
    assert found["raw_r2600_ohm"][0] == "home/st-1/r2600_ohm"
    assert "set v = value | float(none)" in found["raw_humidity_pct"][1]


@pytest.mark.parametrize(
    "entry",
    [
        {"format": "influx"},
        {"format": "csv", "columns": ("ts", "ch4_ppb")},
        {"topic": "lora/up", "station_from": "name"},
        {"topic": ("a/{station}", "b/{station}")},
        {"join": 5.0},
        {"topic": "home/{station}/{key}", "format": "senml"},
        {"keys": {key: f"r[type={key}].v" for key in ("temperature_c",)}},
    ],
)
def test_values_that_home_assistant_does_not_find_are_taken_from_the_score(
    methane_bundle: Bundle, entry: dict[str, Any]
) -> None:
    made = StationEntry(bundle=methane_bundle.path, **entry, units={"temperature_c": "degF"})
    assert hides_columns(made, methane_bundle.station)
    topic = made.topics[0].replace("{station}", "st-1")
    payload = DEVICES.station(AnnouncedStation("st-1", topic, made, methane_bundle, None, shows_values=True))
    found = raw(payload["cmps"])
    assert len(found) == 8
    assert {topic for topic, _ in found.values()} == {"davylamp/gw1/st-1/score"}
    assert "['values'] | default({}))[\"temperature_c\"]" in found["raw_temperature_c"][1]
    assert payload["cmps"]["raw_temperature_c"]["unit_of_meas"] == "°C", "values of a score are in the bundle's unit"
    assert faults(DEVICES.topic("st-1"), payload) == []


def test_a_column_is_shown_to_a_thousandth_of_its_range(methane_bundle: Bundle) -> None:
    components = station(methane_bundle, units={"rmq4_ohm": "kOhm"})["cmps"]
    digits = {name: body.get("sug_dsp_prc") for name, body in components.items() if name.startswith("raw_")}
    assert digits == {
        "raw_h2o_ppm": 0, "raw_temperature_c": 1, "raw_humidity_pct": 1, "raw_r2611e_ohm": 0, "raw_r2600_ohm": 0,
        "raw_r2602_ohm": 0, "raw_r2611c_ohm": 0, "raw_rmq4_ohm": None,
    }  # fmt: skip


def test_another_unit_in_the_messages_is_the_one_that_is_shown(methane_bundle: Bundle) -> None:
    components = station(methane_bundle, units={"temperature_c": "degF"})["cmps"]
    assert components["raw_temperature_c"]["unit_of_meas"] == "°F"


def test_a_bundle_that_waits_is_an_update_and_installing_activates_it(methane_bundle: Bundle) -> None:
    jinja2 = pytest.importorskip("jinja2")
    body = station(methane_bundle)["cmps"]["model"]
    assert (body["p"], body["stat_t"]) == ("update", "davylamp/gw1/st-1/model")
    assert json.loads(body["pl_inst"])["station"] == "st-1"
    assert body["cmd_t"] == "davylamp/gw1/request/model/activate"
    template = jinja2.Environment(undefined=jinja2.StrictUndefined)  # Home Assistant warns where this one raises
    template.filters["tojson"] = json.dumps  # as Home Assistant has it
    models: dict[str, Any] = {"active": {"file": "one.davy", "bundle": "aa"}, "waiting": None, "kept": [], "last": None}
    waiting = {"model": {"file": "new.davy", "bundle": "bb"}}
    found = [
        json.loads(template.from_string(body["val_tpl"]).render(value_json=models | {"waiting": each}))
        for each in (None, {"model": {"file": "new.davy", "bundle": None}}, waiting)
    ]
    assert [each["installed_version"] for each in found] == ["one.davy aa"] * 3
    assert [each["latest_version"] for each in found] == ["one.davy aa", "one.davy aa", "new.davy bb"]
    assert template.from_string(body["val_tpl"]).render() == "", "a topic that was cleared is no update"
    assert json.loads(template.from_string(body["json_attr_tpl"]).render(value_json=models))["kept"] == []
