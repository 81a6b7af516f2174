"""The transforms inside the graphs are those of the trainer."""

from __future__ import annotations

import numpy as np
import onnx
import pytest
from msgspec.structs import replace

from edge.arrays import AnyFloats
from edge.bundles.manifest import NetworkSpec
from edge.models.runtime import OnnxGraph
from export.graphs import decoder_graph, encoder_graph
from trainer.data.record import Record
from trainer.generation.codec import NormalScoreCodec
from trainer.generation.normal_scores import NormalScoreTransform, fit_normal_scores
from trainer.networks.generative import seeded_generative

KINDS = ["ae", "vae", None]


@pytest.fixture(scope="module")
def transform(chamber: Record) -> NormalScoreTransform:
    values = chamber.values.copy()
    values[:, 8] = np.geomspace(1, 7, 97)[np.argsort(np.argsort(values[:, 8])) * 97 // len(values)] * 1e4
    fitted = fit_normal_scores(values, chamber.station)
    return fitted.calibrated(np.random.default_rng(0).standard_normal((5000, 9)) * 1.2)


def codec(transform: NormalScoreTransform, kind: str | None) -> NormalScoreCodec:
    size = transform.station.size
    if kind is None:
        return NormalScoreCodec(transform, None, np.zeros(size))
    shape = NetworkSpec(kind=kind, hidden=(16, 16), latent=4, loss="likelihood", beta=0.1)  # type: ignore[arg-type]
    return NormalScoreCodec(transform, seeded_generative(shape, size, 3).eval(), np.linspace(0.1, 0.3, size))


@pytest.mark.parametrize("kind", KINDS)
def test_the_encoder_finds_the_knots_of_every_value_also_of_shared_ones(
    chamber: Record, transform: NormalScoreTransform, kind: str | None
) -> None:
    beyond = [transform.low * 0.9, transform.high * 1.1, transform.low, transform.high]
    readings = np.concatenate([chamber.values[:500], transform.inverse(np.eye(9)), beyond]).astype(np.float32)
    ours = codec(transform, kind)
    found = OnnxGraph(encoder_graph(ours), "encoder").run(readings=readings)
    expected = ours.encode(readings)
    assert list(found) == list(expected)
    for name, value in found.items():
        np.testing.assert_allclose(value, expected[name], atol=1e-5)


@pytest.mark.parametrize("kind", KINDS)
def test_the_decoder_is_complete(transform: NormalScoreTransform, kind: str | None) -> None:
    ours = codec(transform, kind)
    rng = np.random.default_rng(1)
    latent = rng.standard_normal((2000, ours.latent)).astype(np.float32) * (1 if kind is None else 8)
    noise = rng.standard_normal((2000, 9)).astype(np.float32)
    rows = OnnxGraph(decoder_graph(ours), "decoder").run(latent=latent, noise=noise)["readings"]
    expected = ours.decode(latent, noise)
    assert rows.dtype == np.float64
    assert set(transform.steps) >= {3, 8}
    for column, steps in transform.steps.items():
        assert set(np.unique(rows[:, column])) <= set(steps)
        # At the edge of a step the last bit decides.
        assert (rows[:, column] == expected[:, column]).mean() > 0.995
    close = np.isclose(rows, expected, rtol=2e-5).all(axis=1)
    assert close.mean() > 0.98
    assert (rows >= transform.low).all()
    assert (rows <= transform.high).all()


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("wrong", [np.nan, np.inf, -np.inf])
def test_what_is_no_number_spoils_its_own_row_wholly_and_no_other(
    transform: NormalScoreTransform, kind: str | None, wrong: float
) -> None:
    ours = codec(transform, kind)
    encoder, decoder = OnnxGraph(encoder_graph(ours), "encoder"), OnnxGraph(decoder_graph(ours), "decoder")
    readings: dict[str, AnyFloats] = {"readings": transform.inverse(np.eye(9)[:6])}
    codes: dict[str, AnyFloats] = {"latent": np.ones((6, ours.latent)), "noise": np.ones((6, 9))}
    inputs = [(encoder, readings, "readings"), (decoder, codes, "latent"), (decoder, codes, "noise")]
    for graph, rows, spoilt in inputs:
        clean = graph.run(**rows)
        for column in range(rows[spoilt].shape[1]):
            changed = {name: value.copy() for name, value in rows.items()}
            changed[spoilt][2, column] = wrong
            for name, value in graph.run(**changed).items():
                assert np.isnan(value[2]).all(), (name, spoilt, column)
                np.testing.assert_array_equal(np.delete(value, 2, 0), np.delete(clean[name], 2, 0))


def test_a_station_without_ratio_or_steps_needs_no_more_than_the_tables(chamber: Record) -> None:
    station = replace(chamber.station, features=chamber.station.features[4:8], ratio=None)
    ours = codec(fit_normal_scores(chamber.values[:, 4:8], station), "vae")
    assert not ours.transform.steps
    latent, noise = np.random.default_rng(0).standard_normal((2, 300, 4)).astype(np.float32)
    rows = OnnxGraph(decoder_graph(ours), "decoder").run(latent=latent, noise=noise)["readings"]
    np.testing.assert_allclose(rows, ours.decode(latent, noise), rtol=2e-5)


@pytest.mark.parametrize("kind", KINDS)
def test_graphs_are_valid_small_and_the_same_each_time(transform: NormalScoreTransform, kind: str | None) -> None:
    for make in (encoder_graph, decoder_graph):
        graph = make(codec(transform, kind))
        assert graph == make(codec(transform, kind))
        model = onnx.load_from_string(graph)
        assert [(one.domain, one.version) for one in model.opset_import] == [("", 17)]
        assert len(graph) < 50_000
        assert not any("Random" in node.op_type for node in model.graph.node)
