"""train: what a run folder holds, that it reproduces, what is refused."""

from __future__ import annotations

import io
import json
import shutil
from pathlib import Path

import numpy as np
import pytest
import torch
from msgspec.structs import replace

from config.settings.training import Training
from edge.bundles.manifest import NetworkSpec
from trainer.data.record import Record
from trainer.data.splits import blocked
from trainer.errors import TrainingError
from trainer.generation.fit_generator import fit_generator
from trainer.run import Run
from trainer.scoring.false_alarm_rates import false_alarm_rates
from trainer.train import train

SHORT = replace(Training.quick(), epochs=2, generator_epochs=2, generator_steps=1, components=3)
FOLDS = ("-fold-1", "-fold-2", "-fold-3")


class FixedClock:
    def now(self) -> float:
        return 1753776000.25

    def monotonic(self) -> float:
        return 0.0


@pytest.fixture(scope="module")
def short(chamber: Record) -> Record:
    return Record.from_values(chamber.values[:600], chamber.station)


def weights(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in (folder / "weights").iterdir()}


def test_a_run_folder_holds_everything(runs: dict[str, Path]) -> None:
    names = {path.name for path in runs["both"].iterdir()}
    assert names == {
        *("losses.json", "losses.png", "metrics.json", "run.json"),
        *("settings.yaml", "station.yaml", "tables.npz", "weights", "measured"),
    }
    networks = ("generator", *(s + f for s in ("scorer", "scorer-absent") for f in ("", *FOLDS)))
    for fit in (runs["both"], runs["both"] / "measured"):
        assert set(weights(fit)) == {f"{name}.safetensors" for name in networks}


def test_the_bundles_fit_has_seen_every_row_and_the_measured_one_no_test_row(short: Record, tmp_path: Path) -> None:
    values = short.values.copy()
    test = blocked(short).test
    low, high = test[3], test[-3]
    values[low] = values.min(axis=0) * 0.9
    values[high] = values.max(axis=0) * 1.1
    run = train(Record.from_values(values, short.station), SHORT, tmp_path / "run")
    np.testing.assert_array_equal(run.generator.low, values[low])
    np.testing.assert_array_equal(run.generator.high, values[high])
    seen = run.measured.generator
    assert (seen.low > run.generator.low).all()
    assert (seen.high < run.generator.high).all()
    assert run.generator_spec.regimes["plume"][1] == pytest.approx(values[high, 0])
    for name, fitted in run.scoring_specs.items():
        assert fitted.rows == 600 > run.measured.scoring_specs[name].rows == run.metrics["scorers"][name]["rows"]
        assert fitted.domain["temperature_c"] == (values[low, 2], values[high, 2])
    assert run.metrics["bundle"]["rows"] == 600
    assert run.metrics["fit"].startswith("the fit that left the test blocks out; the bundle's own fit has seen every")


def test_the_bundles_generator_is_the_one_that_an_evaluation_fits_on_the_same_rows(
    short: Record, tmp_path: Path
) -> None:
    run = train(short, SHORT, tmp_path / "run")
    alone = fit_generator(short.values, short.values[:50], short.station, SHORT)
    for name, array in alone.arrays().items():
        np.testing.assert_array_equal(run.tables[f"generator/{name}"], array)
    assert alone.codec.network is not None
    for name, weight in run.weights("generator").items():
        assert torch.equal(weight, alone.codec.network.state_dict()[name])


def test_the_folds_that_made_the_tables_are_the_same_for_both_fits(runs: dict[str, Path]) -> None:
    bundled, measured = (weights(runs["both"] / part) for part in ("", "measured"))
    alike = {name for name in bundled if bundled[name] == measured[name]}
    assert alike == {f"{name}{fold}.safetensors" for name in ("scorer", "scorer-absent") for fold in FOLDS}
    run = Run.open(runs["both"])
    for name in run.scoring_specs:
        one, other = (fit.scoring_models[name].tables for fit in (run, run.measured))
        assert one.keys() == other.keys()


def test_a_run_of_an_earlier_version_was_measured_on_its_only_fit(runs: dict[str, Path], tmp_path: Path) -> None:
    folder = Path(shutil.copytree(runs["both"], tmp_path / "old", ignore=shutil.ignore_patterns("measured")))
    run = Run.open(folder)
    assert run.measured is run


def test_a_mixture_has_no_network_and_no_losses(short: Record, tmp_path: Path) -> None:
    run = train(short, replace(SHORT, generator="mixture"), tmp_path / "run")
    assert run.generator_spec.network is None
    assert run.generator.codec.network is None
    assert not (tmp_path / "run" / "weights" / "generator.safetensors").exists()
    assert set(json.loads((tmp_path / "run" / "losses.json").read_text())) == {"scorer", "scorer-absent"}


@pytest.mark.parametrize(
    ("model", "scores", "generated_by"), [("ae", "ae", "ae"), ("vae", "vae", "vae"), ("both", "ae", "vae")]
)
def test_the_model_setting_decides_the_roles(runs: dict[str, Path], model: str, scores: str, generated_by: str) -> None:
    run = Run.open(runs[model])
    assert {fitted.network.kind for fitted in run.scoring_specs.values()} == {scores}
    assert run.generator_spec.kind == generated_by


