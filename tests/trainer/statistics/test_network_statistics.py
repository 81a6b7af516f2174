from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from msgspec.structs import replace

from config.settings.training import Training
from trainer.data.record import Record
from trainer.data.splits import blocked
from trainer.generation.fit_generator import fit_generator
from trainer.run import Run
from trainer.statistics.binning import column_axes
from trainer.statistics.network_statistics import generator_statistics, scorer_statistics
from trainer.statistics.run_statistics import NetworkStatistics


@pytest.fixture(scope="module")
def run(runs: dict[str, Path]) -> Run:
    return Run.open(runs["both"])


@pytest.fixture(scope="module")
def scorer(run: Run, chamber: Record) -> NetworkStatistics:
    split = blocked(chamber)
    return scorer_statistics(run.scoring_models["scorer"], "ae", chamber, {"train": split.train, "test": split.test})


def test_a_scorer_is_described_by_the_rows_that_have_a_past(
    scorer: NetworkStatistics, run: Run, chamber: Record
) -> None:
    assert [channel.axis.key for channel in scorer.channels] == list(chamber.station.keys)
    assert [one.key for one in scorer.codes.axes] == [f"z{i + 1}" for i in range(run.settings.latent)]
    split = blocked(chamber)
    assert 0 < scorer.codes.samples["train"].rows <= len(split.train)
    assert 0 < scorer.codes.samples["test"].rows <= len(split.test)


def test_what_comes_back_is_what_the_network_explains(scorer: NetworkStatistics) -> None:
    for channel in scorer.channels:
        assert channel.explained["train"] > 0.5, channel.axis.key
        centres = (channel.axis.edges[1:] + channel.axis.edges[:-1]) / 2
        weights = channel.joint / channel.joint.sum()
        off = float((weights * (centres[:, None] - centres) ** 2).sum())
        spread = float((weights.sum(axis=1) * centres**2).sum()) - float(weights.sum(axis=1) @ centres) ** 2
        # The picture and the number are of the same rows, the test rows.
        assert 1 - off / spread == pytest.approx(channel.explained["test"], abs=0.25), channel.axis.key


def test_a_network_that_gives_nothing_back_explains_nothing(run: Run, chamber: Record) -> None:
    model = Run.open(run.folder).scoring_models["scorer"]
    for parameter in model.network.module.decoder.parameters():  # type: ignore[attr-defined]
        parameter.data.zero_()
    split = blocked(chamber)

    found = scorer_statistics(model, "ae", chamber, {"train": split.train, "test": split.test})

    assert all(channel.explained["train"] < 0.01 for channel in found.channels)
    assert all((channel.joint.sum(axis=0) > 0).sum() == 1 for channel in found.channels)


def test_a_generator_is_described_in_the_units_of_its_columns_and_a_mixture_is_not(run: Run, chamber: Record) -> None:
    parts = {"train": chamber.values[:2000], "test": chamber.values[2000:]}
    axes = column_axes(chamber.values, chamber.station)

    found = generator_statistics(run.generator, axes, parts)  # type: ignore[arg-type]

    assert found is not None
    assert found.kind == "vae"
    assert [channel.axis for channel in found.channels] == list(axes)
    assert np.mean([channel.explained["test"] for channel in found.channels]) > 0.5
    assert found.codes.samples["test"].rows == 1000
    settings = replace(Training.quick(), generator="mixture", components=5)
    mixture = fit_generator(parts["train"], parts["test"], chamber.station, settings)
    assert generator_statistics(mixture, axes, parts) is None  # type: ignore[arg-type]
