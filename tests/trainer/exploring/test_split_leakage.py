"""Leak: neighbours that give the answer away."""

from __future__ import annotations

from typing import Any

import numpy as np

from trainer.exploring.split_leakage import split_leakage


def test_a_walk_leaks_and_independent_rows_do_not(sheet: Any, plain: Any) -> None:
    rng = np.random.default_rng(0)
    walks = np.cumsum(rng.normal(size=(1500, 3)), axis=0)
    told = split_leakage(sheet(walks, plain(3)), ())
    assert told is not None
    assert told.shuffled > 0.9
    assert told.blocked < told.shuffled - 0.08
    x = rng.normal(size=(1500, 2))
    honest = split_leakage(sheet(np.column_stack([x @ [1.0, 2.0], x]), plain(3)), ())
    assert honest is not None
    assert abs(honest.shuffled - honest.blocked) < 0.05
    assert (honest.target, honest.blocks) == ("c0", "blocks")


def test_episodes_are_held_out_whole_where_there_are_enough(sheet: Any, methane: Any, simulated: Any) -> None:
    told = split_leakage(sheet(simulated, methane), [300 * i + 30 for i in range(10)])
    assert told is not None
    assert (told.target, told.blocks) == ("ch4_ppb", "episodes")
    assert told.shuffled > told.blocked


def test_few_rows_or_nothing_that_moves_say_nothing(sheet: Any, plain: Any) -> None:
    assert split_leakage(sheet(np.random.default_rng(0).normal(size=(150, 2)), plain(2)), ()) is None
    assert split_leakage(sheet(np.ones((500, 2)), plain(2)), ()) is None
