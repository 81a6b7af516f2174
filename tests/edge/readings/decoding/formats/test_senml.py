"""SenML packs become documents: base values are worked in, and a pack may contain several readings."""

from __future__ import annotations

import json
from typing import Any

import pytest

from config.templates.templates import METHANE
from config.yaml.load import load_station
from edge.errors import ReadingError
from edge.readings.decoding.decoder import Decoder
from edge.readings.decoding.formats.senml import SenmlFormat, looks_like_senml
from edge.readings.decoding.quantity import RelativeTime
from edge.readings.reading import Reading

T = 1_783_854_307.0


def documents(pack: Any) -> list[Any]:
    return SenmlFormat().documents(json.dumps(pack).encode())


def test_base_values_hold_for_the_records_behind_them() -> None:
    (found,) = documents(
        [
            {"bn": "urn:dev:ow:1:", "bt": T, "bu": "Cel", "bv": 20, "n": "a", "v": 1.5},
            {"n": "b", "u": "%RH", "v": 30},
            {"bn": "urn:dev:ow:2:", "bv": 0, "n": "c", "v": 3},
            {"n": "text", "vs": "on"},
            {"n": "flag", "vb": True},
        ]
    )
    assert (found["urn:dev:ow:1:a"], found["a"], found["b"], found["c"]) == (21.5, 21.5, 50.0, 3.0)
    assert [found[name].unit for name in "abc"] == ["Cel", "%RH", "Cel"]
    assert (found["text"], found["flag"], found["ts"], found["bn"]) == ("on", True, T, "urn:dev:ow:1:")
    assert found["urn:dev:ow:2:c"] == 3.0


def test_the_name_may_be_in_the_base_alone_or_whole_in_the_record() -> None:
    (found,) = documents([{"bn": "urn:dev:ow:1", "v": 1}, {"bn": "", "n": "urn:dev:mac:2:ch4", "v": 2}])
    assert (found["urn:dev:ow:1"], found["urn:dev:mac:2:ch4"], found["ch4"]) == (1.0, 2.0, 2.0)


@pytest.mark.parametrize(
    ("times", "ts"),
    [
        ({"bt": T, "t": 0}, T),
        ({"bt": T, "t": -5}, T - 5),
        ({"t": T}, T),
        ({"t": -60}, RelativeTime(-60)),
        ({}, None),
        ({"t": 0}, None),
        ({"bt": "soon"}, None),
        ({"bt": 10**400}, None),
    ],
)
def test_small_times_count_from_now(times: dict[str, Any], ts: float | None) -> None:
    (found,) = documents([{"n": "a", "v": 1, **times}])
    assert found.get("ts") == ts
    assert type(found.get("ts")) is type(ts)


def test_a_name_that_comes_again_at_another_time_is_another_reading() -> None:
    pack = [{"bn": "x:", "bt": T, "n": name, "t": t, "v": t + i} for t in (-120, -60, 0) for i, name in enumerate("ab")]
    found = documents(pack)
    assert [(each["a"], each["b"], each["ts"]) for each in found] == [
        (-120.0, -119.0, T - 120), (-60.0, -59.0, T - 60), (0.0, 1.0, T),
    ]  # fmt: skip


def test_channels_that_were_read_one_after_the_other_are_one_reading() -> None:
    (found,) = documents([{"bt": T, "n": "a", "t": -2, "v": 1}, {"n": "b", "t": -1, "v": 2}, {"n": "c", "v": 3}])
    assert (found["a"], found["b"], found["c"], found["ts"]) == (1.0, 2.0, 3.0, T)


def test_devices_with_the_same_names_are_readings_of_their_own() -> None:
    found = documents([{"bn": "one:", "n": "a", "v": 1}, {"bn": "two:", "n": "a", "v": 2}])
    assert [(each["bn"], each["a"]) for each in found] == [("one:", 1.0), ("two:", 2.0)]


def test_a_record_that_is_broken_costs_itself() -> None:
    found = documents([{"n": "a", "v": 1}, 5, {"v": 2}, {"n": "b", "v": None}, {"n": 7, "v": 1}])
    assert found[0]["a"] == 1.0
    assert found[0]["b"] is None
    assert [(each.at, type(each)) for each in found[1:]] == [(f"[{i}]", ReadingError) for i in (1, 2, 4)]


def test_a_field_that_must_be_understood_is_not_passed_over() -> None:
    with pytest.raises(ReadingError, match='"power_"'):
        documents([{"n": "a", "v": 1, "power_": 5}])


@pytest.mark.parametrize("pack", [[], {}, 5, "a", None, [{"bn": "x"}], [[]]])
def test_what_is_no_pack_is_refused(pack: Any) -> None:
    try:
        found = documents(pack)
    except ReadingError:
        return
    assert all(isinstance(each, ReadingError) for each in found)


def test_one_record_and_the_shape_before_the_rfc_are_packs() -> None:
    assert documents({"n": "a", "v": 1})[0]["a"] == 1.0
    (found,) = documents({"bn": "x:", "bt": T, "e": [{"n": "a", "v": 1}, {"n": "b", "v": 2}]})
    assert (found["x:a"], found["b"], found["ts"]) == (1.0, 2.0, T)


@pytest.mark.parametrize(
    ("value", "looks"),
    [
        ([{"bn": "x:", "n": "a", "v": 1}], True), ([{"bn": "x:"}], True), ([{"n": "a", "vs": "1"}], True),
        ([{"n": 5, "v": 1}], False), ([{"n": "a"}], False), ([{"ch4": 1}], False), ([], False),
        ({"n": "a", "v": 1}, False),
        ([{"n": "a", "v": 1}, 5], False), ([1], False),
    ],
)  # fmt: skip
def test_a_pack_is_recognised(value: Any, looks: bool) -> None:
    assert looks_like_senml(value) is looks


def test_a_pack_is_a_reading_in_the_units_of_the_station() -> None:
    station = load_station(METHANE)
    keys = {"ch4_ppb": "ch4", "temperature_c": "temp", "r2600_ohm": "x:tgs", "humidity_pct": "rh"}
    decoder = Decoder("st", station, keys, ["h2o_ppm", "r2611e_ohm", "r2602_ohm", "r2611c_ohm", "rmq4_ohm"])
    pack = [
        {"bn": "x:", "bt": T, "n": "ch4", "u": "ppm", "v": 2.125}, {"n": "temp", "u": "K", "v": 290.65},
        {"n": "tgs", "u": "kOhm", "v": 17.5}, {"n": "rh", "u": "/", "v": 0.5},
    ]  # fmt: skip
    (reading,) = decoder.decode(json.dumps(pack).encode(), T + 1)
    assert isinstance(reading, Reading)
    assert [reading.values[i] for i in (0, 2, 3, 5)] == pytest.approx([2125.0, 17.5, 50.0, 17500.0])
    assert reading.ts == T
