"""Scores are the same for readings one by one, in batches, or a whole record at once."""

from __future__ import annotations

import math
import sys
from copy import deepcopy
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import ArrayLike

from edge.arrays import Arrays, Floats
from edge.models.consistency import COMPONENTS, ConsistencyModel
from edge.models.features import FeatureState, Runs, compute_features
from edge.models.pvalue import PValueTable
from edge.models.scaler import Scaler
from edge.models.scores import ONSET_LEAST, Scores, ScoreState, score_rows
from edge.models.scoring_model import ScoringModel
from edge.models.virtual_gas import VirtualGas
from edge.models.windows import Windows

F = 4


class Echo:
    """A network that answers with the squares of what it reads."""

    def run(self, **inputs: ArrayLike) -> Arrays:
        read = np.asarray(inputs["features"], dtype=np.float32)
        return {"residuals": read, "contributions": read**2, "error": (read**2).sum(axis=1)}


def model(window: int | None = 240, refresh: float = 1.0, **windows: int) -> ScoringModel:
    rng = np.random.default_rng(5)
    correlation = np.corrcoef(rng.standard_normal((50, F)) @ rng.standard_normal((F, F)), rowvar=False)
    precision = np.linalg.inv(correlation)
    conditional = precision / np.sqrt(np.diag(precision))
    table = PValueTable([-10.0, 0.0, 50.0], [0.0, 0.5, 12.0])
    return ScoringModel(
        keys=("a", "b", "c", "d"),
        columns=tuple(range(F)),
        scaler=Scaler(scale=tuple(["linear"] * F), floor=(0.0,) * F, mean=(1.0,) * F, std=(2.0,) * F),
        windows=Windows(recenter=window, **windows),
        consistency=ConsistencyModel(
            conditional=conditional,
            inverse=np.asarray(np.linalg.inv(conditional), np.float64),
            innovation=rng.standard_normal((3 * F + 1, F)) / F,
            whitening=rng.standard_normal((F, F)),
            spread=np.full(F, 0.5),
            average_spread=np.full(F, 0.3),
            flat=np.full(F, 0.1),
            refresh=np.array([1.0, 1.0, 1.0, refresh]),
        ),
        network=Echo(),
        raw=None,
        spread=np.full(F, 2.0),
        tables=dict.fromkeys((*COMPONENTS, "consistency", "reconstruction", "onset"), table),
        virtual=VirtualGas((1, 2), (2,), np.array([0.5, -0.2, 0.1]), 7.6, 0.2, 1900.0, 10000.0, ("b",)),
        domain={},
    )


def readings(rows: int, seed: int = 0) -> Floats:
    rng = np.random.default_rng(seed)
    values = np.cumsum(rng.standard_normal((rows, F)) * 0.1, axis=0) + 0.2 * rng.standard_normal((rows, F))
    values[:, 3] = np.repeat(values[::7, 3], 7)[:rows]  # a channel that refreshes every 7th reading
    return np.asarray(values)


def differ(one: Scores, other: Scores) -> float:
    worst = 0.0
    for a, b in zip(one, other, strict=True):
        assert np.array_equal(np.isnan(a), np.isnan(b))
        worst = max(worst, float(np.nanmax(np.abs(a - b), initial=0.0)))
    return worst


def joined(parts: list[Scores]) -> Scores:
    return Scores(*(np.concatenate(column) for column in zip(*parts, strict=True)))


