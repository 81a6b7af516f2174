"""Raw values are read as the agent reads them: by the entries of gateway.yaml, or by what the agent names."""

from __future__ import annotations

import pytest

from config.settings.gateway import StationEntry
from edge.dashboard.channel_values import ChannelValues
from edge.dashboard.page_messages import PageBundle
from edge.mqtt.message import Message
from tests.edge.watching.messages import TIME

BASE = "davylamp/gw1"


def bundle(name: str = "b1", columns: tuple[str, ...] = ("ch4_ppb", "temperature_c")) -> PageBundle:
    return PageBundle(
        bundle=name, file=f"{name}.davy", created=TIME, station="methane", columns=columns,
        units=("[ppb]", "Cel"), reconstruction="ae", generator="ae",
    )  # fmt: skip


def test_the_agents_own_topics_are_enough_for_stations_that_send_our_keys() -> None:
    values = ChannelValues()
    values.know(BASE, ["sensors/{station}/readings", "fixed/topic"], [bundle()])
    assert values.filters == ("sensors/+/readings",)
    assert values.take(Message("sensors/well pad 7/readings", b'{"ch4_ppb": 2000, "temperature_c": null, "x": 1}'))
    assert values.of(BASE, "well_pad_7") == {"ch4_ppb": 2000.0, "temperature_c": None}
    assert not values.take(Message("other/st-1/readings", b"{}"))


@pytest.mark.parametrize(
    "payload", [b"", b"{", b"[1, 2]", b'"x"', b'{"x": 1}', b"\xff", b"[" * 5000, b'{"ch4_ppb": "x"}']
)
def test_what_the_agent_refuses_is_no_value(payload: bytes) -> None:
    values = ChannelValues()
    values.know(BASE, ["sensors/{station}/readings"], [bundle()])
    assert values.take(Message("sensors/st-1/readings", payload))
    assert values.of(BASE, "st-1") == {}


def test_a_gateway_file_says_where_values_are_and_in_which_unit() -> None:
    entry = StationEntry(
        topic="plc/{station}/{key}", bundle="/srv/b1.davy", keys={"temperature_c": "temp"},
        units={"temperature_c": "degF"},
    )  # fmt: skip
    values = ChannelValues([entry])
    assert values.filters == ("plc/+/+",)
    values.know(BASE, ["plc/{station}/{key}"], [bundle()])
    values.take(Message("plc/st-1/temp", b"68"))
    values.take(Message("plc/st-1/ch4_ppb", b"1999.5"))
    assert values.of(BASE, "st-1") == {"temperature_c": pytest.approx(20.0), "ch4_ppb": 1999.5}


def test_with_two_bundles_each_station_has_its_own_columns() -> None:
    values = ChannelValues()
    values.know(BASE, ["s/{station}"], [bundle("b1", ("ch4_ppb", "temperature_c")), bundle("b2", ("ch4_ppb", "r_ohm"))])
    values.take(Message("s/st-1", b'{"ch4_ppb": 2000, "r_ohm": 5000}'))
    assert values.of(BASE, "st-1") == {"ch4_ppb": 2000.0, "r_ohm": 5000.0}


@pytest.mark.parametrize("topic", ["a#b/{station}", "{station}{station}", "x/{station}/#/y", ""])
def test_a_topic_that_no_broker_takes_is_left_out(topic: str) -> None:
    values = ChannelValues()
    values.know(BASE, [topic], [bundle()])
    assert values.filters == ()


def test_a_gateway_file_that_is_not_this_agents_gives_no_values() -> None:
    values = ChannelValues([StationEntry(topic="s/{station}", bundle="b1.davy", keys={"pressure_hpa": "p"})])
    values.know(BASE, ["s/{station}"], [bundle()])
    assert not values.take(Message("s/st-1", b'{"ch4_ppb": 2000}'))


def test_the_number_of_stations_is_bounded() -> None:
    values = ChannelValues()
    values.know(BASE, ["s/{station}"], [bundle()])
    for i in range(1100):
        values.take(Message(f"s/st-{i}", b'{"ch4_ppb": 2000}'))
    assert values.of(BASE, "st-999")
    assert values.of(BASE, "st-1000") == {}
