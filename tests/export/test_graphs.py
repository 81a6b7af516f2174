"""The hand-written graphs give what torch and numpy give, for any architecture."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import pytest
import torch
from torch import nn

from edge.arrays import Floats, Singles
from edge.bundles.golden import TOLERANCE, difference
from edge.bundles.manifest import NetworkSpec
from edge.models.runtime import OnnxGraph
from edge.models.scaler import Scaler
from export.errors import ExportError
from export.graphs import Model, decoder_graph, encoder_graph, scorer_graph
from trainer.generation.codec import ScaledCodec
from trainer.networks.autoencoder import seeded_autoencoder
from trainer.scoring.reconstruction import WhitenedReconstruction

ROOT = Path(__file__).parents[2]
LOG = Scaler(
    scale=("log", "linear", "log", "linear"), floor=(0.01, 0, 5.0, 0), mean=(3.0, 20, 9, -1), std=(0.5, 5, 0.05, 0.1)
)
STANDARD = Scaler(scale=("linear",) * 3, floor=(0,) * 3, mean=(1013.25, 50, 2e4), std=(0.5, 10, 3e3))
SIGMA = np.array([0.1, 0.2, 0.3, 0.4])

KINDS = [
    pytest.param(kind, hidden, latent, scaler, id=f"{kind}-{'-'.join(map(str, hidden))}-{latent}-{name}")
    for kind in ("ae", "vae")
    for hidden, latent in (((64, 32), 4), ((7,), 1), ((16, 16, 8), 10))
    for name, scaler in (("log", LOG), ("standard", STANDARD))
]


def network(kind: str, hidden: tuple[int, ...] = (64, 32), latent: int = 4, scaler: Scaler = LOG) -> Model:
    shape = NetworkSpec(kind=kind, hidden=hidden, latent=latent, loss="mse", beta=1.0)  # type: ignore[arg-type]
    return seeded_autoencoder(shape, len(scaler.scale), seed=5).eval()


def readings_of(scaler: Scaler, rows: int = 200) -> Singles:
    z = 2 * np.random.default_rng(0).standard_normal((rows, len(scaler.scale)))
    return scaler.inverse(z).astype(np.float32)


def whitening(scaler: Scaler) -> Floats:
    columns = len(scaler.scale)
    return np.eye(columns) * 3 + 0.2


def codec(model: Model, scaler: Scaler) -> ScaledCodec:
    size = len(scaler.scale)
    return ScaledCodec(scaler, model, SIGMA[:size], np.full(size, -1e9), np.full(size, 1e9))


def graphs(model: Model, scaler: Scaler) -> dict[str, bytes]:
    return {
        "encoder": encoder_graph(codec(model, scaler)),
        "decoder": decoder_graph(codec(model, scaler)),
        "scorer": scorer_graph(model, whitening(scaler)),
    }


def scaled(scaler: Scaler, readings: Singles) -> torch.Tensor:
    return torch.from_numpy(scaler.forward(readings).astype(np.float32))


# ---- the same numbers ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("kind", "hidden", "latent", "scaler"), KINDS)
@torch.no_grad()
def test_encoder_is_the_torch_encoder_behind_the_scaler(
    kind: str, hidden: tuple[int, ...], latent: int, scaler: Scaler
) -> None:
    model, readings = network(kind, hidden, latent, scaler), readings_of(scaler)
    outputs = OnnxGraph(encoder_graph(codec(model, scaler)), "encoder").run(readings=readings)
    code = model.encode(scaled(scaler, readings))
    expected = dict(zip(("mean", "log_variance"), code if isinstance(code, tuple) else (code,), strict=False))
    assert list(outputs) == list(expected)
    assert max(difference(outputs[name], value.numpy()) for name, value in expected.items()) <= TOLERANCE


@pytest.mark.parametrize(("kind", "hidden", "latent", "scaler"), KINDS)
@torch.no_grad()
def test_decoder_is_the_torch_decoder_and_noise_before_the_scaler(
    kind: str, hidden: tuple[int, ...], latent: int, scaler: Scaler
) -> None:
    model, sigma = network(kind, hidden, latent, scaler), SIGMA[: len(scaler.scale)]
    rng = np.random.default_rng(1)
    code = rng.standard_normal((200, latent)).astype(np.float32)
    noise = rng.standard_normal((200, len(sigma))).astype(np.float32)
    graph = decoder_graph(codec(model, scaler))
    readings = OnnxGraph(graph, "decoder").run(latent=code, noise=noise)["readings"]
    expected = model.decode(torch.from_numpy(code)).numpy() + sigma * noise
    # Readings come in single precision: a pressure of 1013 hPa that moves by half of one has no more digits.
    rounding = np.abs(np.spacing(readings)) / np.array(scaler.std) if "log" not in scaler.scale else 0.0
    assert (np.abs(scaler.forward(readings) - expected) <= TOLERANCE * np.maximum(1, np.abs(expected)) + rounding).all()


def test_the_published_decoder_keeps_to_what_is_physically_possible() -> None:
    limited = ScaledCodec(LOG, network("ae"), SIGMA, LOG.inverse(np.full(4, -0.05)), LOG.inverse(np.full(4, 0.05)))
    code = np.random.default_rng(1).standard_normal((200, 4)).astype(np.float32)
    readings = OnnxGraph(decoder_graph(limited), "decoder").run(latent=code, noise=np.ones((200, 4)))["readings"]
    np.testing.assert_allclose(readings, limited.decode(code, np.ones((200, 4))), rtol=1e-5)
    assert (readings.max(axis=0) == limited.high).all()


@pytest.mark.parametrize(("kind", "hidden", "latent", "scaler"), KINDS)
def test_scorer_splits_the_torch_networks_whitened_error_over_the_columns(
    kind: str, hidden: tuple[int, ...], latent: int, scaler: Scaler
) -> None:
    model, features = network(kind, hidden, latent, scaler), scaled(scaler, readings_of(scaler)).numpy()
    outputs = OnnxGraph(scorer_graph(model, whitening(scaler)), "scorer").run(features=features)
    expected = WhitenedReconstruction(model, whitening(scaler)).run(features=features)
    assert list(outputs) == list(expected)
    for name, value in outputs.items():
        assert difference(value, expected[name]) <= TOLERANCE


def test_readings_below_the_floor_are_scaled_as_the_scaler_does() -> None:
    model = network("ae")
    readings = np.array([[0, -273, -5, 0], [0.01, -273, 5, 0]], dtype=np.float32)
    low, floor = OnnxGraph(encoder_graph(codec(model, LOG)), "encoder").run(readings=readings)["mean"]
    np.testing.assert_array_equal(low, floor)
    assert np.isfinite(low).all()


def test_a_column_that_hardly_moves_about_a_large_value_keeps_its_digits() -> None:
    """The scaled value of 1013.25 hPa + 0.001 hPa; in single precision it would be off by 6e-5."""
    model = network("ae", scaler=STANDARD)
    narrow = Scaler(scale=STANDARD.scale, floor=STANDARD.floor, mean=STANDARD.mean, std=(0.01, 10.0, 3e3))
    readings = narrow.inverse(np.random.default_rng(2).standard_normal((100, 3))).astype(np.float32)
    mean = OnnxGraph(encoder_graph(codec(model, narrow)), "encoder").run(readings=readings)["mean"]
    with torch.no_grad():
        assert difference(mean, model.encode(scaled(narrow, readings)).numpy()) <= 1e-6  # type: ignore[union-attr]


# ---- rows are rows ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["ae", "vae"])
@pytest.mark.parametrize("wrong", [np.nan, np.inf, -np.inf])
def test_what_is_no_number_spoils_its_own_row_wholly_and_no_other(kind: str, wrong: float) -> None:
    model = network(kind)
    for name, graph in graphs(model, LOG).items():
        session = OnnxGraph(graph, name)
        rows = {"readings": readings_of(LOG, 6)}
        if name == "decoder":
            rows = {"latent": np.ones((6, 4), np.float32), "noise": np.ones((6, 4), np.float32)}
        elif name == "scorer":
            rows = {"features": scaled(LOG, readings_of(LOG, 6)).numpy()}
        clean = session.run(**rows)
        for column in range(4):
            spoilt = {key: value.copy() for key, value in rows.items()}
            next(iter(spoilt.values()))[2, column] = wrong
            for key, value in session.run(**spoilt).items():
                assert np.isnan(value[2]).all(), (name, key)
                np.testing.assert_array_equal(np.delete(value, 2, 0), np.delete(clean[key], 2, 0))


@pytest.mark.parametrize("kind", ["ae", "vae"])
def test_a_batch_is_its_rows_in_any_order(kind: str) -> None:
    features = scaled(LOG, readings_of(LOG, 37)).numpy()
    order = np.random.default_rng(3).permutation(37)
    session = OnnxGraph(scorer_graph(network(kind), whitening(LOG)), "scorer")
    batch = session.run(features=features)["error"]
    np.testing.assert_allclose(session.run(features=features[order])["error"], batch[order], rtol=1e-6)
    alone = [session.run(features=row[None])["error"][0] for row in features]
    np.testing.assert_allclose(alone, batch, rtol=1e-6)


# ---- what is written -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["ae", "vae"])
def test_graphs_are_valid_of_opset_17_and_of_any_number_of_rows(kind: str) -> None:
    for graph in graphs(network(kind), LOG).values():
        model = onnx.load_from_string(graph)
        onnx.checker.check_model(model, full_check=True)
        assert [(one.domain, one.version) for one in model.opset_import] == [("", 17)]
        assert model.ir_version == 8
        for value in (*model.graph.input, *model.graph.output):
            assert value.type.tensor_type.shape.dim[0].dim_param == "N"


@pytest.mark.parametrize("kind", ["ae", "vae"])
def test_graphs_hold_no_text_but_names_that_can_be_read(kind: str) -> None:
    for name, graph in graphs(network(kind), LOG).items():
        model = onnx.load_from_string(graph)
        assert model.graph.name == name
        assert not model.metadata_props
        for part in (model, model.graph, *model.graph.node, *model.graph.initializer):
            assert part.doc_string == ""
        assert not any(tensor.external_data for tensor in model.graph.initializer)
        names = {one for node in model.graph.node for one in (*node.input, *node.output)}
        assert all(one.replace("_", "").isalnum() for one in names)
        assert {one.name for one in model.graph.initializer} <= names


@pytest.mark.parametrize("kind", ["ae", "vae"])
def test_graphs_draw_nothing_at_random(kind: str) -> None:
    operators = {
        node.op_type
        for graph in graphs(network(kind), LOG).values()
        for node in onnx.load_from_string(graph).graph.node
    }
    assert not {one for one in operators if "Random" in one or one in {"Bernoulli", "Multinomial", "Dropout"}}


@pytest.mark.parametrize("kind", ["ae", "vae"])
def test_the_same_weights_give_the_same_bytes(kind: str) -> None:
    assert graphs(network(kind), LOG) == graphs(network(kind), LOG)


def test_a_network_of_another_make_is_refused() -> None:
    with pytest.raises(ExportError, match="got a network Linear, expected a TabularAE or a TabularVAE"):
        scorer_graph(nn.Linear(4, 2), np.eye(4))
    model = network("ae")
    assert isinstance(model.encoder, nn.Sequential)
    model.encoder[1] = nn.Tanh()
    with pytest.raises(ExportError, match="got a layer Tanh, expected Linear, ReLU or SiLU"):
        encoder_graph(codec(model, LOG))
