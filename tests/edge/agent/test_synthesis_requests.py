"""Synthetic rows come in parts, and are those of the command line."""

from __future__ import annotations

import math
from io import StringIO
from pathlib import Path
from typing import Any

import msgspec
import pytest

from config.settings.gateway import SynthesisSettings
from edge.arrays import AnyFloats, Floats
from edge.bundles.bundle import Bundle
from edge.commands.synthesize import synthesize
from edge.models.column_digits import shorten_rows
from edge.mqtt.message import Message
from edge.synthesis.sampler import Sampler
from edge.synthesis.sampling_conditions import SamplingConditions
from tests.doubles import FakeClock, FakeLink
from tests.edge.agent.agents import TOPICS
from tests.edge.agent.desk import Desk


def rows(answers: list[dict[str, Any]]) -> list[list[float]]:
    return [row for answer in answers for row in answer["data"]["rows"]]


def test_rows_come_in_parts_and_are_the_samplers(desk: Desk, bundle: Bundle) -> None:
    answers = desk.ask("synthesize", {"transaction": "t", "n": 1200, "seed": 7})
    assert [(a["data"]["part"], a["data"]["parts"], len(a["data"]["rows"])) for a in answers] == [
        (1, 3, 500),
        (2, 3, 500),
        (3, 3, 200),
    ]
    assert {a["transaction"] for a in answers} == {"t"}
    data = answers[0]["data"]
    assert tuple(data["columns"]) == bundle.station.keys
    assert tuple(data["units"]) == bundle.station.units
    assert (data["seed"], data["bundle"]) == (7, bundle.id)
    assert rows(answers) == shorten_rows(Sampler(bundle.generator).prior(1200, 7), bundle.generator.digits)


def test_one_part_is_made_per_turn_and_none_while_the_broker_does_not_keep_up(desk: Desk) -> None:
    desk.requests.take("synthesize", Message("", b'{"n": 1200}'))
    assert len(desk.link.published) == 0
    desk.requests.turn()
    assert len(desk.link.published) == 1
    desk.link.in_flight = 20
    desk.requests.turn()
    assert not desk.requests.ready
    desk.link.in_flight, desk.link.congested = 0, True
    desk.requests.turn()
    assert len(desk.link.published) == 1
    desk.link.congested = False
    desk.requests.turn()
    assert len(desk.link.published) == 2


def test_requests_take_turns(desk: Desk) -> None:
    desk.requests.take("synthesize", Message("", b'{"n": 1500}'))
    desk.requests.take("info", Message("", b"{}"))
    for _ in range(2):
        desk.requests.turn()
        desk.link.in_flight = 0
    assert [published.topic for published in desk.link.published] == [
        TOPICS.response("synthesize"),
        TOPICS.response("info"),
    ]


def test_what_cannot_be_published_any_more_is_dropped(desk: Desk) -> None:
    desk.requests.take("synthesize", Message("", b'{"n": 1500}'))
    desk.link.connected = False
    desk.requests.turn()
    assert not desk.requests.ready


def test_without_a_seed_one_is_drawn_and_answered(desk: Desk) -> None:
    first, second = (desk.ask("synthesize", {"n": 5}) for _ in range(2))
    assert first[0]["data"]["seed"] != second[0]["data"]["seed"]
    again = desk.ask("synthesize", {"n": 5, "seed": first[0]["data"]["seed"]})
    assert again[0]["data"]["rows"] == first[0]["data"]["rows"]


def test_rows_around_given_ones_are_like_them(desk: Desk, bundle: Bundle) -> None:
    given = Sampler(bundle.generator).prior(3, 1)
    answers = desk.ask("synthesize", {"n": 600, "seed": 3, "from": {"around": given.tolist(), "noise": 0.05}})
    drawn = Sampler(bundle.generator).around(given, 600, 3, 0.05)
    assert rows(answers) == shorten_rows(drawn, bundle.generator.digits)


def test_given_rows_are_encoded_once_and_not_kept(desk: Desk, bundle: Bundle, monkeypatch: pytest.MonkeyPatch) -> None:
    given = Sampler(bundle.generator).prior(3, 1)
    (group,) = desk.stations.groups
    encoded: list[int] = []
    encode = group.sampler.encode

    def counted(given_rows: Floats, noise: float | None) -> object:
        encoded.append(len(given_rows))
        return encode(given_rows, noise)

    monkeypatch.setattr(group.sampler, "encode", counted)
    answers = desk.ask("synthesize", {"n": 1200, "seed": 3, "from": {"around": given.tolist()}})
    assert (len(answers), encoded) == (3, [3])


@pytest.mark.parametrize(
    "conditions",
    [
        {"regime": "plume"},
        {"range": {"ch4_ppb": [3000, 4000], "temperature_c": [10, 30]}},
        {"mix": {"background": 0.5, "plume": 0.5}},
    ],
)
def test_parts_put_together_are_the_rows_of_the_command_line(desk: Desk, conditions: dict[str, Any]) -> None:
    (group,) = desk.stations.groups
    answers = desk.ask("synthesize", {"n": 1200, "seed": 7, "format": "csv", "from": conditions})
    out = StringIO()
    synthesize(group.bundle.path, out, n=1200, seed=7, conditions=msgspec.convert(conditions, SamplingConditions))
    assert "".join(answer["data"]["rows"] for answer in answers) == out.getvalue()


