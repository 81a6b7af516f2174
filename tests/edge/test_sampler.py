"""Synthetic rows: seeded, prefix-stable, physical."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from config.station import Feature, Station
from edge.bundle import Bundle
from edge.errors import RequestError
from edge.sampler import CHUNK, Sampler
from trainer.record import Record

COVARIANCE = np.array([[4.0, 1.0], [1.0, 0.5]])


class Plain:
    """Codes are the readings themselves; the posterior of every row has a standard deviation of 0.5."""

    def __init__(self, is_vae: bool) -> None:
        self.is_vae = is_vae
        self.largest = 0

    def run(self, **inputs: Any) -> dict[str, NDArray[np.floating]]:
        if "readings" in inputs:
            mean = inputs["readings"]
            return {"mean": mean} | ({"log_variance": np.full_like(mean, 2 * np.log(0.5))} if self.is_vae else {})
        self.largest = max(self.largest, len(inputs["latent"]))
        return {"readings": inputs["latent"]}


def plain_sampler(kind: str, reach: float = 100.0) -> tuple[Sampler, Plain]:
    """Make a sampler over two columns whose networks do nothing."""
    station = Station(
        name="plain",
        features=tuple(
            Feature(name=key, key=key, unit="1", role="sensor", range=(-reach, reach), missing=()) for key in ("a", "b")
        ),
    )
    networks = Plain(kind == "vae")
    bundle = SimpleNamespace(
        station=station,
        encoder=networks,
        decoder=networks,
        manifest=SimpleNamespace(generator=SimpleNamespace(kind=kind, latent=2)),
        tables={"latent_mean": np.array([7.0, -3.0]), "latent_cov": COVARIANCE, "latent_std": np.array([2.0, 0.8])},
    )
    return Sampler(bundle), networks  # type: ignore[arg-type]


@pytest.fixture(scope="module", params=["ae", "vae"])
def sampler(request: pytest.FixtureRequest, bundles: dict[str, Path]) -> Sampler:
    return Sampler(Bundle.open(bundles[request.param]))


# ---- seeds and prefixes ----------------------------------------------------------------------------------------------


def test_fewer_rows_are_the_beginning_of_more(sampler: Sampler, chamber: Record) -> None:
    given = chamber.values[:40]
    np.testing.assert_array_equal(sampler.prior(100, 7), sampler.prior(2500, 7)[:100])
    np.testing.assert_array_equal(sampler.around(given, 100, 7), sampler.around(given, 2500, 7)[:100])


@pytest.mark.parametrize("cut", [1, 500, CHUNK, 1234])
def test_parts_are_the_whole(sampler: Sampler, chamber: Record, cut: int) -> None:
    whole = sampler.prior(1500, 7)
    np.testing.assert_array_equal(sampler.prior(cut, 7), whole[:cut])
    np.testing.assert_array_equal(sampler.prior(1500 - cut, 7, first=cut), whole[cut:])
    given = chamber.values[:40]
    whole = sampler.around(given, 1500, 7)
    np.testing.assert_array_equal(sampler.around(given, 1500 - cut, 7, first=cut), whole[cut:])


def test_another_seed_gives_other_rows(sampler: Sampler, chamber: Record) -> None:
    assert not np.isclose(sampler.prior(50, 7), sampler.prior(50, 8)).any(axis=1).all()
    assert not np.isclose(sampler.around(chamber.values[:9], 50, 7), sampler.around(chamber.values[:9], 50, 8)).all()


def test_two_samplers_of_one_bundle_agree(bundles: dict[str, Path]) -> None:
    one, other = (Sampler(Bundle.open(bundles["both"])) for _ in range(2))
    np.testing.assert_array_equal(one.prior(10, 1), other.prior(10, 1))


def test_a_long_request_is_decoded_in_chunks() -> None:
    sampler, networks = plain_sampler("ae")
    sampler.prior(2 * CHUNK + 1, 1)
    assert networks.largest == CHUNK


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


def test_rows_are_clipped_to_the_physical_ranges() -> None:
    rows = plain_sampler("ae", reach=5.0)[0].prior(100, 1)
    assert rows.max() == 5.0
    assert rows.min() >= -5.0


def test_rows_around_a_plume_are_richer_in_methane_than_rows_around_clean_air(
    sampler: Sampler, chamber: Record
) -> None:
    order = np.argsort(chamber.values[:, 0])
    clean = np.median(sampler.around(chamber.values[order[:100]], 500, 1)[:, 0])
    plume = np.median(sampler.around(chamber.values[order[-100:]], 500, 1)[:, 0])
    assert plume > clean


@pytest.mark.parametrize("kind", ["ae", "vae"])
def test_the_prior_is_the_gaussian_of_the_training_codes(kind: str) -> None:
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
def test_noise_is_what_was_asked_for(kind: str, expected: float) -> None:
    rows = plain_sampler(kind)[0].around([[10.0, 20.0]], 40_000, 1, noise=3.0)
    np.testing.assert_allclose(rows.std(axis=0), expected, rtol=0.02)


def test_without_noise_an_autoencoder_gives_its_codes_back() -> None:
    rows = plain_sampler("ae")[0].around([[10.0, 20.0], [30.0, 40.0]], 50, 1, noise=0.0)
    assert {tuple(row) for row in rows.tolist()} == {(10.0, 20.0), (30.0, 40.0)}


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