def test_the_same_seed_gives_the_same_bytes_and_another_seed_others(short: Record, tmp_path: Path) -> None:
    for name, seed in (("one", 1), ("same", 1), ("other", 2)):
        train(short, replace(SHORT, seed=seed), tmp_path / name)
    one, same, other = (weights(tmp_path / name) for name in ("one", "same", "other"))
    assert one == same
    assert one.keys() == other.keys()
    assert not any(one[name] == other[name] for name in one)
    for name in ("tables.npz", "losses.json", "losses.png", "settings.yaml", "station.yaml", "measured/tables.npz"):
        assert (tmp_path / "one" / name).read_bytes() == (tmp_path / "same" / name).read_bytes(), name


def test_metrics_hold_likelihoods_distances_and_false_alarm_rates(chamber: Record, runs: dict[str, Path]) -> None:
    run = Run.open(runs["both"])
    metrics, split = run.metrics, blocked(chamber)
    assert metrics["split"] == "blocks"
    assert metrics["rows"] == {name: len(getattr(split, name)) for name in ("train", "validation", "test")}
    quality, spec = metrics["generator"], run.generator_spec
    assert (quality["kind"], quality["components"]) == (spec.kind, spec.components) == ("vae", 40)
    assert (quality["log_likelihood"], quality["one_gaussian"]) == (spec.likelihood, spec.baseline)
    assert 0 < quality["ks_train"] < quality["ks_test"] < 1
    real = [np.sort(chamber.values[rows].astype(np.float32), axis=0) for rows in (split.test, split.train)]
    distances = []
    for test, fitted in zip(real[0].T, real[1].T, strict=True):
        at = np.unique(np.concatenate([test, fitted]))
        below = [np.searchsorted(column, at, side="right") / len(column) for column in (test, fitted)]
        distances.append(np.abs(below[0] - below[1]).max())
    assert quality["ks_test_train"] == pytest.approx(np.mean(distances), rel=1e-15)
    for name, scorer in metrics["scorers"].items():
        assert scorer["chunks"] == run.scoring_specs[name].chunks == 3
        assert scorer["realised"] == false_alarm_rates(run.measured.scoring_models[name], chamber, split.test)


def test_no_test_row_and_no_neighbour_of_one_takes_part_in_the_scores(short: Record, tmp_path: Path) -> None:
    values = short.values.copy()
    test = blocked(short).test
    near = np.unique(np.clip(test[:, None] + np.arange(-12, 13), 0, len(values) - 1))
    values[near] *= 1.2
    one = train(short, SHORT, tmp_path / "one")
    other = train(Record.from_values(values, short.station), SHORT, tmp_path / "other")
    for name, table in one.measured.tables.items():
        if name.startswith("scorer"):
            np.testing.assert_array_equal(table, other.measured.tables[name])


def test_tables_hold_the_background_and_the_mixture_of_the_codes(chamber: Record, runs: dict[str, Path]) -> None:
    run = Run.open(runs["both"])
    rows = chamber.values
    assert run.tables["background_ppb"] == pytest.approx(np.quantile(rows[:, 0], 0.1))
    codes = run.generator.codec.encode(rows)["mean"]
    np.testing.assert_allclose(run.generator.latent_std, codes.std(axis=0), rtol=0.3)
    mean, covariance = run.generator.mixture.moments()
    np.testing.assert_allclose(mean, codes.mean(axis=0), atol=0.1)
    assert np.corrcoef(covariance.ravel(), np.cov(codes.T).ravel())[0, 1] > 0.9


def test_a_station_without_gas_has_no_background(chamber: Record, tmp_path: Path) -> None:
    station = replace(chamber.station, features=chamber.station.features[1:], ratio=None)
    run = train(Record.from_values(chamber.values[:600, 1:], station), replace(SHORT, model="ae"), tmp_path / "run")
    assert "background_ppb" not in run.tables
    assert set(run.scoring_specs) == {"scorer"}


def test_reference_is_the_published_training(short: Record, tmp_path: Path) -> None:
    run = train(short, replace(Training.reference(model="both"), epochs=3, chunks=2), tmp_path / "run")
    assert run.metrics["split"] == "random"
    assert run.metrics["rows"] == {"train": 480, "validation": 120, "test": 120}
    scorer = run.scoring_specs["scorer"]
    assert scorer.network.hidden == (64, 32)
    assert scorer.network.latent == 10
    assert scorer.raw is not None
    assert not any(scorer.raw.is_log)
    assert any(scorer.scaler.is_log)  # the consistency is not the published one
    assert run.generator_spec.transform == "scaler"
    assert run.generator_spec.network == NetworkSpec(kind="vae", hidden=(64, 32), latent=10, loss="mse", beta=1.0)
    assert run.generator_spec.components == 1
    assert not any(run.scaler.is_log)
    assert not any(run.generator_spec.sigma)
    losses = json.loads((tmp_path / "run" / "losses.json").read_text())["generator"]
    assert losses["chosen"] == len(losses["train"]) == 3
    published = Training.reference()
    assert (published.batch_size, published.learning_rate, published.epochs, published.patience) == (64, 1e-3, 50, 5)
    assert (published.loss, published.seed, published.schedule) == ("mse", 42, "constant")
    assert not published.restore_best


