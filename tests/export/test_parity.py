"""No bundle is written whose graphs disagree with torch."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from edge.bundles.bundle import Bundle
from edge.bundles.golden import GOLDEN_ROWS, difference, golden_scores, root_difference
from export.errors import ParityError
from export.golden import RANDOM_ROWS, random_rows
from export.parity import check_parity
from trainer.generation.codec import NormalScoreCodec
from trainer.run import Run
from trainer.scoring.reconstruction import WhitenedReconstruction


@pytest.mark.parametrize("model", ["ae", "vae", "both"])
def test_every_graph_agrees_on_golden_and_on_random_rows(
    runs: dict[str, Path], bundles: dict[str, Path], model: str
) -> None:
    found = check_parity(Run.open(runs[model]), Bundle.open(bundles[model]))
    graphs = {"encoder.onnx", "decoder.onnx", "scorer.onnx", "scorer-absent.onnx"}
    assert set(found) == {*graphs, "tables.npz"}
    for member, by_kind in found.items():
        assert set(by_kind) == ({"golden", "random"} if member in graphs else {"golden"})
        assert max(by_kind.values()) <= 1e-5
    # Rounding is never the same everywhere: a comparison that finds nothing at all compares nothing.
    assert all(found[member]["random"] > 0 for member in graphs)


def reconstruction(run: Run, name: str) -> WhitenedReconstruction:
    network = run.scoring_models[name].network
    assert isinstance(network, WhitenedReconstruction)
    return network


@pytest.mark.parametrize(
    ("module", "layer", "member"),
    [
        ("generator", "mean", "encoder.onnx"),
        ("generator", "log_variance", "encoder.onnx"),
        ("generator", "decoder", "decoder.onnx"),
        ("scorer", "encoder", "scorer.onnx"),
        ("scorer", "decoder", "scorer.onnx"),
        ("scorer-absent", "decoder", "scorer-absent.onnx"),
    ],
)
def test_a_weight_that_differs_in_the_third_digit_is_found_and_its_graph_named(
    runs: dict[str, Path], bundles: dict[str, Path], module: str, layer: str, member: str
) -> None:
    run = Run.open(runs["both"])
    network = run.generator.codec.network if module == "generator" else reconstruction(run, module).module
    with torch.no_grad():
        next(getattr(network, layer).parameters()).mul_(1.001)
    with pytest.raises(ParityError, match=rf"^{member}: got random rows that differ by [^\n]+ at most 1e-05"):
        check_parity(run, Bundle.open(bundles["both"]))


def test_a_decoder_that_differs_is_refused_with_the_column_and_what_to_do(
    runs: dict[str, Path], bundles: dict[str, Path]
) -> None:
    run = Run.open(runs["vae"])
    codec = run.generator.codec
    assert isinstance(codec, NormalScoreCodec)
    codec.transform.calibration[4] += 0.05
    with pytest.raises(ParityError, match=rf"the column '{run.station.names[4]}' differs most: .* in the station file"):
        check_parity(run, Bundle.open(bundles["vae"]))


def test_whitening_that_differs_is_found(runs: dict[str, Path], bundles: dict[str, Path]) -> None:
    run = Run.open(runs["vae"])
    reconstruction(run, "scorer").whitening[2, 2] *= 1.01
    with pytest.raises(ParityError, match=r"^scorer\.onnx: got random rows"):
        check_parity(run, Bundle.open(bundles["vae"]))


@pytest.mark.parametrize("model", ["ae", "vae"])
def test_no_code_is_drawn_whose_reading_lies_at_the_edge_of_a_step(runs: dict[str, Path], model: str) -> None:
    run = Run.open(runs[model])
    codec, rows = run.generator.codec, random_rows(run)
    assert isinstance(codec, NormalScoreCodec)
    quantised = list(codec.transform.steps)
    assert quantised
    scores = codec.scores(rows["latent"], rows["noise"])
    # Fifty times what single precision makes of a score.
    below, above = (codec.readings(scores + nudge)[:, quantised] for nudge in (-5e-5, 5e-5))
    np.testing.assert_array_equal(below, above)


def test_golden_outputs_are_those_of_the_networks_in_single_precision(
    runs: dict[str, Path], bundles: dict[str, Path]
) -> None:
    run, golden = Run.open(runs["both"]), Bundle.open(bundles["both"]).golden
    codes = run.generator.codec.encode(golden["readings"][-GOLDEN_ROWS:])
    assert max(difference(golden[name], code) for name, code in codes.items()) <= 1e-5
    for name, model in run.scoring_models.items():
        found = golden_scores(model, golden["readings"])
        assert root_difference(golden[f"{name}/error"], found["error"], float(golden[f"{name}/gain"])) <= 1e-5
    network = run.generator.codec.network
    assert network is not None
    assert {parameter.dtype for parameter in network.parameters()} == {torch.float32}


def test_random_rows_reach_beyond_the_training_and_are_the_same_each_time(runs: dict[str, Path]) -> None:
    run = Run.open(runs["both"])
    rows = random_rows(run)
    assert len(rows["readings"]) == len(rows["latent"]) == RANDOM_ROWS == 1000
    spread = run.scaler.forward(rows["readings"]).std(axis=0)
    assert (spread > 1.8).all()
    assert rows["scorer/features"].std() > 1.8
    assert all((value == random_rows(run)[name]).all() for name, value in rows.items())
