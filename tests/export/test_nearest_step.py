"""The graph finds the nearest step as numpy does, however far the steps lie from zero and close to one another."""

from __future__ import annotations

import numpy as np
import pytest

from edge.arrays import Floats
from edge.models.runtime import OnnxGraph
from export.nearest_step import nearest_step
from export.onnx_writer import OnnxWriter

STEPS = {
    "two": np.array([0.0, 1.0]),
    "Pascal": 101_325 + 0.1 * np.arange(-500, 500),
    "a counter": 1e9 + np.arange(900.0),
    "fine": 3 + 1e-8 * np.arange(1000),
    "uneven": np.unique(np.concatenate([71_128.12345 + np.geomspace(1e-9, 1e5, 700), [0.0]])),
    "two heaps": np.concatenate([1e-9 * np.arange(100), 1e6 + 1e-3 * np.arange(100)]),
}


def nearest(steps: Floats, values: Floats) -> Floats:
    middles = (steps[1:] + steps[:-1]) / 2
    return np.asarray(steps[np.searchsorted(middles, values, side="right")])


@pytest.mark.parametrize("name", STEPS)
def test_every_value_goes_to_its_nearest_step(name: str) -> None:
    steps = STEPS[name]
    graph = OnnxWriter("steps")
    graph.add("value_4 = Identity (given)")
    graph.add(f"found = Identity ({nearest_step(graph, 4, steps)})")
    session = OnnxGraph(graph.build("double[1, N] given", "double[1, N] found"), "steps")
    middles = (steps[1:] + steps[:-1]) / 2
    rng = np.random.default_rng(0)
    values = np.concatenate(
        [steps, middles, np.nextafter(middles, -np.inf), np.nextafter(middles, np.inf),
         rng.uniform(steps[0], steps[-1], 5000), [steps[0] - 1e12, steps[-1] + 1e12, -np.inf, np.inf]]
    )  # fmt: skip
    found = session.run(given=values[None])["found"][0]
    np.testing.assert_array_equal(found, nearest(steps, values))
