"""fit_generator: every kind learns the distribution of rows, and measures how well."""

from __future__ import annotations

import io

import numpy as np
import pytest
from msgspec.structs import replace
from scipy.stats import ks_2samp

from config.settings.training import Training
from edge.moisture import magnus
from trainer.data.record import Record
from trainer.data.splits import random_split
from trainer.errors import TrainingError
from trainer.generation.codec import NormalScoreCodec, ScaledCodec
from trainer.generation.fit_generator import fit_generator, refit_generator
from trainer.generation.fitted_generator import FittedGenerator
from trainer.networks import generative_training

SETTINGS = replace(Training.quick(), generator_steps=600)


def fitted(chamber: Record, settings: Training, columns: slice = slice(None)) -> FittedGenerator:
    split = random_split(chamber, seed=1)
    station = chamber.station
    if columns != slice(None):
        station = replace(station, features=station.features[columns], ratio=None)
    rows = chamber.values[:, columns]
    return fit_generator(rows[split.train], rows[split.validation], station, settings)


@pytest.fixture(scope="module", params=["ae", "vae", "mixture"])
def generator(chamber: Record, request: pytest.FixtureRequest) -> FittedGenerator:
    return fitted(chamber, replace(SETTINGS, generator=request.param))


def made(generator: FittedGenerator, n: int = 3000) -> np.ndarray:
    rng = np.random.default_rng(0)
    latent = generator.mixture.draw(n, rng)
    return generator.generator.decoder.run(latent=latent, noise=rng.standard_normal((n, generator.station.size)))[
        "readings"
    ]


def test_rows_have_the_distributions_and_the_correlations_of_real_ones(
    chamber: Record, generator: FittedGenerator
) -> None:
    rows, real = made(generator), chamber.values.astype(np.float32)
    for column in range(9):
        assert ks_2samp(rows[:, column], real[:, column]).statistic < 0.1
    np.testing.assert_allclose(rows.std(axis=0) / real.std(axis=0), 1, atol=0.1)
    difference = np.abs(np.corrcoef(made(generator).T) - np.corrcoef(chamber.values.T))
    assert difference.mean() < 0.05


def test_moisture_agrees_with_temperature_and_humidity_as_in_the_record(
    chamber: Record, generator: FittedGenerator
) -> None:
    real, rows = (x[:, 1] / magnus(x[:, 2], x[:, 3]) for x in (chamber.values, made(generator)))
    low, high = np.quantile(real, [0.005, 0.995])
    assert ((rows < low) | (rows > high)).mean() < 0.05


def test_it_measures_how_likely_held_out_rows_are(chamber: Record, generator: FittedGenerator) -> None:
    assert generator.spec.likelihood > generator.spec.baseline
    codes = generator.codec.encode(chamber.values)["mean"]
    assert generator.mixture.log_likelihood(codes.astype(np.float64)) > generator.spec.baseline


def test_a_refit_sees_every_row_and_keeps_the_likelihoods_of_held_out_ones(
    chamber: Record, generator: FittedGenerator
) -> None:
    again = refit_generator(generator, chamber.values, replace(SETTINGS, generator=generator.spec.kind))
    np.testing.assert_array_equal(again.low, chamber.values.min(axis=0))
    np.testing.assert_array_equal(again.high, chamber.values.max(axis=0))
    assert (again.spec.likelihood, again.spec.baseline) == (generator.spec.likelihood, generator.spec.baseline)
    rows = made(again)
    for column in range(9):
        assert ks_2samp(rows[:, column], chamber.values[:, column].astype(np.float32)).statistic < 0.1


def test_a_refit_of_the_published_form_trains_for_the_epochs_that_were_chosen(chamber: Record) -> None:
    settings = replace(Training.reference(model="vae"), epochs=9, patience=1)
    first = fitted(chamber, settings)
    assert first.history is not None
    again = refit_generator(first, chamber.values[:900], settings)
    assert again.history is not None
    assert again.history.epochs == again.history.chosen == first.history.chosen


def test_a_long_record_is_passed_over_fewer_times(chamber: Record, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(generative_training, "MOST_STEPS", 31)
    settings = replace(SETTINGS, generator_steps=1, components=3)
    long = fit_generator(chamber.values[:2560], chamber.values[:50], chamber.station, settings)
    assert long.history is not None
    assert long.history.epochs == 4  # of ten batches each, in place of 20
    asked = replace(settings, generator_steps=55)
    more = fit_generator(chamber.values[:2560], chamber.values[:50], chamber.station, asked)
    assert more.history is not None
    assert more.history.epochs == 6


def test_no_training_row_is_among_the_generated_ones(chamber: Record, generator: FittedGenerator) -> None:
    known = {tuple(row) for row in chamber.values.astype(np.float32).tolist()}
    assert not known & {tuple(row) for row in made(generator).tolist()}


def test_regimes_share_the_gas_columns_range(generator: FittedGenerator) -> None:
    regimes = generator.generator.regimes
    assert list(regimes) == ["background", "elevated", "plume"]
    ends = [regimes[name] for name in regimes]
    assert ends[0][0] == generator.low[0]
    assert ends[2][1] == generator.high[0]
    assert (ends[0][1], ends[1][1]) == (ends[1][0], ends[2][0])
    assert ends[0][0] < ends[0][1] < ends[1][1] < ends[2][1]


def test_only_the_vae_is_uncertain_of_its_codes_and_only_networks_leave_noise(generator: FittedGenerator) -> None:
    heads = generator.generator.encoder.run(readings=generator.low[None])
    assert ("log_variance" in heads) == (generator.spec.kind == "vae")
    assert any(generator.spec.sigma) == (generator.spec.kind != "mixture")
    assert generator.generator.latent == (4 if generator.spec.kind == "ae" else 9)


def test_the_same_seed_gives_the_same_rows_and_another_seed_others(chamber: Record) -> None:
    short = replace(SETTINGS, generator_epochs=1, generator_steps=1, components=5)
    one, same = (made(fitted(chamber, short), 50) for _ in range(2))
    np.testing.assert_array_equal(one, same)
    assert (made(fitted(chamber, replace(short, seed=7)), 50) != one).any()


def test_a_station_without_gas_or_ratio_has_no_regimes(chamber: Record) -> None:
    short = replace(SETTINGS, generator_epochs=1, generator_steps=1, components=5)
    generator = fitted(chamber, short, slice(4, 9))
    assert generator.generator.regimes == {}
    assert made(generator).shape == (3000, 5)


def test_the_reference_settings_keep_the_published_form(chamber: Record) -> None:
    generator = fitted(chamber, replace(Training.reference(), epochs=2))
    assert isinstance(generator.codec, ScaledCodec)
    assert generator.spec.network is not None
    assert (generator.spec.network.hidden, generator.spec.network.latent) == ((64, 32), 10)
    assert (generator.spec.components, any(generator.spec.sigma)) == (1, False)
    assert isinstance(fitted(chamber, replace(SETTINGS, generator="mixture")).codec, NormalScoreCodec)


def test_noise_can_be_left_out(chamber: Record) -> None:
    short = replace(SETTINGS, generator_epochs=1, generator_steps=1, components=5, observation_noise=False)
    assert not any(fitted(chamber, short).spec.sigma)


def test_a_constant_column_is_refused_by_name(chamber: Record) -> None:
    values = chamber.values.copy()
    values[:, 5] = 7.0
    with pytest.raises(TrainingError, match=rf"^{chamber.station.names[5]}: got the same value"):
        fit_generator(values[:900], values[900:1000], chamber.station, SETTINGS, io.StringIO())
