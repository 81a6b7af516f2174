"""Synthetic rows depend on seed and index alone, lie in physical ranges, and meet their conditions."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from config.settings.station import Feature, Station
from edge.arrays import Arrays, Floats
from edge.bundles.bundle import Bundle
from edge.errors import RequestError
from edge.models.generator import Generator
from edge.synthesis.random_streams import LARGEST_SEED
from edge.synthesis.sampler import CHUNK, Sampler

if TYPE_CHECKING:
    from trainer.data.record import Record

Kind = Literal["ae", "vae", "mixture"]
COVARIANCE = np.array([[4.0, 1.0], [1.0, 0.5]])
PLUME = (10.0, 12.0)


class Identity:
    """Codes are the readings themselves; the posterior of every row has a standard deviation of 0.5."""

    def __init__(self, is_vae: bool) -> None:
        self.is_vae = is_vae
        self.largest = 0

    def run(self, **inputs: Any) -> Arrays:
        if "readings" in inputs:
            mean = np.asarray(inputs["readings"], np.float32)
            return {"mean": mean} | ({"log_variance": np.full_like(mean, 2 * np.log(0.5))} if self.is_vae else {})
        self.largest = max(self.largest, len(inputs["latent"]))
        return {"readings": np.asarray(inputs["latent"], np.float32)}


def plain_sampler(kind: Kind, gas: bool = True) -> tuple[Sampler, Identity]:
    """Make a sampler over two columns whose networks do nothing, with one Gaussian as two components."""
    station = Station(
        name="plain",
        features=tuple(
            Feature(name=key, key=key, unit="1", role="gas" if gas else "sensor", range=(-100, 100), missing=())
            for key in ("a", "b")
        ),
    )
    networks = Identity(kind == "vae")
    root = np.linalg.cholesky(COVARIANCE)
    generator = Generator(
        station=station,
        kind=kind,
        encoder=networks,
        decoder=networks,
        weights=np.array([0.75, 0.25], np.float32),
        means=np.array([[7.0, -3.0], [7.0, -3.0]], np.float32),
        roots=np.array([root, root], np.float32),
        latent_std=np.array([2.0, 0.8], np.float32),
        regimes={"background": (-9.0, 7.0), "plume": PLUME} if gas else {},
        low=np.array([-9.0, -9.0], np.float32),
        high=np.array([20.0, 9.0], np.float32),
    )
    return Sampler(generator), networks


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


# ---- refused ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        ({"n": 0}, "n: got 0"),
        ({"n": -1}, "n: got -1"),
        ({"n": 1.5}, "n: got 1.5"),
        ({"n": True}, "n: got True"),
        ({"seed": -1}, "seed: got -1"),
        ({"seed": 2**63}, "seed: got 9223372036854775808"),
        ({"seed": "7"}, "seed: got '7'"),
        ({"first": -1}, "first: got -1"),
    ],
)
def test_a_number_out_of_its_range_is_refused(arguments: dict[str, Any], reason: str) -> None:
    sampler, _ = plain_sampler("ae")
    with pytest.raises(RequestError, match=reason):
        sampler.prior(**({"n": 1, "seed": 1} | arguments))
    with pytest.raises(RequestError, match=reason):
        sampler.around([[1.0, 2.0]], **({"n": 1, "seed": 1} | arguments))


@pytest.mark.parametrize(
    ("rows", "reason"),
    [
        ([[1.0, 2.0], [np.nan, 2.0]], "around: row 2: a: got nan"),
        ([[1.0, np.inf]], "around: row 1: b: got inf"),
        ([[1.0, None]], "around: row 1: b: got nan"),
        ([[1.0, 2.0, 3.0]], r"shape \(1, 3\), expected rows of 2: a, b"),
        ([1.0, 2.0], r"shape \(2,\)"),
        ([], r"shape \(0,\)"),
        ([[1.0, "x"]], "rows that are not 2 numbers each: a, b"),
        ([[1.0, 2.0], [1.0]], "rows that are not 2 numbers each"),
    ],
)
def test_rows_that_cannot_be_imitated_are_refused(rows: Any, reason: str) -> None:
    with pytest.raises(RequestError, match=reason):
        plain_sampler("vae")[0].around(rows, 1, 1)


@pytest.mark.parametrize("noise", [-0.1, np.nan, np.inf])
def test_a_noise_that_is_no_width_is_refused(noise: float) -> None:
    with pytest.raises(RequestError, match="noise: got"):
        plain_sampler("ae")[0].around([[1.0, 2.0]], 1, 1, noise=noise)


@pytest.mark.parametrize(
    ("ranges", "reason"),
    [
        ({}, "range: got none"),
        ({"c": (1.0, 2.0)}, "range: got 'c', expected one of a, b"),
        ({"a": (2.0, 1.0)}, "range: a: got 2 to 1, expected the lower number first"),
        ({"a": (np.nan, 1.0)}, "range: a: got nan"),
        ({"a": (30.0, 40.0)}, "range: a: got 30 to 40, expected some of -9 to 20"),
        ({"a": (1.0, 2.0), "b": (0.0, 9.0)}, "range: got a 1 to 2, b 0 to 9, where no row of the training is"),
    ],
)
def test_a_range_without_rows_is_refused(ranges: dict[str, tuple[float, float]], reason: str) -> None:
    with pytest.raises(RequestError, match=reason):
        plain_sampler("vae")[0].within(ranges, 1, 1)


@pytest.mark.parametrize(
    ("parts", "reason"),
    [
        ({}, "mix: got nothing"),
        ({"storm": 1.0}, "regime: got 'storm'"),
        ({"plume": 0.0}, "mix: plume: got 0.0"),
        ({"plume": -1.0}, "mix: plume: got -1.0"),
        ({"plume": np.nan}, "mix: plume: got nan"),
    ],
)
def test_a_mix_of_nothing_is_refused(parts: dict[str, float], reason: str) -> None:
    with pytest.raises(RequestError, match=reason):
        plain_sampler("vae")[0].mix(parts, 1, 1)
