"""summary: the table that a training ends with."""

from __future__ import annotations

from msgspec.structs import replace

from config.training import Training
from trainer.run import Run
from trainer.summary import summary
from trainer.train import train


def test_it_shows_networks_baselines_and_both_rates(runs):
    run = Run.open(runs["both"])
    text = summary(run)
    for kind in ("ae", "vae"):
        assert f"{run.metrics['networks'][kind]['mse']['test']:.5f}" in text
    for value in run.metrics["baselines"].values():
        assert f"{value:.5f}" in text
    for rate in run.metrics["calibration"]["rates"]:
        assert f"{rate['realised_out_of_fold']:.2%}" in text
    assert "contiguous blocks" in text


def test_a_random_split_is_told_to_leak(chamber, tmp_path):
    run = train(chamber, replace(Training.quick(model="ae"), epochs=1, split="random"), tmp_path / "run")
    assert "LEAKS" in summary(run)
