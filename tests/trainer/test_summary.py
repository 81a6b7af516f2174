"""summary: the table that a training ends with."""

from __future__ import annotations

from pathlib import Path

from msgspec.structs import replace

from config.settings.training import Training
from trainer.data.record import Record
from trainer.run import Run
from trainer.summary import summary
from trainer.train import train

SHORT = replace(Training.quick(model="ae"), epochs=1, generator_epochs=2, generator_steps=1, components=3)


def test_it_shows_the_generator_its_baselines_and_the_rates_of_each_scorer(runs: dict[str, Path]) -> None:
    run = Run.open(runs["both"])
    text = summary(run)
    quality = run.metrics["generator"]
    assert "generator: variational autoencoder; its codes from 40 Gaussians" in text
    for name in ("ks_train", "ks_test", "ks_test_train"):
        assert f"{quality[name]:.4f}" in text
    assert f"{quality['log_likelihood']:.2f} nat (baseline: one Gaussian {quality['one_gaussian']:.2f})" in text
    for name, scorer in run.metrics["scorers"].items():
        part = text.split(f"\n{name}: ")[1].split("\n\n")[0]
        assert f"{scorer['rows']:,} rows in 3 chunks" in part
        assert "r2611e_ohm" in part
        for rate in scorer["realised"]:
            assert f"{rate['consistency']:.2%}" in part
    assert "contiguous blocks" in text
    assert "measured on the fit that left the test blocks out; the bundle's own fit has seen every row" in text
    assert f"{run.metrics['bundle']['ks']:.4f} to the 3,000 rows of the bundle's own fit" in text


def test_a_score_that_no_test_row_has_is_shown_as_missing(chamber: Record, tmp_path: Path) -> None:
    no_gas = replace(chamber.station, features=chamber.station.features[1:], ratio=None)
    run = train(Record.from_values(chamber.values[:700, 1:], no_gas), SHORT, tmp_path / "run")
    assert "no score" in summary(run)
    assert "no virtual gas" in summary(run)


def test_a_random_split_is_reported_to_leak(chamber: Record, tmp_path: Path) -> None:
    run = train(chamber, replace(SHORT, split="random"), tmp_path / "run")
    assert "LEAKS" in summary(run)
    assert "measured on the fit that left the test rows out; " in summary(run)


def test_a_bundle_without_the_onset_has_no_rate_of_it(runs: dict[str, Path]) -> None:
    run = Run.open(runs["both"])
    for scorer in run.metrics["scorers"].values():
        scorer["onset"] = {"refused": "nothing was found"}
        for rate in scorer["realised"]:
            rate["onset"] = 0.1234
    assert "12.34%" not in summary(run)
    assert "no score" in summary(run)