def test_created_is_the_clocks_time_and_the_data_are_named_by_their_hash(short: Record, tmp_path: Path) -> None:
    run = train(short, replace(SHORT, model="ae"), tmp_path / "run", clock=FixedClock())
    assert run.created == "2025-07-29T08:00:00.250Z"
    assert run.data.sha256 == short.sha256
    assert run.data.rows == 600
    assert {"davylamp", "torch", "numpy", "python"} <= run.versions.keys()


def test_progress_shows_every_network_and_is_silent_unless_asked(
    short: Record, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    stream = io.StringIO()
    train(short, SHORT, tmp_path / "run", progress=stream)
    for label in ("generator", "scorer 1/3", "scorer", "without ch4_ppb 3/3", "without ch4_ppb"):
        assert f"{label}: 100%" in stream.getvalue()
    assert capsys.readouterr() == ("", "")


def test_a_run_is_replaced_whole_and_nothing_else_is_left(short: Record, tmp_path: Path) -> None:
    folder = tmp_path / "deep" / "run"
    train(short, replace(SHORT, model="both"), folder)
    train(short, replace(SHORT, model="vae"), folder)
    assert Run.open(folder).scoring_specs["scorer"].network.kind == "vae"
    assert [path.name for path in folder.parent.iterdir()] == ["run"]


def test_an_empty_folder_is_used(short: Record, tmp_path: Path) -> None:
    (tmp_path / "run").mkdir()
    assert train(short, replace(SHORT, model="ae"), tmp_path / "run").settings.model == "ae"


def test_a_folder_with_other_files_is_refused_and_left_alone(short: Record, tmp_path: Path) -> None:
    (tmp_path / "thesis.tex").write_text("years")
    with pytest.raises(TrainingError, match=r"other files in it, expected a new, an empty or a run folder"):
        train(short, SHORT, tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.tex"]


def test_a_file_in_place_of_the_folder_is_refused(short: Record, tmp_path: Path) -> None:
    (tmp_path / "run").write_text("")
    with pytest.raises(TrainingError, match="got a file, expected a folder"):
        train(short, SHORT, tmp_path / "run")
    with pytest.raises(TrainingError, match=r"cannot be written: .*fix: another folder"):
        train(short, replace(SHORT, model="ae"), tmp_path / "run" / "below")


def test_a_failed_training_leaves_the_earlier_run(short: Record, tmp_path: Path) -> None:
    folder = tmp_path / "run"
    train(short, replace(SHORT, model="ae"), folder)
    before = weights(folder)
    with pytest.raises(TrainingError, match="got a loss of"):
        train(short, replace(SHORT, learning_rate=1e20), folder)
    assert weights(folder) == before
    assert [path.name for path in tmp_path.iterdir()] == ["run"]


def test_too_few_rows_are_counted(chamber: Record, tmp_path: Path) -> None:
    with pytest.raises(TrainingError, match=r"^record: got 599 usable rows, expected at least 600; fix: a longer"):
        train(Record.from_values(chamber.values[:599], chamber.station), SHORT, tmp_path / "run")
    assert not (tmp_path / "run").exists()


def test_spans_too_short_for_a_memory_are_refused(chamber: Record, tmp_path: Path) -> None:
    gappy = Record.from_values(chamber.values[:600], chamber.station, [(i, i + 30) for i in range(0, 600, 30)])
    with pytest.raises(TrainingError, match=r"got 30 consecutive rows at most, expected more than 32; fix: "):
        train(gappy, SHORT, tmp_path / "run")


def test_a_constant_column_is_named(short: Record, tmp_path: Path) -> None:
    values = short.values.copy()
    values[:, 5] = 7.0
    with pytest.raises(TrainingError, match=rf"^{short.station.names[5]}: got the same value"):
        train(Record.from_values(values, short.station), SHORT, tmp_path / "run")


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a GPU here")
def test_a_device_that_is_not_there_is_refused_before_anything_else(short: Record, tmp_path: Path) -> None:
    with pytest.raises(TrainingError, match="device: got cuda"):
        train(short, replace(SHORT, device="cuda"), tmp_path / "run")


def test_losses_are_kept_as_numbers_and_as_a_picture(runs: dict[str, Path]) -> None:
    losses = json.loads((runs["both"] / "losses.json").read_text())
    assert set(losses) == {"generator", "scorer", "scorer-absent"}
    assert len(losses["generator"]["validation_kl"]) == len(losses["generator"]["train"])
    assert losses["scorer"]["chosen"] >= 1
    assert (runs["both"] / "losses.png").read_bytes().startswith(b"\x89PNG")
