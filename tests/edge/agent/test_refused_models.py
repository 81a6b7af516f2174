"""Bundles that are pushed to a running agent and refused: each with its reason, and the running one goes on."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import msgspec
import pytest

from config.settings.rollout import RolloutSettings
from config.settings.station import Station
from edge.bundles.archive import pack, unpack
from edge.bundles.bundle import Bundle
from edge.bundles.manifest import Manifest
from edge.rollout.signing_key import SigningKey
from tests.bundle_variants import later, variant
from tests.doubles import FakeClock, FakeLink
from tests.edge.agent.agents import StartAgent
from tests.edge.agent.pusher import Pusher, bundle_of


def refused(pusher: Pusher, data: bytes, **changed: Any) -> str:
    """Push what is not taken; returns the reason, and checks that the running one goes on."""
    before = bundle_of(pusher.models())
    answer = pusher.push(data, **changed)
    assert bundle_of(pusher.models()) == before
    assert pusher.models()["waiting"] is None
    return str(answer["error"] if "error" in answer else answer["last"]["reason"])


def test_what_no_trusted_key_has_signed_is_refused(pusher: Pusher, other: bytes) -> None:
    assert refused(pusher, other, key=None).startswith("got no signature, expected one of a key")
    assert "none of the trusted keys (laptop)" in refused(pusher, other, key=SigningKey(bytes(32)))
    elsewhere = ({"signed_station": "st-2"}, {"signed_base": "davylamp/gw2"})
    for changed in (*elsewhere, {"signed_force": True}, {"signed_shadow": 0}, {"signed_file": "old.davy"}):
        assert "or of another file, station or gateway" in refused(pusher, other, **changed)


def test_a_push_that_is_sent_a_second_time_is_refused(pusher: Pusher, bundles: dict[str, Path], other: bytes) -> None:
    first = pusher.offer(other)
    assert first["status"] == "ok"
    pusher.ask("model/rollback", {})
    assert "it is sent a second time" in refused(pusher, other, issued=pusher.last_issued)
    newer = later(bundles["ae"], 2098)
    pusher.push(other, shadow=0)
    assert "older than the running one" in refused(pusher, newer)
    assert bundle_of(pusher.push(newer, force=True, shadow=0)) == Bundle.load(newer, "").id


def test_a_file_that_was_changed_on_its_way_is_refused(pusher: Pusher, other: bytes) -> None:
    pusher.offer(other)
    changed = bytearray(other)
    changed[len(other) // 2] ^= 1
    sha256 = hashlib.sha256(other).hexdigest()
    for offset in range(0, len(other), 100_000):
        answer = pusher.chunk(bytes(changed), offset, 100_000, sha256=sha256)
    assert "it was changed on its way" in answer["error"]
    assert pusher.models()["last"]["outcome"] == "refused"
    assert pusher.models()["waiting"] is None


@pytest.mark.parametrize(
    ("spoil", "reason"),
    [
        (lambda data, _: data[: len(data) // 2], "got sha256"),
        (lambda data, _: b"nothing of the kind", "got a file that is no zip"),
        (lambda _, path: variant(path, format=99), "got bundle format 99, this davylamp reads up to"),
        (lambda _, path: variant(path, station=renamed(path)), "trained for 'elsewhere'"),
        (lambda _, path: with_other_weights(path), "got golden rows that differ by"),
        (lambda _, path: variant(path, station=in_another_unit(path)), "temperature_c: unit: got K, expected Cel"),
        (lambda _, path: with_another_column(path), "columns: got ch4_ppb, "),
    ],
    ids=[
        "truncated",
        "no bundle",
        "another format",
        "another station",
        "golden rows",
        "another unit",
        "another column",
    ],
)
def test_what_is_no_bundle_of_this_station_is_refused_once_it_is_there(
    pusher: Pusher, bundles: dict[str, Path], other: bytes, spoil: Any, reason: str
) -> None:
    assert reason in refused(pusher, spoil(other, bundles["vae"]))


def with_other_weights(path: Path) -> bytes:
    """Return a bundle whose seal and hashes are right, and whose scorer is that of another training."""
    contents = unpack(path.read_bytes(), "")
    other = unpack((path.parent / "ae.davy").read_bytes(), "")
    weights = {name: other.members[name] for name in ("scorer.onnx", "scorer-absent.onnx")}
    return pack(msgspec.structs.replace(contents.manifest, created="2099-01-01T00:00:00Z"), contents.members | weights)


def renamed(path: Path) -> Station:
    return msgspec.structs.replace(Bundle.open(path).station, name="elsewhere")


def with_another_column(path: Path) -> bytes:
    """Return a bundle that is whole, and has a column of another name."""
    contents = unpack(path.read_bytes(), "")
    manifest = Manifest.from_json(contents.manifest.to_json().replace(b"temperature_c", b"temp_c"))
    return pack(msgspec.structs.replace(manifest, created="2099-01-01T00:00:00Z"), contents.members)


def in_another_unit(path: Path) -> Station:
    station = Bundle.open(path).station
    features = [msgspec.structs.replace(each, unit="K") if each.unit == "Cel" else each for each in station.features]
    return msgspec.structs.replace(station, features=tuple(features))


def test_what_is_too_large_or_for_nobody_is_refused_before_it_is_sent(pusher: Pusher, other: bytes) -> None:
    assert "bytes: got 20,000,001, expected at most 20,000,000" in pusher.offer(other, size=20_000_001)["error"]
    assert "expected one that has sent a reading: st-1" in pusher.offer(other, station="st-2")["error"]
    assert "which no station waits for" in pusher.chunk(other, 0)["error"]
    assert "no bundle waits" in pusher.ask("model/activate", {})["error"]


def test_chunks_may_come_twice_or_with_a_gap_and_the_answer_says_where_to_go_on(pusher: Pusher, other: bytes) -> None:
    pusher.offer(other)
    received = [pusher.chunk(other, offset)["data"]["received"] for offset in (0, 0, 40_000, 20_000)]
    assert received == [20_000, 20_000, 20_000, 40_000]
    assert pusher.offer(other)["data"]["received"] == 40_000
    assert "got no base64" in pusher.chunk(other, 40_000, data="?")["error"]
    pusher.offer(other, size=50_000)
    assert "got 20000 bytes at 40000, expected at most 10000" in pusher.chunk(other, 40_000)["error"]


def test_without_room_on_the_disk_a_push_is_refused_and_scoring_goes_on(
    pusher: Pusher, other: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: Any) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("edge.rollout.model_folder.write_bytes", full)
    assert "fix: make room on the disk" in pusher.offer(other)["error"]
    assert pusher.send(2) == [101, 102]
    monkeypatch.undo()
    pusher.push(other, shadow=5)
    monkeypatch.setattr("edge.rollout.model_folder.write_bytes", full)
    assert pusher.send(10) == list(range(103, 113))
    assert pusher.models()["waiting"]["readings"] >= 5, "it waits until there is room"
    monkeypatch.undo()
    pusher.send(2)
    assert bundle_of(pusher.models()) == Bundle.load(other, "").id


def test_unsigned_bundles_are_taken_only_where_the_settings_say_so(
    start_agent: StartAgent, fake_link: FakeLink, fake_clock: FakeClock, other: bytes
) -> None:
    one = Pusher(start_agent(rollout=RolloutSettings(unsigned=True)), fake_link, fake_clock)
    one.send(70)
    models = one.push(other, key=None, shadow=0)
    assert (bundle_of(models), models["active"]["signed_by"]) == (Bundle.load(other, "").id, None)


def test_the_same_unsigned_offer_again_is_no_other_push(
    start_agent: StartAgent, fake_link: FakeLink, fake_clock: FakeClock, bundles: dict[str, Path], other: bytes
) -> None:
    one = Pusher(start_agent(rollout=RolloutSettings(unsigned=True)), fake_link, fake_clock)
    one.send(100)
    one.push(other, key=None)
    one.send(5)
    one.offer(other, key=None, issued=one.last_issued)
    assert one.models()["waiting"]["readings"] == 5
    elsewhere = variant(bundles["ae"], station=renamed(bundles["ae"]))
    assert "trained for 'elsewhere'" in one.push(elsewhere, key=None)["last"]["reason"]
    assert "trained for 'elsewhere'" in one.offer(elsewhere, key=None, issued=one.last_issued)["error"]
