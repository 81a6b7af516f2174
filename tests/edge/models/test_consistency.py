"""Each component of the consistency finds its own kind of fault."""

from __future__ import annotations

import numpy as np

from edge.arrays import Floats
from edge.models.consistency import CAPS, COMPONENTS, ConsistencyModel, combine_components, measure_consistency
from edge.models.features import FeatureState, Runs, compute_features
from edge.models.pvalue import PValueTable

TABLE = PValueTable([0.0, 12.0], [0.0, 12.0])  # a component of x scores x
COLUMNS = 3


def model() -> ConsistencyModel:
    """Three independent channels that stay as they are, apart from noise of 0.1."""
    unit = np.eye(COLUMNS)
    return ConsistencyModel(
        conditional=unit,
        inverse=unit,
        innovation=np.concatenate([unit, np.zeros((2 * COLUMNS + 1, COLUMNS))]),
        whitening=unit / 0.14,
        spread=np.full(COLUMNS, 0.1),
        average_spread=np.full(COLUMNS, 0.02),
        flat=np.full(COLUMNS, 0.05),
    )


def measured(rows: Floats) -> tuple[Floats, Floats]:
    runs = Runs([FeatureState(COLUMNS, 240)], [len(rows)])
    found = measure_consistency(model(), compute_features(rows, rows, runs), runs)
    return found.components, found.strangeness


def noise(rows: int = 400) -> Floats:
    return 0.1 * np.random.default_rng(3).standard_normal((rows, COLUMNS))


def test_each_component_sees_its_own_fault() -> None:
    usual, _ = measured(noise())
    high = np.nanquantile(usual[100:], 0.99, axis=0)

    def seen(rows: Floats, at: int) -> dict[str, bool]:
        return dict(zip(COMPONENTS, measured(rows)[0][at] > high, strict=True))

    jump, flat, drift, restless = noise(), noise(), noise(), noise()
    jump[300, 1] += 1.0
    flat[300:, 1] = flat[299, 1]
    drift[300:340, 1] += 0.08  # less than its noise
    restless[300:] *= 2.0
    assert seen(jump, 300)["conditional"]
    assert seen(jump, 300)["innovation"]
    assert seen(flat, 320)["flat"]
    assert not seen(flat, 320)["conditional"]
    assert seen(drift, 339)["average"]
    assert seen(restless, 330)["mean_innovation"]


def test_the_strangest_channel_is_the_culprit_of_a_jump_and_of_a_flat_line() -> None:
    jump, flat = noise(), noise()
    jump[300, 1] += 1.0
    flat[300:, 2] = flat[299, 2]
    assert measured(jump)[1][300].argmax() == 1
    assert (measured(flat)[1][315:330].argmax(axis=1) == 2).all()


def test_components_are_capped_and_a_missing_one_adds_nothing() -> None:
    components = np.array([[2.0, 1.0, 0.5, 9.0, 9.0], [np.nan, 3.0, np.nan, np.nan, 0.25], [np.nan] * 5])
    assert combine_components(components, [TABLE] * 5).tolist() == [2 + 1 + 0.5 + CAPS[3] + CAPS[4], 3.25, 0.0]
