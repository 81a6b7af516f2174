"""A bundle opens whole, or is refused with one line that gives the reason."""

from __future__ import annotations

import hashlib
import io
import re
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from edge.bundles.archive import MEMBERS, pack, unpack
from edge.bundles.bundle import Bundle
from edge.bundles.golden import golden_scores
from edge.bundles.manifest import Manifest
from edge.errors import BundleError


def refusal(data: bytes) -> str:
    """Why these bytes are no bundle; one line."""
    with pytest.raises(BundleError) as caught:
        Bundle.load(data, "x.davy")
    assert str(caught.value).startswith("x.davy: ")
    assert "\n" not in str(caught.value)
    return str(caught.value)


def npz(arrays: Mapping[str, Any], save: Callable[..., None] = np.savez) -> bytes:
    buffer = io.BytesIO()
    save(buffer, **arrays)
    return buffer.getvalue()


def repacked(data: bytes, name: str, change: Callable[[dict[str, Any]], Any]) -> bytes:
    """Make a bundle with changed arrays in one of its npz members, and the right hashes."""
    contents = unpack(data, "x.davy")
    with np.load(io.BytesIO(contents.members[name])) as arrays:
        changed = dict(arrays)
    change(changed)
    return pack(contents.manifest, contents.members | {name: npz(changed)})


# ---- intact ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("model", ["ae", "vae", "both"])
def test_a_bundle_opens_and_reproduces_its_golden_rows(bundles: dict[str, Path], model: str) -> None:
    bundle = Bundle.open(bundles[model])
    assert bundle.verify() <= 1e-5
    assert bundle.manifest.reconstruction.kind == ("vae" if model == "vae" else "ae")
    assert bundle.manifest.generator.kind == ("ae" if model == "ae" else "vae")
    assert ("log_variance" in bundle.golden) == (model != "ae")


def test_the_id_is_the_beginning_of_the_digest_in_the_zip_comment(path: Path, data: bytes) -> None:
    with zipfile.ZipFile(path) as archive:
        assert archive.comment == b"davylamp sha256:" + hashlib.sha256(data[:-80]).hexdigest().encode()
    assert Bundle.open(path).id == hashlib.sha256(data[:-80]).hexdigest()[:12]


def test_a_bundle_is_a_plain_zip_with_the_manifest_first_and_no_dates(path: Path) -> None:
    with zipfile.ZipFile(path) as archive:
        assert archive.namelist() == ["manifest.json", *MEMBERS]
        assert {info.compress_type for info in archive.infolist()} == {zipfile.ZIP_STORED}
        assert {info.date_time for info in archive.infolist()} == {(1980, 1, 1, 0, 0, 0)}


def test_the_manifest_reads_well_and_survives_a_round_trip(entries: dict[str, bytes]) -> None:
    text = entries["manifest.json"]
    keys = re.findall(r'^  "(\w+)"', text.decode(), re.MULTILINE)
    assert keys == sorted(keys)
    assert Manifest.from_json(text).to_json() == text


def test_the_manifest_holds_the_hash_and_the_size_of_every_other_member(entries: dict[str, bytes]) -> None:
    manifest = Manifest.from_json(entries["manifest.json"])
    assert {name: (m.sha256, m.bytes) for name, m in manifest.members.items()} == {
        name: (hashlib.sha256(content).hexdigest(), len(content))
        for name, content in entries.items()
        if name != "manifest.json"
    }


def test_every_expected_output_of_the_golden_rows_follows_300_rows_of_run_in(path: Path) -> None:
    golden = Bundle.open(path).golden
    assert len(golden["readings"]) == 332
    inputs = {"readings", "scorer/gain", "scorer-absent/gain"}
    assert {len(rows) for name, rows in golden.items() if name not in inputs} == {32}


@pytest.mark.parametrize("absent", [False, True])
def test_a_scoring_model_reproduces_the_scores_of_its_golden_rows(path: Path, absent: bool) -> None:
    bundle = Bundle.open(path)
    model, name = bundle.scoring(absent), "scorer-absent" if absent else "scorer"
    assert model.keys == bundle.station.keys[absent:]
    found = golden_scores(model, bundle.golden["readings"])
    assert set(found) == {"error", "contributions", "components", "consistency", "reconstruction", "onset"}
    for key, expected in found.items():
        np.testing.assert_allclose(expected, bundle.golden[f"{name}/{key}"], rtol=1e-3, atol=1e-5)
    assert bundle.scoring(absent) is model


