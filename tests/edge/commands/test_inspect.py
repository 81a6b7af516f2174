"""What a bundle says about itself."""

from __future__ import annotations

import io
import json
from pathlib import Path

import pytest
from msgspec.structs import replace

from edge.bundles.archive import MEMBERS, pack, unpack
from edge.bundles.bundle import Bundle
from edge.commands.inspect import _ageing, _plain, inspect
from edge.errors import BundleError


def shown(path: Path, as_json: bool = False) -> str:
    out = io.StringIO()
    inspect(path, as_json, out)
    return out.getvalue()


def test_a_name_of_two_lines_is_shown_on_one(bundles: dict[str, Path], tmp_path: Path) -> None:
    contents = unpack(bundles["ae"].read_bytes(), "ae.davy")
    station = contents.manifest.station
    named = replace(station, features=(replace(station.features[0], name="CH4\n(ppb)"), *station.features[1:]))
    (tmp_path / "x.davy").write_bytes(pack(replace(contents.manifest, station=named), contents.members))
    text = shown(tmp_path / "x.davy")
    assert "\nCH4\\n(ppb)" in text
    assert len(text.splitlines()) == len(shown(bundles["ae"]).splitlines())


@pytest.mark.parametrize("model", ["ae", "vae", "both"])
def test_the_text_tells_what_scores_and_what_generates(bundles: dict[str, Path], model: str) -> None:
    text = shown(bundles[model]).splitlines()
    lines = dict(reversed([line.split(maxsplit=1) for line in text if len(line.split()) > 1]))  # the first of a kind
    scores = "autoencoder 9-96-48-4-48-96-9, loss mse"
    assert lines["scores"].startswith(f"variational {scores}" if model == "vae" else scores)
    latent = 4 if model == "ae" else 9
    generates = f"autoencoder 9-64-64-{latent}-64-64-9, loss likelihood"
    assert lines["generates"].startswith(generates if model == "ae" else f"variational {generates}, beta 0.1")


def test_the_text_tells_what_is_known_of_the_generator(bundles: dict[str, Path]) -> None:
    about = Bundle.open(bundles["both"]).manifest.generator
    part = shown(bundles["both"]).split("\ngenerates ")[1].split("\nrequested ")[0]
    assert f"noise {min(about.sigma):.3g} to {max(about.sigma):.3g} added; codes from 40 Gaussians" in part
    assert f"held-out log-likelihood {about.likelihood:.2f} nat (one Gaussian: {about.baseline:.2f})" in part
    for name, (low, high) in about.regimes.items():
        assert f"{name} {low:,.5g} to {high:,.5g}" in part
    assert "no training row is in this bundle" in part


def test_figures_name_the_fit_that_they_were_measured_on(bundles: dict[str, Path]) -> None:
    text = shown(bundles["both"])
    heading = "measured by the trainer (split: blocks)\n  on the fit that left the test blocks out; "
    assert f"{heading}the bundle's own fit has seen every row\n" in text
    assert "3,000 rows in 3 chunks" in text  # of the bundle's own fit
    assert f"trained on no file: {3000:,} rows" in text


def test_the_text_tells_of_both_scorers(bundles: dict[str, Path]) -> None:
    text = shown(bundles["both"])
    for name, fitted in Bundle.open(bundles["both"]).manifest.scorers.items():
        part = text.split("\nscores ")[1 + (name == "scorer-absent")].split("\ngenerates ")[0]
        assert ("without the gas column" in part) == (name == "scorer-absent")
        assert f"{fitted.rows:,} rows in {fitted.chunks} chunks" in part
        assert "r2611e_ohm, r2611c_ohm, rmq4_ohm respond to the gas" in part
        assert "baseline 240 readings" in part
        for key in fitted.domain:
            assert key in part


def test_the_text_names_id_columns_scaling_data_versions_and_members(bundles: dict[str, Path]) -> None:
    text = shown(bundles["both"])
    bundle = Bundle.open(bundles["both"])
    assert bundle.id in text.splitlines()[0]
    for feature, mean, std in zip(bundle.station.features, bundle.scaler.mean, bundle.scaler.std, strict=True):
        line = next(line for line in text.splitlines() if line.startswith(feature.name))
        for part in (feature.key, feature.unit, feature.role, bundle.scaler.scale[0], _plain(mean, std)):
            assert part in line or part == "log"
    assert "(split: blocks)" in text
    assert bundle.manifest.data.sha256 in text
    assert f"{bundle.manifest.data.rows:,} rows" in text
    for name in MEMBERS:
        assert bundle.manifest.members[name].sha256 in text
    for package, version in bundle.manifest.versions.items():
        assert f"{package} {version}" in text


def test_the_text_is_no_wall(bundles: dict[str, Path]) -> None:
    lines = shown(bundles["both"]).splitlines()
    assert max(map(len, lines)) <= 120
    assert len(lines) <= 90
    assert not any(line != line.rstrip() for line in lines)


def test_the_json_is_the_manifest_and_the_id(bundles: dict[str, Path]) -> None:
    bundle = Bundle.open(bundles["vae"])
    content = json.loads(shown(bundles["vae"], as_json=True))
    assert content.pop("id") == bundle.id
    assert content == json.loads(bundle.manifest.to_json())


def test_a_damaged_bundle_is_refused_and_nothing_printed(bundles: dict[str, Path], tmp_path: Path) -> None:
    (tmp_path / "x.davy").write_bytes(bundles["ae"].read_bytes()[:-1])
    out = io.StringIO()
    with pytest.raises(BundleError):
        inspect(tmp_path / "x.davy", True, out)
    assert out.getvalue() == ""


def test_the_text_has_the_verdict_from_past_to_future_and_the_json_its_counts(bundles: dict[str, Path]) -> None:
    ageing = Bundle.open(bundles["both"]).manifest.metrics["ageing"]
    part = shown(bundles["both"]).split("\nfrom past to future, fixed thresholds\n")[1].split("\n\n")[0]
    assert " ".join(part.split()) == " ".join(" ".join(ageing["verdict"]).split())
    assert "a warning, not a forecast" in part
    assert json.loads(shown(bundles["both"], as_json=True))["metrics"]["ageing"]["steps"]


def test_a_bundle_of_an_earlier_davylamp_has_no_such_verdict() -> None:
    assert list(_ageing({"split": "blocks"})) == []


def test_numbers_are_written_to_the_digits_that_tell_values_apart() -> None:
    assert _plain(101_324.4321, 178.0) == "101,324.4"
    assert _plain(1_000_000_123.0, 6000.0) == "1,000,000,123"
    assert _plain(9.4567e-10, 3e-10) == "9.457e-10"
    assert _plain(5.0, 0.0) == "5"
