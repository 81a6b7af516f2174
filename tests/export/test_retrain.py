from __future__ import annotations

import hashlib
import json
from pathlib import Path

import msgspec
import numpy as np
import pytest

from config.settings.training import Training
from config.templates.templates import METHANE
from config.yaml.load import load_station
from davylamp import main
from edge.bundles.bundle import Bundle
from edge.readings.csv.writer import write_table
from edge.simulation.season_file import write_season
from edge.simulation.simulator import simulate_chamber
from export.errors import ExportError
from export.retrain import FEW, Retraining
from trainer.evaluation.retraining.measure_bundle import measure_bundle
from trainer.evaluation.retraining.newest_part import cut_newest
from trainer.evaluation.retraining.results import Comparison

NAMES = load_station(METHANE).names
SHORT = msgspec.structs.replace(
    Training.quick(), epochs=2, chunks=2, generator="mixture", components=5, least_steps=4, generator_steps=10
)


@pytest.fixture
def old(tmp_path: Path) -> Path:
    path = tmp_path / "old.csv"
    write_table(path, NAMES, simulate_chamber(3000, seed=1))
    return path


def collected(folder: Path, rows: int, *, noise: float = 0.0) -> Path:
    values = simulate_chamber(3000, seed=9)[:rows]
    values[:, 4:] *= np.exp(noise * np.random.default_rng(1).standard_normal((rows, 5)))
    path = folder / "recent.csv"
    write_table(path, NAMES, values)
    return path


