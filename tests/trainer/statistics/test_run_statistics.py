from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from msgspec.structs import replace

from config.settings.training import Training
from trainer.data.record import Record
from trainer.errors import TrainingError
from trainer.statistics.run_statistics import STATISTICS, RunStatistics
from trainer.train import train

SETTINGS = replace(Training.quick(), epochs=2, generator_epochs=2, generator_steps=20, components=5)


@pytest.fixture(scope="module")
def folder(chamber: Record, tmp_path_factory: pytest.TempPathFactory) -> Path:
    short = Record.from_values(chamber.values[:900], chamber.station)
    return train(short, SETTINGS, tmp_path_factory.mktemp("statistics") / "run", statistics=True).folder


def test_a_training_leaves_binned_rows_and_networks_and_no_row(folder: Path, chamber: Record) -> None:
    found = RunStatistics.read(folder)

    assert found is not None
    assert list(found.networks) == ["generator", "scorer", "scorer-absent"]
    assert [found.networks[name].kind for name in found.networks] == ["vae", "ae", "ae"]
    assert "ch4_ppb" not in [channel.axis.key for channel in found.networks["scorer-absent"].channels]
    train, test, made = (found.rows.samples[name] for name in ("train", "test", "generated"))
    assert made.rows == train.rows > test.rows > 0
    assert train.correlations.shape == (9, 9)
    assert train.densities.shape == (9, 256)
    assert train.joints.shape == (8, 40, 40)
    assert np.allclose(np.diag(train.correlations), 1)
    assert (folder / STATISTICS).stat().st_size < 2e6


def test_the_keys_in_the_file_stay(folder: Path) -> None:
    written = json.loads((folder / "portrait.json").read_text())

    assert list(written) == ["rows", "networks"]
    assert list(written["networks"]["scorer"]) == ["kind", "mirrors", "codes"]
    assert list(written["networks"]["scorer"]["mirrors"][0]) == ["axis", "explained", "joint"]


def test_a_run_has_none_unless_they_were_asked_for(runs: dict[str, Path]) -> None:
    assert RunStatistics.read(runs["both"]) is None


def test_a_damaged_file_is_named_with_the_fix(folder: Path, tmp_path: Path) -> None:
    (tmp_path / STATISTICS).write_bytes((folder / STATISTICS).read_bytes()[:1000])

    with pytest.raises(TrainingError, match=r"portrait\.json: cannot be read: .*; fix: train again"):
        RunStatistics.read(tmp_path)
