"""Synthetic rows depend on seed and index alone, lie in physical ranges, and meet their conditions."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from edge.arrays import Floats
from edge.bundles.bundle import Bundle
from edge.errors import RequestError
from edge.synthesis.random_streams import LARGEST_SEED
from edge.synthesis.sampler import CHUNK, Sampler

if TYPE_CHECKING:
    from trainer.data.record import Record

from tests.edge.synthesis.plain_sampler import COVARIANCE, PLUME, Kind, plain_sampler


@pytest.fixture(scope="module", params=["ae", "vae"])
def sampler(request: pytest.FixtureRequest, bundles: dict[str, Path]) -> Sampler:
    return Sampler(Bundle.open(bundles[request.param]).generator)


# ---- seeds and prefixes ----------------------------------------------------------------------------------------------


def test_fewer_rows_are_the_beginning_of_more(sampler: Sampler, chamber: Record) -> None:
    given = chamber.values[:40]
    np.testing.assert_array_equal(sampler.prior(100, 7), sampler.prior(2500, 7)[:100])
    np.testing.assert_array_equal(sampler.around(given, 100, 7), sampler.around(given, 2500, 7)[:100])


WHOLE = CHUNK + 500


@pytest.mark.parametrize("cut", [1, 500, CHUNK, 1234])
def test_parts_are_the_whole(sampler: Sampler, chamber: Record, cut: int) -> None:
    whole = sampler.prior(WHOLE, 7)
    np.testing.assert_array_equal(sampler.prior(cut, 7), whole[:cut])
    np.testing.assert_array_equal(sampler.prior(WHOLE - cut, 7, first=cut), whole[cut:])
    given = chamber.values[:40]
    whole = sampler.around(given, WHOLE, 7)
    np.testing.assert_array_equal(sampler.around(given, WHOLE - cut, 7, first=cut), whole[cut:])


def test_another_seed_gives_other_rows(sampler: Sampler, chamber: Record) -> None:
    assert not np.isclose(sampler.prior(50, 7), sampler.prior(50, 8)).any(axis=1).all()
    assert not np.isclose(sampler.around(chamber.values[:9], 50, 7), sampler.around(chamber.values[:9], 50, 8)).all()


def test_two_samplers_of_one_bundle_agree(bundles: dict[str, Path]) -> None:
    one, other = (Sampler(Bundle.open(bundles["both"]).generator) for _ in range(2))
    np.testing.assert_array_equal(one.prior(10, 1), other.prior(10, 1))


def test_a_long_request_is_decoded_in_chunks() -> None:
    sampler, networks = plain_sampler("ae")
    sampler.prior(2 * CHUNK + 1, 1)
    assert CHUNK <= networks.largest < CHUNK + 16


# ---- what the rows are -----------------------------------------------------------------------------------------------


def test_rows_lie_within_the_physical_ranges_and_around_the_training(sampler: Sampler, chamber: Record) -> None:
    rows = sampler.prior(2000, 1)
    low, high = np.array([feature.range for feature in chamber.station.features]).T
    assert rows.shape == (2000, chamber.station.size)
    assert rows.dtype == np.float64
    assert ((rows >= low) & (rows <= high)).all()
    shift = np.abs(np.median(rows, axis=0) - np.median(chamber.values, axis=0)) / chamber.values.std(axis=0)
    assert shift.max() < 0.6
    assert (rows.std(axis=0) > 0.3 * chamber.values.std(axis=0)).all()


def test_rows_around_a_plume_are_richer_in_methane_than_rows_around_clean_air(
    sampler: Sampler, chamber: Record
) -> None:
    order = np.argsort(chamber.values[:, 0])
    clean = np.median(sampler.around(chamber.values[order[:100]], 500, 1)[:, 0])
    plume = np.median(sampler.around(chamber.values[order[-100:]], 500, 1)[:, 0])
    assert plume > clean


@pytest.mark.parametrize("kind", ["ae", "vae", "mixture"])
def test_the_prior_is_the_mixture(kind: Kind) -> None:
    rows = plain_sampler(kind)[0].prior(40_000, 1)
    np.testing.assert_allclose(rows.mean(axis=0), [7, -3], atol=0.05)
    np.testing.assert_allclose(np.cov(rows.T), COVARIANCE, atol=0.1)


def test_an_autoencoder_resamples_codes_and_adds_half_of_each_latents_spread() -> None:
    rows = plain_sampler("ae")[0].around([[10.0, 20.0], [30.0, 40.0]], 40_000, 1)
    second = rows[:, 0] > 20
    assert abs(second.mean() - 0.5) < 0.01
    np.testing.assert_allclose(rows[second].mean(axis=0), [30, 40], atol=0.02)
    np.testing.assert_allclose(rows[second].std(axis=0), [1.0, 0.4], rtol=0.02)


def test_a_vae_draws_from_the_posterior_and_adds_a_tenth() -> None:
    rows = plain_sampler("vae")[0].around([[10.0, 20.0]], 40_000, 1)
    np.testing.assert_allclose(rows.std(axis=0), np.hypot(0.5, 0.1), rtol=0.02)


@pytest.mark.parametrize(("kind", "expected"), [("ae", 3.0), ("vae", np.hypot(0.5, 3.0))])
def test_noise_is_as_requested(kind: Kind, expected: float) -> None:
    rows = plain_sampler(kind)[0].around([[10.0, 20.0]], 40_000, 1, noise=3.0)
    np.testing.assert_allclose(rows.std(axis=0), expected, rtol=0.02)


def test_without_noise_an_autoencoder_gives_its_codes_back() -> None:
    rows = plain_sampler("ae")[0].around([[10.0, 20.0], [30.0, 40.0]], 50, 1, noise=0.0)
    assert {tuple(row) for row in rows.tolist()} == {(10.0, 20.0), (30.0, 40.0)}


# ---- ranges and regimes ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("ranges", [{"a": (5.0, 6.0)}, {"a": (11.0, np.inf)}, {"a": (5.0, 9.0), "b": (-2.6, 9.0)}])
def test_rows_within_a_range_are_the_priors_rows_there(ranges: dict[str, tuple[float, float]]) -> None:
    stats = pytest.importorskip("scipy.stats")
    sampler, _ = plain_sampler("vae")
    rows = sampler.within(ranges, 5_000, 1)
    low, high = np.array([ranges.get(key, (-np.inf, np.inf)) for key in ("a", "b")]).T
    assert ((rows >= low) & (rows <= high)).all()
    prior = sampler.prior(200_000, 2)
    prior = prior[((prior >= low) & (prior <= high)).all(axis=1)]
    for column in range(2):
        assert stats.ks_2samp(rows[:, column], prior[:, column]).pvalue > 1e-3


def test_a_regime_is_a_range_of_the_gas() -> None:
    sampler, _ = plain_sampler("vae")
    assert sampler.regime("plume") == {"a": PLUME}
    with pytest.raises(RequestError, match="regime: got 'storm', expected one of background, plume"):
        sampler.regime("storm")
    with pytest.raises(RequestError, match="the station has no gas column"):
        plain_sampler("vae", gas=False)[0].regime("plume")


def test_a_mix_has_its_shares_in_any_beginning() -> None:
    rows = plain_sampler("vae")[0].mix({"background": 3, "plume": 1}, 1000, 1)[:, 0]
    is_plume = rows > PLUME[0]
    assert ((rows < 7.0) | is_plume).all()
    counts = np.arange(1, 1001)
    assert np.abs(np.cumsum(is_plume) - counts / 4).max() < 3


def test_a_mix_may_have_rows_like_all_of_the_training() -> None:
    sampler, _ = plain_sampler("vae")
    rows = sampler.mix({"prior": 0.9, "plume": 0.1}, 20_000, 1)[:, 0]
    share = (sampler.prior(20_000, 2)[:, 0] > PLUME[0]).mean()
    assert abs((rows > PLUME[0]).mean() - (0.9 * share + 0.1)) < 0.01


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    condition=st.sampled_from(["prior", "regime", "mix", "around"]),
    n=st.integers(1, 2200),
    first=st.integers(0, 2200) | st.integers(2**40, 2**50),
    seed=st.integers(0, LARGEST_SEED),
    data=st.data(),
)
def test_a_row_is_the_same_in_whatever_parts_it_is_requested(
    sampler: Sampler, chamber: Record, condition: str, n: int, first: int, seed: int, data: st.DataObject
) -> None:
    conditions: dict[str, Callable[[int, int], Floats]] = {
        "prior": lambda n, first: sampler.prior(n, seed, first=first),
        "regime": lambda n, first: sampler.within(sampler.regime("elevated"), n, seed, first=first),
        "mix": lambda n, first: sampler.mix({"background": 0.7, "plume": 0.3}, n, seed, first=first),
        "around": lambda n, first: sampler.around(chamber.values[:40], n, seed, first=first),
    }
    draw = conditions[condition]
    cut = data.draw(st.integers(1, n))
    parts = [draw(cut, first)] + ([draw(n - cut, first + cut)] if cut < n else [])
    assert np.concatenate(parts).tobytes() == draw(n, first).tobytes()