def test_both_bundles_are_compared_and_the_new_one_is_written_only_if_it_is_better(
    old: Path, bundles: dict[str, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    recent, output, settings = collected(tmp_path, 1800, noise=0.02), tmp_path / "new.davy", tmp_path / "training.yaml"
    settings.write_bytes(msgspec.yaml.encode(SHORT))
    words = ["retrain", str(old), "--collected", str(recent), "--bundle", str(bundles["both"]), "-o", str(output)]
    code = main([*words, "--training", str(settings), "--run", str(tmp_path / "run"), "--json"])
    printed = capsys.readouterr()
    document = json.loads(printed.out)
    assert f"compared on the newest {document['comparison']['readings']:,} readings" in printed.err
    assert document["why"] in printed.err
    assert (code == 0) == output.exists() == (document["keep"] == "new")
    comparison = Comparison.read(json.loads((tmp_path / "run" / "metrics.json").read_text()))
    assert comparison is not None
    assert comparison.old.name == Bundle.open(bundles["both"]).id
    assert (comparison.readings, comparison.trained) == (600, 4200)
    assert len(comparison.old.faults) == len(comparison.new.faults) > 5
    (noisy,) = [one for one in comparison.old.budget if (one.score, one.requested) == ("consistency", 0.01)]
    assert not noisy.kept, "the old bundle has seen no such noise"
    if output.exists():
        new = Bundle.open(output)
        assert (new.id, new.manifest.data.files) == (document["id"], ("old.csv", "recent.csv"))
        assert Comparison.read(new.manifest.metrics) == comparison


def test_few_readings_adopt(
    old: Path, bundles: dict[str, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    recent, output = collected(tmp_path, FEW - 100), tmp_path / "new.davy"
    code = main(["retrain", str(old), "--collected", str(recent), "--bundle", str(bundles["both"]), "-o", str(output)])
    printed = capsys.readouterr()
    assert f"{FEW - 100:,} collected readings are too few to train again" in printed.out
    assert (code == 0) == output.exists() == ("keep the new bundle" in printed.out)
    assert "--force" in printed.err if code else printed.err == ""
    forced = main(["retrain", "--collected", str(recent), "--bundle", str(bundles["both"]), "-o", str(output),
                   "--adopt", "--force"])  # fmt: skip
    assert forced == 0
    Bundle.open(output).verify()


def test_a_bundle_that_was_trained_on_what_was_collected_is_refused(
    old: Path, bundles: dict[str, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    recent = collected(tmp_path, 1800)
    bundle = Bundle.open(bundles["both"])
    seen = hashlib.sha256(old.read_bytes() + recent.read_bytes()).hexdigest()
    retraining = Retraining([old], [recent], bundles["both"])
    retraining.running.manifest = msgspec.structs.replace(
        bundle.manifest, data=msgspec.structs.replace(bundle.manifest.data, sha256=seen)
    )
    with pytest.raises(ExportError, match="there is nothing that it has not seen; fix: collect what came after it"):
        retraining.retrain(tmp_path / "new.davy", SHORT)
    assert not (tmp_path / "new.davy").exists()


def test_without_the_old_files_nothing_is_trained(
    bundles: dict[str, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    recent = collected(tmp_path, 1800)
    words = ["retrain", "--collected", str(recent), "--bundle", str(bundles["both"]), "-o", str(tmp_path / "n.davy")]
    assert main(words) == 1
    assert "got no old files" in capsys.readouterr().err


def test_a_path_that_cannot_be_written_is_refused_before_the_training(
    old: Path, bundles: dict[str, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["retrain", str(old), "--collected", str(old), "--bundle", str(bundles["both"]), "-o"]
    assert main([*words, str(tmp_path)]) == 1
    assert main([*words, str(tmp_path / "none" / "new.davy")]) == 1
    assert capsys.readouterr().err.count("expected a file to write; fix: another path after -o") == 2


def without_gas(folder: Path, rows: int) -> Path:
    """Write what a station without a reference analyser sends: its gas column is there, and empty."""
    values = simulate_chamber(3000, seed=9)[:rows]
    values[:, 0] = np.nan
    path = folder / "recent.csv"
    write_table(path, NAMES, values)
    return path


def test_a_station_without_an_analyser_is_compared_by_the_model_without_the_gas_column(
    old: Path, bundles: dict[str, Path], tmp_path: Path
) -> None:
    retraining = Retraining([old], [without_gas(tmp_path, 1800)], bundles["both"])
    assert retraining.absent
    assert not retraining.few
    assert retraining.readings == 1800
    assert retraining.old is not None
    part = cut_newest(retraining.record, retraining.old, absent=True)
    assert (len(part.tested), len(part.earlier.values), len(part.earlier.without_gas.values)) == (600, 3000, 4200)
    found = measure_bundle("old", retraining.running.scoring(True), part)
    assert {"consistency", "reconstruction"} <= {one.score for one in found.budget}
    families = {one.family for one in found.faults}
    assert {"offset", "stuck", "open"} <= families, "a bundle that never alarms would keep every budget"
    assert families.isdisjoint({"methane", "response", "blind"})
    assert found.recall is not None
    assert found.recall > 0.2


def test_few_readings_of_a_station_without_an_analyser_have_nothing_to_adopt(
    old: Path, bundles: dict[str, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    recent, output = without_gas(tmp_path, 1000), tmp_path / "new.davy"
    words = ["retrain", str(old), "--collected", str(recent), "--bundle", str(bundles["both"])]
    assert main([*words, "-o", str(output)]) == 1
    assert "got 0 collected readings with a gas level" in capsys.readouterr().err
    assert not output.exists()


def test_a_station_file_with_other_units_is_refused(
    old: Path, bundles: dict[str, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    station = tmp_path / "station.yaml"
    station.write_text(METHANE.read_text(encoding="utf-8").replace('unit: "[ppb]"', 'unit: "[ppm]"'), encoding="utf-8")
    words = ["retrain", str(old), "--collected", str(collected(tmp_path, 1800)), "--bundle", str(bundles["both"])]
    assert main([*words, "--station", str(station), "-o", str(tmp_path / "new.davy")]) == 1
    assert 'features.ch4_ppb.unit: got "[ppm]", expected "[ppb]", as in the bundle' in capsys.readouterr().err


def test_what_was_collected_before_the_old_files_end_is_nothing_new(
    bundles: dict[str, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    files = [tmp_path / f"season-{season}.csv" for season in (1, 2)]
    for season, path in enumerate(files, 1):
        write_season(path, 300, season=season)
    station = tmp_path / "station.yaml"
    station.write_text(METHANE.read_text(encoding="utf-8").replace("\ntime: null ", "\ntime: time "), encoding="utf-8")
    words = ["retrain", str(files[1]), "--collected", str(files[0]), "--bundle", str(bundles["both"])]
    assert main([*words, "--station", str(station), "-o", str(tmp_path / "new.davy")]) == 1
    assert "newer than the old files, which end at 2026-05-30" in capsys.readouterr().err