@given(
    st.lists(st.integers(1, 400), min_size=1, max_size=8),
    st.integers(0, 2**32 - 1),
    st.sampled_from([240, 30, None]),
    st.sampled_from([1.0, 4.0]),
    st.sampled_from([1, 2, 7]),
    st.sampled_from([1, 4]),
)
@settings(max_examples=25, deadline=None)
def test_a_record_at_once_and_the_same_readings_in_pieces_agree(
    pieces: list[int], seed: int, window: int | None, refresh: float, lag: int, stride: int
) -> None:
    scoring_model = model(window, refresh, lag=lag, recenter_stride=stride, background=150, background_stride=stride)
    rows = readings(sum(pieces), seed)
    whole = score_rows(scoring_model, rows, [(ScoreState(scoring_model), len(rows))])
    state = ScoreState(scoring_model)
    parts = [
        score_rows(scoring_model, piece, [(state, len(piece))]) for piece in np.split(rows, np.cumsum(pieces)[:-1])
    ]
    assert differ(whole, joined(parts)) < 1e-9


def test_stations_that_come_together_do_not_meet() -> None:
    scoring_model, one, other = model(refresh=4.0), readings(400, 1), readings(400, 2)
    alone = [score_rows(scoring_model, rows, [(ScoreState(scoring_model), len(rows))]) for rows in (one, other)]
    states = ScoreState(scoring_model), ScoreState(scoring_model)
    together = [
        score_rows(scoring_model, np.concatenate([one[i : i + 4], other[i : i + 4]]), [(state, 4) for state in states])
        for i in range(0, 400, 4)
    ]
    for k in (0, 1):
        parts = [Scores(*(column[4 * k : 4 * k + 4] for column in part)) for part in together]
        assert differ(alone[k], joined(parts)) < 1e-9


def test_a_state_rebuilt_from_the_last_2000_readings_equals_an_unbroken_run() -> None:
    scoring_model, rows = model(refresh=4.0), readings(5000, 3)
    unbroken = score_rows(scoring_model, rows, [(ScoreState(scoring_model), len(rows))])
    state = ScoreState(scoring_model)
    score_rows(scoring_model, rows[2000:4000], [(state, 2000)])
    rebuilt = score_rows(scoring_model, rows[4000:], [(state, 1000)])
    assert differ(Scores(*(column[4000:] for column in unbroken)), rebuilt) < 1e-3


def test_long_windows_come_from_a_snapshot_where_2000_readings_are_too_few() -> None:
    scoring_model, rows = model(recenter_stride=32, background_stride=32), readings(9000, 3)
    unbroken = ScoreState(scoring_model)
    score_rows(scoring_model, rows[:8000], [(unbroken, 8000)])
    state = ScoreState(scoring_model)
    score_rows(scoring_model, rows[6000:8000], [(state, 2000)])
    without = differ(
        score_rows(scoring_model, rows[8000:], [(deepcopy(unbroken), 1000)]),
        score_rows(scoring_model, rows[8000:], [(deepcopy(state), 1000)]),
    )
    state.restore(*unbroken.snapshot())
    after = score_rows(scoring_model, rows[8000:], [(unbroken, 1000)])
    assert differ(after, score_rows(scoring_model, rows[8000:], [(state, 1000)])) < 1e-9 < 0.01 < without


@pytest.mark.parametrize("lag", [1, 2, 5])
def test_lags_are_so_many_readings_apart(lag: int) -> None:
    scaled = np.arange(40.0)[:, None]
    runs = Runs([FeatureState(1, Windows(recenter=None, lag=lag))], [40])
    lags = compute_features(scaled, scaled, runs).lags
    for row in range(3 * lag, 40):
        assert lags[row].tolist() == [row - lag, row - 2 * lag, row - 3 * lag]
    assert np.isnan(lags[: 3 * lag]).any(axis=1).all()


def test_nothing_of_one_segment_reaches_the_next() -> None:
    scoring_model, rows = model(refresh=4.0), readings(600, 4)
    state = ScoreState(scoring_model)
    score_rows(scoring_model, readings(500, 9) + 40, [(state, 500)])
    state.clear()
    after = score_rows(scoring_model, rows, [(state, 600)])
    assert differ(after, score_rows(scoring_model, rows, [(ScoreState(scoring_model), 600)])) == 0.0


