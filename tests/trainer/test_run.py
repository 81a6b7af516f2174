"""A run folder is read again, and what is damaged in it is named."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
import torch

from config.errors import ConfigError
from config.settings.training import Training
from trainer.data.record import Record
from trainer.errors import TrainingError
from trainer.run import Run
from trainer.scoring.reconstruction import WhitenedReconstruction


@pytest.fixture
def folder(runs: dict[str, Path], tmp_path: Path) -> Path:
    """A run that a test may damage."""
    return Path(shutil.copytree(runs["both"], tmp_path / "run"))


def test_settings_station_and_data_come_back(runs: dict[str, Path], chamber: Record) -> None:
    run = Run.open(runs["vae"])
    assert run.settings == Training.quick(model="vae")
    assert run.station == chamber.station
    assert run.data.rows == len(chamber.values)
    assert run.seed == run.settings.seed
    assert len(run.generator_spec.sigma) == 9
    assert min(run.generator_spec.sigma) > 0


def test_weights_come_back_bit_for_bit(folder: Path) -> None:
    run = Run.open(str(folder))
    stored = run.weights("generator")
    generative = run.generator.codec.network
    assert generative is not None
    assert all(torch.equal(value, stored[name]) for name, value in generative.state_dict().items())
    assert not generative.training
    network = run.scoring_models["scorer-absent"].network
    assert isinstance(network, WhitenedReconstruction)
    assert set(run.weights("scorer-absent-fold-2")) == set(network.module.state_dict())


@pytest.mark.parametrize("what", ["nothing", "an empty folder", "a file"])
def test_what_is_no_run_is_refused_with_the_fix(tmp_path: Path, what: str) -> None:
    path = tmp_path / "run"
    if what == "an empty folder":
        path.mkdir()
    elif what == "a file":
        path.write_text("")
    with pytest.raises(TrainingError, match=r"run: got no run\.json in it, expected a run folder; fix: davylamp train"):
        Run.open(path)


def test_damaged_weights_are_named(folder: Path) -> None:
    path = folder / "weights" / "scorer.safetensors"
    path.write_bytes(path.read_bytes()[:-100])
    run = Run.open(folder)
    with pytest.raises(TrainingError, match=r"scorer\.safetensors: cannot be read: .*fix: train again") as refusal:
        _ = run.scoring_models
    assert "\n" not in str(refusal.value)
    assert run.generator is run.generator


def test_missing_weights_are_named(folder: Path) -> None:
    (folder / "weights" / "generator.safetensors").unlink()
    with pytest.raises(TrainingError, match=r"generator\.safetensors: cannot be read"):
        _ = Run.open(folder).generator


@pytest.mark.parametrize("name", ["metrics.json", "tables.npz"])
def test_a_damaged_file_is_named(folder: Path, name: str) -> None:
    (folder / name).write_bytes(b"{")
    run = Run.open(folder)
    with pytest.raises(TrainingError, match=rf"{name}: cannot be read: .*fix: train again"):
        _ = run.metrics if name == "metrics.json" else run.tables


def test_damaged_provenance_is_named(folder: Path) -> None:
    (folder / "run.json").write_text('{"created": 3}')
    with pytest.raises(TrainingError, match=r"run\.json: cannot be read"):
        Run.open(folder)


def test_a_mistake_in_its_settings_is_reported_as_in_any_settings_file(folder: Path) -> None:
    (folder / "settings.yaml").write_text("latnet: 3\n")
    with pytest.raises(ConfigError, match='did you mean "latent"'):
        Run.open(folder)