def test_fifty_thousand_rows_in_parts_are_those_of_the_command_line(desk: Desk) -> None:
    (group,) = desk.stations.groups
    answers = desk.ask("synthesize", {"n": 50_000, "seed": 7, "format": "csv"})
    assert [answer["data"]["part"] for answer in answers] == list(range(1, 101))
    out = StringIO()
    synthesize(group.bundle.path, out, n=50_000, seed=7)
    assert "".join(answer["data"]["rows"] for answer in answers) == out.getvalue()


def send(desk: Desk, name: str, values: AnyFloats, **alarm: Any) -> None:
    """Let a station send readings."""
    station = desk.add_station(name)
    for row in values.tolist():
        station.recent.add(row, **alarm)


def test_rows_around_what_a_station_has_just_sent(desk: Desk, bundle: Bundle) -> None:
    sampler = Sampler(bundle.generator)
    leak, after = sampler.within(sampler.regime("plume"), 30, 1), sampler.prior(40, 2)
    send(desk, "st-1", leak, raised_by=1, stands=True)
    send(desk, "st-1", after)
    cases: list[tuple[dict[str, Any], Floats]] = [
        ({"around": "recent", "last": 40}, after),
        ({"around": "recent", "last": 40, "noise": 0.5}, after),
        ({"around": "event"}, leak),
    ]
    for conditions, expected in cases:
        answers = desk.ask("synthesize", {"n": 600, "seed": 3, "from": conditions})
        made = sampler.around(expected, 600, 3, conditions.get("noise"))
        assert rows(answers) == shorten_rows(made, bundle.generator.digits)
    send(desk, "st-2", after)
    assert "got none, expected one that has sent a reading: st-1, st-2" in desk.error(
        "synthesize", {"from": {"around": "recent"}}
    )
    assert "without an alarm" in desk.error("synthesize", {"station": "st-2", "from": {"around": "event"}})


def test_csv_parts_put_together_are_a_file_like_those_of_the_training(desk: Desk, bundle: Bundle) -> None:
    answers = desk.ask("synthesize", {"n": 700, "seed": 7, "format": "csv"})
    lines = "".join(answer["data"]["rows"] for answer in answers).splitlines()
    assert lines[0] == ",".join(bundle.station.names)
    assert len(lines) == 701
    assert tuple(answers[0]["data"]["columns"]) == bundle.station.names
    drawn = Sampler(bundle.generator).prior(700, 7)
    assert [[float(cell) for cell in line.split(",")] for line in lines[1:]] == shorten_rows(
        drawn, bundle.generator.digits
    )


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ({"n": 0}, "n: got 0, expected 1 to 100000"),
        ({"n": 100_001}, "n: got 100001, expected 1 to 100000"),
        ({"seed": -1}, "seed"),
        ({"from": {"regime": "storm"}}, "regime: got 'storm', expected one of background, elevated, plume"),
        ({"from": {"range": {"ch4": [1, 2]}}}, "range: got 'ch4', expected one of ch4_ppb"),
        ({"from": {"range": {"ch4_ppb": [5000]}}}, "range"),
        ({"from": {"mix": {"plume": 0}}}, "mix: plume: got 0"),
        ({"from": {"around": "recent"}}, "station: got none, expected one that has sent a reading: none yet"),
        ({"from": {"around": "event"}, "station": "st-9"}, "station: got 'st-9', expected one"),
        ({"from": {"around": "later"}}, "later"),
        ({"from": {"around": []}}, "around"),
        ({"from": {"around": [[1.0, 2.0]]}}, "expected rows of 9"),
        ({"from": {}}, "exactly one"),
        ({"from": {"prior": True, "around": [[0.0] * 9]}}, "exactly one"),
        ({"from": {"prior": True, "noise": 0.1}}, "noise"),
        ({"from": {"around": [[1.0] * 9], "noise": -1}}, "noise"),
        ({"from": {"around": [[1.0] * 9], "last": 3}}, "last"),
    ],
)
def test_impossible_conditions_are_refused_with_the_reason(desk: Desk, body: Any, reason: str) -> None:
    assert reason in desk.error("synthesize", body)


def test_only_so_many_requests_a_minute(
    bundle: Bundle, fake_link: FakeLink, fake_clock: FakeClock, tmp_path: Path
) -> None:
    desk = Desk(bundle, fake_link, fake_clock, tmp_path, synthesis=SynthesisSettings(per_minute=2))
    assert "expected 1" in desk.error("synthesize", {"n": 0})  # a refused request does not count
    for _ in range(2):
        assert desk.ask("synthesize", {"n": 1})[0]["status"] == "ok"
    assert "try again in 60 s" in desk.error("synthesize", {"n": 1})
    fake_clock.time += 60
    assert desk.ask("synthesize", {"n": 1})[0]["status"] == "ok"


def test_the_station_may_be_named(desk: Desk) -> None:
    desk.add_station("st-1")
    (answer,) = desk.ask("synthesize", {"n": 1, "station": "st-1"})
    assert answer["data"]["station"] == "st-1"


def test_every_number_of_an_answer_is_finite(desk: Desk) -> None:
    answers = desk.ask("synthesize", {"n": 2000, "seed": 1})
    assert all(math.isfinite(value) for row in rows(answers) for value in row)