def test_a_short_gap_forgets_the_readings_before_and_keeps_the_baseline() -> None:
    scoring_model, rows = model(), readings(600, 4)
    state = ScoreState(scoring_model)
    score_rows(scoring_model, rows[:300], [(state, 300)])
    state.restart()
    after = score_rows(scoring_model, rows[300:], [(state, 300)])
    flat, innovation = COMPONENTS.index("flat"), COMPONENTS.index("innovation")
    assert np.isnan(after.components[:3, innovation]).all()
    assert np.isnan(after.components[:11, flat]).all()
    assert not np.isnan(after.components[11:, [flat, innovation]]).any()
    assert np.isfinite(after.error).all()  # the baseline is there at once


def test_a_score_without_past_is_missing_and_adds_nothing() -> None:
    scoring_model = model()
    first = score_rows(scoring_model, readings(100), [(ScoreState(scoring_model), 100)])
    assert np.isnan(first.reconstruction[:20]).all()
    assert np.isfinite(first.reconstruction[20:]).all()
    assert np.isnan(first.onset[:ONSET_LEAST]).all()
    assert np.isfinite(first.onset[ONSET_LEAST:]).all()
    assert np.isfinite(first.consistency).all()


def test_a_broken_reading_is_the_least_consistent_and_the_network_sees_what_was_sent() -> None:
    scoring_model, rows = model(), readings(300)
    broken = np.zeros(300, dtype=bool)
    broken[250] = True
    actual = rows.copy()
    actual[250, 1] = 1e4
    plain = score_rows(scoring_model, rows, [(ScoreState(scoring_model), 300)])
    found = score_rows(scoring_model, rows, [(ScoreState(scoring_model), 300)], actual=actual, broken=broken)
    assert found.consistency[250] == 12.0
    assert np.array_equal(np.delete(found.consistency, 250), np.delete(plain.consistency, 250))
    assert found.contributions[250].argmax() == 1
    assert found.error[250] > 100 * plain.error[250]
    assert np.array_equal(found.error[251:], plain.error[251:])  # it is not remembered


def test_contributions_sum_to_the_error() -> None:
    scoring_model = model()
    found = score_rows(scoring_model, readings(100), [(ScoreState(scoring_model), 100)])
    np.testing.assert_allclose(found.contributions[20:].sum(axis=1), found.error[20:], rtol=1e-12)


def test_without_recentring_there_is_a_score_at_once() -> None:
    scoring_model = model(window=None)
    found = score_rows(scoring_model, readings(50), [(ScoreState(scoring_model), 50)])
    assert np.isfinite(found.reconstruction).all()


def test_without_virtual_gas_there_is_no_onset() -> None:
    scoring_model = replace(model(), virtual=None)
    found = score_rows(scoring_model, readings(200), [(ScoreState(scoring_model), 200)])
    assert np.isnan(found.onset).all()
    assert np.isnan(found.virtual).all()


def test_a_state_is_small() -> None:
    scoring_model = model()
    state = ScoreState(scoring_model)
    score_rows(scoring_model, readings(3000), [(state, 3000)])
    medians, background = state.features.medians, state.virtual
    assert medians is not None
    assert background is not None
    columns = sum(sys.getsizeof(values) + sys.getsizeof(slots) for values, slots in medians._sorted) / F
    size = 9 * columns + 2 * (sys.getsizeof(background._ring) + sys.getsizeof(background._lowest))
    assert size + state.features.recent.nbytes * 9 / F < 30_000
    assert math.isfinite(background.value)


def test_arrays_that_do_not_fit_together_are_refused() -> None:
    arrays = model().consistency.arrays()
    assert ConsistencyModel.from_arrays(arrays).conditional.shape == (F, F)
    with pytest.raises(ValueError, match="whitening"):
        ConsistencyModel.from_arrays(arrays | {"whitening": np.zeros((2, 2))})
    with pytest.raises(ValueError, match="positive"):
        ConsistencyModel.from_arrays(arrays | {"spread": np.zeros(F)})
