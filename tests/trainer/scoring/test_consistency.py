"""fit_consistency: channels follow from one another, checked against explicit regressions."""

from __future__ import annotations

import numpy as np
import pytest

from edge.arrays import Floats, Mask
from edge.models.features import FeatureState, Runs, compute_features
from edge.models.windows import Windows
from trainer.errors import TrainingError
from trainer.scoring.consistency import fit_consistency


def scaled(rows: int = 3000, columns: int = 4, seed: int = 0) -> Floats:
    """Channels of unit variance that share a walk."""
    rng = np.random.default_rng(seed)
    walk = np.zeros(rows)
    for i in range(1, rows):
        walk[i] = 0.95 * walk[i - 1] + rng.standard_normal()
    values = walk[:, None] * np.linspace(1, 0.5, columns) + rng.standard_normal((rows, columns))
    return np.asarray((values - values.mean(axis=0)) / values.std(axis=0))


def test_a_conditional_residual_is_what_the_other_channels_do_not_explain() -> None:
    rows = scaled()
    residual = rows @ fit_consistency([rows], Windows()).conditional
    for channel in range(rows.shape[1]):
        others = np.delete(rows, channel, axis=1)
        left = rows[:, channel] - others @ np.linalg.lstsq(others, rows[:, channel], rcond=None)[0]
        np.testing.assert_allclose(residual[:, channel], left / left.std(), atol=1e-4)


def test_the_inverse_brings_a_reading_back() -> None:
    rows = scaled()
    model = fit_consistency([rows], Windows())
    np.testing.assert_allclose(rows @ model.conditional @ model.inverse, rows, atol=1e-9)


def test_innovations_of_training_rows_are_white() -> None:
    rows = scaled()
    model = fit_consistency([rows], Windows())
    lags = np.column_stack([rows[2:-1], rows[1:-2], rows[:-3], np.ones(len(rows) - 3)])
    innovation = rows[3:] - lags @ model.innovation
    np.testing.assert_allclose(np.cov(innovation @ model.whitening, rowvar=False), np.eye(4), atol=1e-9)
    best = np.linalg.lstsq(lags, rows[3:], rcond=None)[0]
    assert innovation.var() == pytest.approx((rows[3:] - lags @ best).var(), rel=1e-3)


def test_recentred_training_rows_have_the_models_spread() -> None:
    rows = scaled()
    model = fit_consistency([rows[:1000], rows[1000:]], Windows(recenter=100))
    runs = Runs([FeatureState(4, Windows(recenter=100)), FeatureState(4, Windows(recenter=100))], [1000, 2000])
    past = compute_features(rows, rows @ model.conditional, runs)
    np.testing.assert_allclose(np.nanstd(past.residual - past.baseline, axis=0), model.spread)
    np.testing.assert_allclose(np.mean(past.spread < model.flat, axis=0), 0.01, atol=0.002)


def test_nothing_crosses_from_a_segment_to_the_next() -> None:
    rows = scaled()
    there = fit_consistency([rows[:1000], rows[1000:] + 5.0], Windows())
    back = fit_consistency([rows[1000:] + 5.0, rows[:1000]], Windows())
    for name, array in there.arrays().items():
        np.testing.assert_allclose(array, back.arrays()[name], atol=1e-8)


def test_channels_that_change_with_nearly_every_row_are_not_slow() -> None:
    rows = scaled()
    rows[1:, 2] = np.where(np.random.default_rng(1).random(2999) < 0.45, rows[:-1, 2], rows[1:, 2])  # many repeats
    rows[:, 3] = rows[::2, 3].repeat(2)
    assert fit_consistency([rows], Windows()).refresh.tolist() == [1, 1, 1, 1]


@pytest.mark.parametrize("every", [3, 10, 30, 150])
def test_a_channel_that_stands_still_between_its_refreshes_is_slow(every: int) -> None:
    rows = scaled()
    rows[:, 1] = rows[::every, 1].repeat(every)
    assert fit_consistency([rows[:1500], rows[1500:]], Windows()).refresh == pytest.approx([1, every, 1, 1], rel=0.01)


