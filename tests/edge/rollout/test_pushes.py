"""Bundles are pushed to many stations, on whichever gateway they are; what fails is named, and the others go on."""

from __future__ import annotations

import base64
from collections.abc import Callable
from io import StringIO
from pathlib import Path
from typing import Any

import msgspec
import pytest

from edge.errors import BrokerError, RequestError
from edge.mqtt.message import Message
from edge.mqtt.topics import Topics
from edge.rollout.pushes import Pushes, load_bundle
from tests.doubles import FakeClock, FakeLink


class Gateways(FakeLink):
    """A link to gateways that take what is pushed for their stations; one that is silent answers nothing."""

    def __init__(self, clock: FakeClock, stations: dict[str, list[str]]) -> None:
        super().__init__()
        self.stations = stations
        self.silent: set[str] = set()
        self.active: dict[str, str] = {}
        self._files: dict[str, bytes] = {}
        self._offer: dict[str, Any] = {}
        self._clock = clock
        self._answers: list[Message] = []

    def publish(self, topic: str, payload: bytes, **options: Any) -> int | None:
        number = super().publish(topic, payload, **options)
        base, _, verb = topic.partition("/request/")
        body = msgspec.json.decode(payload)
        data: dict[str, Any] = {}
        error = None
        if verb == "info":
            data = {"stations": self.stations[base]}
        elif verb == "model/offer":
            self._offer = body
            if body["station"] not in self.stations[base]:
                error = f"station: got {body['station']!r}"
        elif verb == "model/chunk":
            self._files[body["sha256"]] = self._files.get(body["sha256"], b"") + base64.b64decode(body["data"])
        elif verb == "model/status":
            self.active[f"{base}/{body['station']}"] = self._offer["sha256"]
            data = {"waiting": None, "last": None, "active": {"sha256": self._offer["sha256"], "bundle": "it"}}
        data.setdefault("received", len(self._files.get(self._offer.get("sha256", ""), b"")))
        status = {"status": "ok", "data": data} if error is None else {"status": "error", "error": error}
        if base not in self.silent:
            answer = msgspec.json.encode(status | {"transaction": body["transaction"]})
            self._answers.append(Message(Topics(base).response(verb), answer, qos=1))
        return number

    def poll(self, timeout: float) -> list[Message]:
        self._clock.time += 0.01 if self._answers else max(0.01, timeout)
        answers, self._answers = self._answers, []
        return answers


Push = Callable[..., tuple[list[bool], list[str]]]


@pytest.fixture
def push(fake_clock: FakeClock) -> Push:
    """Push, and return which stations took it, and what was printed."""

    def run(gateways: Gateways, path: Path, named: list[str] | None = None) -> tuple[list[bool], list[str]]:
        out = StringIO()
        pushes = Pushes(
            gateways, fake_clock, [Topics(base) for base in gateways.stations], path,
            load_bundle(path) if path.is_file() else None,
            key=None, patience=30.0, shadow=None, force=False, wait=False, stop=lambda: False, out=out,
        )  # fmt: skip
        stations = pushes.find_stations(named)
        done = [pushes.push(station, alone=len(stations) == 1) for station in stations]
        return done, out.getvalue().splitlines()

    return run


@pytest.fixture
def folder(bundles: dict[str, Path], tmp_path: Path) -> Path:
    for name, model in (("st-1", "ae"), ("st-2", "vae")):
        (tmp_path / f"{name}.davy").write_bytes(bundles[model].read_bytes())
    return tmp_path


def test_each_station_gets_its_own_bundle_on_the_gateway_that_has_it(
    push: Push, folder: Path, fake_clock: FakeClock
) -> None:
    gateways = Gateways(fake_clock, {"davylamp/a": ["st-1", "st-3"], "davylamp/b": ["st-2"]})
    done, lines = push(gateways, folder)
    ids = {name: load_bundle(folder / f"{name}.davy")[0] for name in ("st-1", "st-2")}
    assert done == [True, True]
    assert lines == [
        f"st-3: keeps what it has: there is no {folder}/st-3.davy",
        *(f"{name}: {bundle} is active" for name, bundle in ids.items()),
    ]
    assert set(gateways.active) == {"davylamp/a/st-1", "davylamp/b/st-2"}
    assert len(set(gateways.active.values())) == 2


def test_a_damaged_bundle_or_an_unknown_station_is_named_and_the_others_go_on(
    push: Push, folder: Path, fake_clock: FakeClock
) -> None:
    gateways = Gateways(fake_clock, {"davylamp/a": ["st-1"], "davylamp/b": ["st-2", "st-9"]})
    (folder / "st-2.davy").write_bytes(b"PK")
    done, lines = push(gateways, folder, ["st-2", "st-8", "st-9", "st-1"])
    assert done == [False, False, False, True]
    assert lines[0].startswith(f"st-2: refused: {folder}/st-2.davy: ")
    assert lines[1].startswith("st-8: refused: station: got 'st-8', expected one that has sent a reading to one of")
    assert lines[2].startswith(f"st-9: refused: {folder}/st-9.davy: ")


def test_a_station_that_two_gateways_have_is_refused(push: Push, folder: Path, fake_clock: FakeClock) -> None:
    gateways = Gateways(fake_clock, {"davylamp/a": ["st-1"], "davylamp/b": ["st-1"]})
    assert push(gateways, folder / "st-1.davy") == (
        [False], ["st-1: refused: 2 gateways know it (davylamp/a, davylamp/b); fix: name one with --base"]
    )  # fmt: skip


def test_a_gateway_that_does_not_answer_is_waited_for_once(push: Push, folder: Path, fake_clock: FakeClock) -> None:
    gateways = Gateways(fake_clock, {"davylamp/a": ["st-1"], "davylamp/b": ["st-2"]})
    gateways.silent = {"davylamp/b"}
    begun = fake_clock.time
    done, lines = push(gateways, folder)
    assert done == [True, False]
    assert fake_clock.time - begun < 40
    assert lines[0].startswith("davylamp/b: no answer to info within 30 s")
    one = Gateways(fake_clock, {"davylamp/a": ["st-1", "st-2", "st-3"]})
    one.silent = {"davylamp/a"}
    begun = fake_clock.time
    assert push(one, folder / "st-1.davy", ["st-1", "st-2", "st-3"])[0] == [False, False, False]
    assert fake_clock.time - begun < 40
    with pytest.raises(BrokerError, match="no answer"):
        push(one, folder / "st-1.davy", ["st-1"])


def test_nobody_to_push_to_is_said(push: Push, folder: Path, fake_clock: FakeClock) -> None:
    with pytest.raises(RequestError, match="the agent knows no station yet; fix: push it when"):
        push(Gateways(fake_clock, {"davylamp/a": []}), folder / "st-1.davy")
