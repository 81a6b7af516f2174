"""Phases: plateaus, episodes, warm-up."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from config.settings.station import Station
from edge.arrays import Floats
from tests.trainer.exploring.makers import MakeRecord, MakeStation
from trainer.exploring.phases import _settles, phases
from trainer.exploring.raw_record import read_raw_record


def test_the_reference_record_falls_into_the_phases_of_its_experiment(record_folder: Path, methane: Station) -> None:
    found = phases(read_raw_record([record_folder / "station-1.csv"], methane))
    assert len(found.plateaus) == 6
    injected = (151, 1404, 2971, 4361, 5817, 8313, 8988, 10354, 11350, 12767)
    assert all(abs(one.start - row) <= 2 for one, row in zip(found.episodes, injected, strict=True))
    assert all(8900 < one.peak < 10_000 and 1900 < one.before < 2500 for one in found.episodes)
    assert found.warm_up is not None
    assert 300 < found.warm_up < 450


def test_sensors_that_drift_in_are_a_warm_up(record: MakeRecord, methane: Station, simulated: Floats) -> None:
    # One climate throughout, so that only the sensors settle.
    values = np.tile(simulated[40:140], (30, 1)) * (1 + 0.002 * np.random.default_rng(0).normal(size=(3000, 9)))
    assert phases(record(values, methane)).warm_up == 0
    values[:, 4:] *= 1 + np.exp(-np.arange(3000) / 100)[:, None]
    warm_up = phases(record(values, methane)).warm_up
    assert warm_up is not None
    assert 100 < warm_up < 600


def test_an_episode_ends_when_the_gas_is_back(record: MakeRecord, methane: Station, simulated: Floats) -> None:
    values = simulated[:900].copy()
    values[:, 0] = 2000.0
    values[300:500, 0] = 2000 + 6000 * np.exp(-np.arange(200) / 50)
    (one,) = phases(record(values, methane)).episodes
    assert (one.start, one.before, one.peak) == (300, 2000.0, 8000.0)
    assert one.end == 300 + int(np.ceil(50 * np.log(6000 / 500)))


def test_without_a_gas_there_are_neither_episodes_nor_a_warm_up(record: MakeRecord, plain: MakeStation) -> None:
    found = phases(record(np.random.default_rng(0).normal(size=(500, 2)), plain(2)))
    assert found.episodes == ()
    assert found.warm_up is None


@pytest.mark.filterwarnings("error", "ignore::ResourceWarning")  # what an earlier test has left open is not meant
def test_a_distance_that_does_not_change_is_no_warm_up_and_gives_no_warning() -> None:
    assert not _settles(np.full(5, 3.0), 0.1)
    assert not _settles(np.array([0.0, 3.0]), 0.1)