def test_refreshes_that_come_irregularly_or_bring_the_same_value_are_allowed_for() -> None:
    rng = np.random.default_rng(2)
    rows = scaled(20_000)
    rows[:, 0] = np.repeat(rows[:, 0], rng.integers(20, 41, len(rows)))[: len(rows)]
    rows[:, 1] = np.repeat(rng.integers(0, 30, len(rows)), 30)[: len(rows)]  # one value in 30 is the one before it
    uneven, coarse, *others = fit_consistency([rows], Windows()).refresh
    assert 34 < uneven <= 40
    assert 30 < coarse <= 60
    assert others == [1, 1]


def test_a_stretch_in_which_a_channel_was_stuck_does_not_make_it_slow() -> None:
    rows = scaled(20_000)
    rows[:, 1] = rows[::20, 1].repeat(20)
    rows[5000:5015, 0] = rows[5000, 0]
    rows[9000:9025, 1] = rows[9000, 1]
    assert fit_consistency([rows], Windows()).refresh[:2].tolist() == [1, 20]


def test_two_channels_that_are_copies_are_no_obstacle() -> None:
    rows = scaled()
    rows[:, 1] = rows[:, 0]
    assert np.isfinite(fit_consistency([rows], Windows()).conditional).all()


@pytest.mark.parametrize(("window", "least"), [(240, 32), (None, 12)])
def test_segments_that_are_too_short_for_a_memory_are_refused(window: int | None, least: int) -> None:
    rows = scaled(rows=10 * least)
    with pytest.raises(TrainingError, match=rf"^got {least} consecutive rows at most, expected more than {least}; fix"):
        fit_consistency(np.split(rows, 10), Windows(recenter=window))
    assert fit_consistency([rows], Windows(recenter=window)).spread.shape == (4,)


# ---- cells that hold the last good value ---------------------------------------------


def outages(rows: Floats, channel: int, every: int, length: int) -> tuple[Floats, Mask]:
    """Hold the channel's value for ``length`` rows out of ``every``."""
    held = np.zeros(rows.shape, dtype=bool)
    held[:, channel] = np.arange(len(rows)) % every >= every - length
    filled = rows.copy()
    for row in np.flatnonzero(held[:, channel]).tolist():
        filled[row, channel] = filled[row - 1, channel]
    return filled, held


def test_held_cells_make_no_channel_slow_and_no_line_flat() -> None:
    rows = scaled()
    filled, held = outages(rows, 1, every=40, length=12)
    whole = fit_consistency([rows], Windows())

    unaware = fit_consistency([filled], Windows())
    aware = fit_consistency([filled], Windows(), held=held)

    assert unaware.refresh[1] > 1
    assert aware.refresh.tolist() == [1, 1, 1, 1]
    assert unaware.flat[1] < 0.3 * whole.flat[1]
    np.testing.assert_allclose(aware.flat, whole.flat, rtol=0.2)


def test_what_channels_have_in_common_is_that_of_rows_without_a_held_cell() -> None:
    rows = scaled()
    held = np.zeros(rows.shape, dtype=bool)
    held[200:1500:7, 2] = True
    wild = rows.copy()
    wild[held] = 50.0

    model = fit_consistency([wild], Windows(), held=held)

    apart = np.linalg.inv(np.corrcoef(rows[~held.any(axis=1)], rowvar=False) + 1e-6 * np.eye(4))
    np.testing.assert_allclose(model.conditional, apart / np.sqrt(np.diag(apart)))


def test_a_channel_that_is_held_most_of_the_time_is_judged_by_windows_as_a_gateway_sees_them() -> None:
    filled, held = outages(scaled(), 3, every=4, length=3)

    model = fit_consistency([filled], Windows(), held=held)

    assert np.isfinite(model.flat).all()
    assert model.refresh[3] == 1


def test_a_memory_restarts_between_the_pieces_of_a_segment_and_keeps_its_baseline() -> None:
    rows = scaled()
    pieces = [np.arange(1500), np.arange(1500, 3000)]
    once, restarted, apart = (
        fit_consistency([rows], Windows()),
        fit_consistency([rows], Windows(), memories=[pieces]),
        fit_consistency([rows[:1500], rows[1500:]], Windows()),
    )
    np.testing.assert_array_equal(restarted.spread, once.spread)
    np.testing.assert_allclose(restarted.innovation, apart.innovation)
    np.testing.assert_allclose(restarted.flat, apart.flat)
    assert (apart.spread != once.spread).all()
