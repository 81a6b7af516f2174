from __future__ import annotations

import numpy as np
import pytest

from config.settings.station import Station
from tests.trainer.baselines import pca_error
from trainer.data.record import Record
from trainer.data.scaler import fit_scaler
from trainer.evaluation.detection.peers import Peer, fit_peers
from trainer.evaluation.detection.results import PUBLISHED_AE, PUBLISHED_VAE

TRAIN, VALIDATION, TEST = np.arange(2000), np.arange(1600, 2000), np.arange(2000, 3000)


@pytest.fixture(scope="module")
def peers(chamber: Record) -> dict[str, Peer]:
    return {peer.name: peer for peer in fit(chamber.values, chamber.station)}


def fit(values: np.ndarray, station: Station) -> tuple[Peer, ...]:
    return fit_peers(values, station, TRAIN, VALIDATION, epochs=3)


def test_there_are_the_published_and_the_plain_ones(peers: dict[str, Peer]) -> None:
    assert list(peers) == [
        PUBLISHED_AE,
        f"{PUBLISHED_VAE}, mean",
        PUBLISHED_VAE,
        "PCA, 4 components",
        "Isolation Forest",
        "kNN, k = 5",
        "threshold, max |z|",
    ]


def test_an_absurd_reading_exceeds_the_threshold_of_one_training_row_in_a_hundred(
    peers: dict[str, Peer], chamber: Record
) -> None:
    absurd = np.median(chamber.values[TRAIN], axis=0, keepdims=True)
    absurd[0, 4:] *= 50.0

    for peer in peers.values():
        assert np.mean(peer.score(chamber.values[TRAIN]) > peer.threshold(0.01)) == pytest.approx(0.01, abs=0.001)
        assert peer.score(absurd)[0] > peer.threshold(0.01), peer.name


def test_the_plain_ones_are_what_their_names_say(peers: dict[str, Peer], chamber: Record) -> None:
    scaler = fit_scaler(chamber.values[TRAIN], chamber.station, "log")
    train, test = scaler.forward(chamber.values[TRAIN]), scaler.forward(chamber.values[TEST])
    score = {name: peer.score(chamber.values[TEST]) for name, peer in peers.items()}

    assert score["PCA, 4 components"].mean() == pytest.approx(pca_error(train, test, 4))
    distance = np.sort(np.linalg.norm(test[:50, None] - train[None], axis=2), axis=1)[:, 4]
    np.testing.assert_allclose(score["kNN, k = 5"][:50], distance, rtol=1e-6)
    np.testing.assert_allclose(score["threshold, max |z|"], np.abs(test).max(axis=1))


def test_the_published_vae_scores_a_sample_and_so_is_blurred_but_reproducible(
    peers: dict[str, Peer], chamber: Record
) -> None:
    rows = chamber.values[TEST]
    sampled, mean = peers[PUBLISHED_VAE], peers[f"{PUBLISHED_VAE}, mean"]

    assert sampled.score(rows).mean() > mean.score(rows).mean()
    assert np.array_equal(sampled.score(rows), sampled.score(rows))


def test_peers_know_nothing_of_what_they_are_judged_on(peers: dict[str, Peer], chamber: Record) -> None:
    other = chamber.values.copy()
    other[TEST] = other[TEST][::-1] * 3.0

    for peer in fit(other, chamber.station):
        assert np.array_equal(peer.trained, peers[peer.name].trained)
