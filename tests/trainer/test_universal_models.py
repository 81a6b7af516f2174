"""What holds for every model: determinism, rows on their own, training, and more than its baselines."""

from __future__ import annotations

from pathlib import Path
from typing import Literal, NamedTuple

import numpy as np
import pytest
import torch
from msgspec.structs import replace

from config.settings.training import Training
from edge.arrays import Singles
from edge.bundles.manifest import NetworkSpec
from edge.simulation.simulator import simulate_chamber
from tests.trainer.baselines import mean_error, pca_error
from trainer.data.record import Record, load_record
from trainer.data.scaler import fit_scaler
from trainer.data.splits import blocked
from trainer.networks.autoencoder import TabularAE, TabularVAE, row_errors, seeded_autoencoder
from trainer.networks.training import fit_autoencoder

NetworkKind = Literal["ae", "vae"]

SETTINGS = Training()
Model = TabularAE | TabularVAE

pytestmark = pytest.mark.parametrize("kind", ["ae", "vae"])


class Trained(NamedTuple):
    model: Model
    train: Singles
    test: Singles


def untrained(kind: NetworkKind, columns: int = 9) -> Model:
    network = NetworkSpec(kind=kind, hidden=SETTINGS.hidden, latent=SETTINGS.latent, loss="mse", beta=SETTINGS.beta)
    return seeded_autoencoder(network, columns, SETTINGS.seed)


def trained(kind: NetworkKind, record: Record, settings: Training = SETTINGS) -> Trained:
    split = blocked(record)
    scaler = fit_scaler(record.values[split.train], record.station, SETTINGS.scaler)
    train, validation, test = (
        scaler.forward(record.values[part]).astype(np.float32) for part in (split.train, split.validation, split.test)
    )
    model = untrained(kind)
    fit_autoencoder(model, train, validation, settings, seed=SETTINGS.seed)
    return Trained(model, train, test)


ROWS = torch.randn(257, 9, generator=torch.Generator().manual_seed(5))


def outputs(model: Model, rows: torch.Tensor) -> list[torch.Tensor]:
    """Return all outputs of a model: codes, reconstruction, decoded codes."""
    with torch.no_grad():
        code = model.encode(rows)
        codes = list(code) if isinstance(code, tuple) else [code]
        return [*codes, model.reconstruct(rows), model.decode(codes[0])]


def test_it_is_deterministic(kind: NetworkKind) -> None:
    one, other = (outputs(untrained(kind), ROWS) for _ in range(2))
    assert all(torch.equal(a, b) for a, b in zip(one, other, strict=True))


def test_shapes_and_types_are_those_of_the_rows(kind: NetworkKind) -> None:
    *codes, back, decoded = outputs(untrained(kind), ROWS)
    assert back.shape == decoded.shape == ROWS.shape
    assert all(code.shape == (257, SETTINGS.latent) for code in codes)
    assert all(value.dtype == torch.float32 for value in (*codes, back, decoded))
    assert all(value.shape[0] == 0 for value in outputs(untrained(kind), ROWS[:0]))


def test_a_batch_equals_its_rows_one_by_one(kind: NetworkKind) -> None:
    model = untrained(kind)
    singles = [outputs(model, ROWS[i : i + 1]) for i in range(40)]
    for i, whole in enumerate(outputs(model, ROWS[:40])):
        torch.testing.assert_close(whole, torch.cat([one[i] for one in singles]), rtol=0, atol=1e-6)


def test_permuted_rows_give_permuted_outputs(kind: NetworkKind) -> None:
    model = untrained(kind)
    order = torch.randperm(len(ROWS), generator=torch.Generator().manual_seed(1))
    for straight, permuted in zip(outputs(model, ROWS), outputs(model, ROWS[order]), strict=True):
        torch.testing.assert_close(straight[order], permuted, rtol=0, atol=1e-6)


def test_a_missing_value_spoils_its_own_row_and_no_other(kind: NetworkKind) -> None:
    model = untrained(kind)
    holed = ROWS.clone()
    holed[3, 2] = torch.nan
    for whole, spoilt in zip(outputs(model, ROWS), outputs(model, holed), strict=True):
        assert spoilt[3].isnan().any()
        rest = torch.arange(len(ROWS)) != 3
        torch.testing.assert_close(whole[rest], spoilt[rest], rtol=0, atol=1e-6)
    assert np.isnan(row_errors(model, holed.numpy(), "mse")).tolist() == [i == 3 for i in range(len(ROWS))]


def test_training_changes_every_weight(kind: NetworkKind, chamber: Record) -> None:
    before, after = untrained(kind).state_dict(), trained(kind, chamber, replace(SETTINGS, epochs=1)).model.state_dict()
    assert before.keys() == after.keys()
    assert not any(torch.equal(before[name], after[name]) for name in before)


def beats_its_baselines(kind: NetworkKind, record: Record) -> None:
    model, train, test = trained(kind, record)
    error = row_errors(model, test, "mse").mean()
    assert error < 0.05 * mean_error(train, test)
    assert error < 0.85 * pca_error(train, test, SETTINGS.latent)


def test_it_beats_the_mean_and_a_pca_of_its_size_on_simulated_blocks(kind: NetworkKind, chamber: Record) -> None:
    beats_its_baselines(kind, Record.from_values(simulate_chamber(seed=1), chamber.station))


@pytest.mark.parametrize("station", [1, 2, 3])
def test_it_beats_the_mean_and_a_pca_of_its_size_on_real_blocks(
    kind: NetworkKind, chamber: Record, record_folder: Path, station: int
) -> None:
    beats_its_baselines(kind, load_record([record_folder / f"station-{station}.csv"], chamber.station))
