"""Each component of the consistency finds its own kind of fault."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from edge.arrays import Floats
from edge.models.consistency import (
    CAPS,
    COMPONENTS,
    STANDING_CAP,
    ConsistencyModel,
    combine_components,
    measure_consistency,
)
from edge.models.features import FeatureState, Runs, compute_features
from edge.models.pvalue import PValueTable
from edge.models.windows import Windows

TABLE = PValueTable([0.0, 12.0], [0.0, 12.0])  # a component of x scores x
COLUMNS = 3


def model(*refresh: float) -> ConsistencyModel:
    """Three independent channels that stay as they are, apart from noise of 0.1; all change with every reading."""
    unit = np.eye(COLUMNS)
    return ConsistencyModel(
        conditional=unit,
        inverse=unit,
        innovation=np.concatenate([unit, np.zeros((2 * COLUMNS + 1, COLUMNS))]),
        whitening=unit / 0.14,
        spread=np.full(COLUMNS, 0.1),
        average_spread=np.full(COLUMNS, 0.02),
        flat=np.full(COLUMNS, 0.05),
        refresh=np.array(refresh or (1.0,) * COLUMNS),
    )


def measured(rows: Floats, *refresh: float) -> tuple[Floats, Floats]:
    runs = Runs([FeatureState(COLUMNS, Windows(recenter=240))], [len(rows)])
    found = measure_consistency(model(*refresh), compute_features(rows, rows, runs), runs)
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


def held(rows: int, every: int, channel: int) -> Floats:
    """Noise in which one channel changes in every so many readings only."""
    values = noise(rows)
    values[:, channel] = np.repeat(values[::every, channel], every)[:rows]
    return values


def test_a_slow_channel_is_flat_after_four_refreshes_and_stays_so_until_it_changes() -> None:
    rows = held(900, 25, 1)
    rows[300:800, 1] = rows[299, 1]
    components, strangeness = measured(rows, 1.0, 25.0, 1.0)
    assert not components[12:300, 5].any()  # nothing is wrong
    assert components[275 + 99, 5] == 12.0  # 4 refreshes after the last change
    assert (components[400:800, 5] == STANDING_CAP).all()
    assert (strangeness[380:800].argmax(axis=1) == 1).all()
    assert not components[800:, 5].any()


def test_beside_a_slow_channel_the_others_are_measured_as_if_it_were_not_there() -> None:
    rows = held(400, 25, 1)
    rows[300:, 2] = rows[299, 2]
    without = np.delete(measured(rows)[0], 2, axis=1)
    components, strangeness = measured(rows, 1.0, 25.0, 1.0)
    np.testing.assert_array_equal(np.delete(components, [2, 5], axis=1), without)
    assert components[299, 2] < 0  # the other two move, and the third, which does not, is not asked
    assert components[315, 2] > 4
    assert strangeness[315].argmax() == 2


def test_a_station_of_slow_channels_has_a_flat_line() -> None:
    rows = np.repeat(noise(40), 25, axis=0)
    rows[500:] = rows[499]
    components, _ = measured(rows, 25.0, 25.0, 25.0)
    assert np.ptp(components[11:, 2]) == 0
    assert components[-1, 5] == STANDING_CAP


def test_what_stands_still_is_remembered_through_a_short_gap_and_not_through_a_long_one() -> None:
    state = FeatureState(2, Windows(recenter=None))
    values = np.array([[1.0, 5.0], [1.0, 6.0], [1.0, 6.0]])
    assert state.count_equal(values).tolist() == [[1, 1], [2, 1], [3, 2]]
    state.restart()
    assert state.count_equal(values[:1]).tolist() == [[4, 1]]
    state.clear()
    assert state.count_equal(values[:1]).tolist() == [[1, 1]]


@given(st.lists(st.integers(1, 30), min_size=1, max_size=8), st.integers(0, 2**32 - 1))
def test_equal_readings_are_counted_alike_in_one_piece_or_many(pieces: list[int], seed: int) -> None:
    values = np.random.default_rng(seed).integers(0, 2, (sum(pieces), 3)).astype(np.float64)
    state = FeatureState(3, Windows(recenter=None))
    counts = [state.count_equal(piece) for piece in np.split(values, np.cumsum(pieces)[:-1])]
    np.testing.assert_array_equal(np.concatenate(counts), FeatureState(3, Windows(recenter=None)).count_equal(values))
    by_hand = np.ones_like(values)
    for row in range(1, len(values)):
        by_hand[row] = np.where(values[row] == values[row - 1], by_hand[row - 1] + 1, 1)
    np.testing.assert_array_equal(np.concatenate(counts), by_hand)


def test_a_model_of_a_bundle_from_before_slow_channels_has_none() -> None:
    arrays = model(1.0, 9.0, 1.0).arrays()
    assert ConsistencyModel.from_arrays(arrays).refresh.tolist() == [1, 9, 1]
    del arrays["refresh"]
    assert ConsistencyModel.from_arrays(arrays).slow is None


def test_the_flat_lines_of_slow_and_other_channels_are_not_added() -> None:
    components = np.array([[0.0, 0.0, 5.0, 0.0, 0.0, 9.0], [0.0, 0.0, 5.0, 0.0, 0.0, np.nan]])
    assert combine_components(components, [TABLE] * 5).tolist() == [9.0, 5.0]


def test_components_are_capped_and_a_missing_one_adds_nothing() -> None:
    components = np.array([[2.0, 1.0, 0.5, 9.0, 9.0], [np.nan, 3.0, np.nan, np.nan, 0.25], [np.nan] * 5])
    assert combine_components(components, [TABLE] * 5).tolist() == [2 + 1 + 0.5 + CAPS[3] + CAPS[4], 3.25, 0.0]