# ---- tables and golden rows ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("key", "member"),
    [
        ("mean", "encoder.onnx"),
        ("log_variance", "encoder.onnx"),
        ("decoded", "decoder.onnx"),
        ("scorer/contributions", "scorer.onnx"),
        ("scorer/error", "scorer.onnx"),
        ("scorer/consistency", "tables.npz"),
        ("scorer/components", "tables.npz"),
        ("scorer/reconstruction", "tables.npz"),
        ("scorer/onset", "tables.npz"),
        ("scorer-absent/contributions", "scorer-absent.onnx"),
        ("scorer-absent/consistency", "tables.npz"),
    ],
)
def test_golden_rows_that_do_not_reproduce_are_refused_by_the_member_at_fault(
    data: bytes, key: str, member: str
) -> None:
    def change(arrays: dict[str, Any]) -> None:
        arrays[key] = arrays[key] + np.where(np.arange(32) == 7, 0.1 * (1 + np.abs(arrays[key]).max()), 0).reshape(
            (32, *[1] * (arrays[key].ndim - 1))
        )

    bundle = Bundle.load(repacked(data, "golden.npz", change), "x.davy")
    with pytest.raises(BundleError, match=rf"^x\.davy: {re.escape(member)}: got golden rows that differ by [^\n]+$"):
        bundle.verify()


def test_golden_rows_that_expect_a_nan_are_refused(data: bytes) -> None:
    bundle = Bundle.load(repacked(data, "golden.npz", lambda arrays: arrays["mean"].fill(np.nan)), "x.davy")
    with pytest.raises(BundleError, match="differ by inf"):
        bundle.verify()


def test_golden_rows_without_an_output_are_refused(data: bytes) -> None:
    bundle = Bundle.load(repacked(data, "golden.npz", lambda arrays: arrays.pop("decoded")), "x.davy")
    with pytest.raises(BundleError, match="decoded"):
        bundle.verify()


@pytest.mark.parametrize("key", ["readings", "latent", "noise"])
def test_golden_rows_of_another_width_are_refused_at_once(data: bytes, key: str) -> None:
    def change(arrays: dict[str, Any]) -> None:
        arrays[key] = arrays[key][:, 1:]

    assert f"golden {key} of shape" in refusal(repacked(data, "golden.npz", change))


def test_golden_rows_prove_the_weights_not_only_the_file(bundles: dict[str, Path]) -> None:
    """A graph from another run, in an otherwise intact bundle."""
    ours, other = (unpack(bundles[name].read_bytes(), name) for name in ("vae", "ae"))
    mixed = pack(ours.manifest, ours.members | {"scorer.onnx": other.members["scorer.onnx"]})
    with pytest.raises(BundleError, match=r"scorer\.onnx: got golden rows that differ"):
        Bundle.load(mixed, "x.davy").verify()


@pytest.mark.parametrize(
    "change",
    [
        lambda tables: tables.pop("scorer/table/reconstruction"),
        lambda tables: tables.pop("scorer-absent/table/onset"),
        lambda tables: tables["scorer/table/average"].fill(1),
        lambda tables: tables["scorer/spread"].fill(0),
        lambda tables: tables.update({"scorer/consistency/innovation": np.eye(9)}),
        lambda tables: tables.update({"scorer/virtual/weights": np.ones(3)}),
        lambda tables: tables.pop("generator/latent_std"),
        lambda tables: tables.update({"generator/triangles": np.eye(99)}),
        lambda tables: tables["generator/means"].fill(np.nan),
        lambda tables: tables.pop("background_ppb"),
    ],
)
def test_tables_that_do_not_fit_are_refused_at_once(data: bytes, change: Callable[[dict[str, Any]], Any]) -> None:
    assert "tables.npz" in refusal(repacked(data, "tables.npz", change))


def test_no_pickle_is_ever_loaded(data: bytes) -> None:
    def change(tables: dict[str, Any]) -> None:
        tables["generator/means"] = np.array([{"a": 1}], dtype=object)

    assert 'got "generator/means", which is no array of numbers' in refusal(repacked(data, "tables.npz", change))


def test_a_small_member_that_unpacks_to_a_large_array_is_refused(data: bytes) -> None:
    contents = unpack(data, "x.davy")
    bomb = npz({"zeros": np.zeros(10_000_000)}, np.savez_compressed)
    assert len(bomb) < 100_000
    line = refusal(pack(contents.manifest, contents.members | {"tables.npz": bomb}))
    assert "tables.npz: got more than" in line
