"""The schemas of messages are had over MQTT as well."""

from __future__ import annotations

import pytest

from edge.agent.schemas import MESSAGES, message_schema
from tests.edge.agent.desk import Desk


def test_without_a_name_the_answer_lists_every_message(desk: Desk) -> None:
    (answer,) = desk.ask("schema")
    assert list(answer["data"]["messages"]) == [*MESSAGES, "reading"]
    assert (answer["data"]["name"], answer["data"]["schema"]) == (None, None)


@pytest.mark.parametrize("name", MESSAGES)
def test_the_schema_of_every_message_is_answered(desk: Desk, name: str) -> None:
    (answer,) = desk.ask("schema", {"name": name})
    assert answer["data"]["name"] == name
    assert answer["data"]["schema"] == message_schema(name)


@pytest.mark.parametrize("station", [{}, {"station": "st-1"}])
def test_a_reading_has_the_columns_of_the_bundle(desk: Desk, station: dict[str, str]) -> None:
    live = desk.add_station("st-1")
    (answer,) = desk.ask("schema", {"name": "reading"} | station)
    columns = answer["data"]["schema"]["$defs"]["reading"]["properties"]
    assert list(columns) == [*live.group.bundle.station.keys, "ts", "seq"]


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ({"name": "scores"}, 'name: got "scores", expected one of score, event, alarm, '),
        ({"name": "score", "station": "st-1"}, 'station: got a name, expected it with "name": "reading" only'),
        ({"name": "reading", "station": "st-9"}, 'station: got "st-9", expected one that has sent a reading: none yet'),
        ({"names": "score"}, 'names: unknown field, did you mean "name"? Expected one of transaction, name, station'),
    ],
)
def test_what_has_no_schema_is_refused(desk: Desk, body: dict[str, str], reason: str) -> None:
    assert desk.error("schema", body).startswith(reason)
