"""Neighbouring rows that give the answer away."""

from __future__ import annotations

import numpy as np

from config.settings.station import Station
from edge.arrays import Floats
from tests.trainer.exploring.makers import MakeRecord, MakeStation
from trainer.exploring.split_leakage import split_leakage


def test_a_walk_leaks_and_independent_rows_do_not(record: MakeRecord, plain: MakeStation) -> None:
    rng = np.random.default_rng(0)
    walks = np.cumsum(rng.normal(size=(1500, 3)), axis=0)
    leakage = split_leakage(record(walks, plain(3)), ())
    assert leakage is not None
    assert leakage.shuffled > 0.9
    assert leakage.blocked < leakage.shuffled - 0.08
    x = rng.normal(size=(1500, 2))
    honest = split_leakage(record(np.column_stack([x @ [1.0, 2.0], x]), plain(3)), ())
    assert honest is not None
    assert abs(honest.shuffled - honest.blocked) < 0.05
    assert (honest.target, honest.blocks) == ("c0", "blocks")


def test_episodes_are_held_out_whole_where_there_are_enough(
    record: MakeRecord, methane: Station, simulated: Floats
) -> None:
    leakage = split_leakage(record(simulated, methane), [300 * i + 30 for i in range(10)])
    assert leakage is not None
    assert (leakage.target, leakage.blocks) == ("ch4_ppb", "episodes")
    assert leakage.shuffled > leakage.blocked


def test_few_rows_or_nothing_that_moves_give_no_answer(record: MakeRecord, plain: MakeStation) -> None:
    assert split_leakage(record(np.random.default_rng(0).normal(size=(150, 2)), plain(2)), ()) is None
    assert split_leakage(record(np.ones((500, 2)), plain(2)), ()) is None
