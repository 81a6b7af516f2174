"""fit_scorer: scores of rows that nothing was fitted on, and tables that are about such rows."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from msgspec.structs import replace

from config.settings.training import Training
from config.templates.templates import METHANE
from config.yaml.load import load_station
from edge.arrays import Indices
from edge.models.consistency import COMPONENTS
from edge.models.scores import Scores, ScoreState, score_rows
from trainer.data.record import Record, load_record
from trainer.errors import TrainingError
from trainer.scoring.fit_scorer import FittedScorer, fit_scorer
from trainer.scoring.onset import without_plume

SETTINGS = replace(Training.quick(), epochs=4)


def measured(fitted: FittedScorer, record: Record, rows: Indices) -> Scores:
    """Measure consecutive rows."""
    model = fitted.model
    return score_rows(model, record.values[rows][:, model.columns], [(ScoreState(model), len(rows))])


@pytest.fixture(scope="module")
def fitted(chamber: Record) -> FittedScorer:
    return fit_scorer(chamber, np.arange(2000), SETTINGS, folds=3)


@pytest.fixture(scope="module")
def absent(chamber: Record) -> FittedScorer:
    return fit_scorer(chamber, np.arange(2000), SETTINGS, absent=True, kind="vae", folds=3)


def test_every_score_has_a_table_and_the_held_out_rows_a_score(chamber: Record, fitted: FittedScorer) -> None:
    assert set(fitted.model.tables) == {*COMPONENTS, "consistency", "reconstruction", "onset"}
    found = measured(fitted, chamber, np.arange(2000, 3000))
    for score in (found.consistency, found.reconstruction, found.onset):
        assert np.isfinite(score[100:]).all()
    assert np.mean(found.consistency >= 2) < 0.1


def test_without_the_gas_column_nothing_depends_on_it(chamber: Record, absent: FittedScorer) -> None:
    assert absent.model.keys == chamber.station.keys[1:]
    assert absent.spec.network.kind == "vae"
    assert "ch4_ppb" not in absent.model.domain
    values = chamber.values.copy()
    values[2000:, 0] = 90_000.0
    other = Record.from_values(values, chamber.station)
    rows = np.arange(2000, 3000)
    for one, same in zip(measured(absent, chamber, rows), measured(absent, other, rows), strict=True):
        np.testing.assert_array_equal(one, same)


def test_a_fault_is_found_and_its_channel_named(chamber: Record, fitted: FittedScorer) -> None:
    values = chamber.values.copy()
    values[2500:, 6] *= 3
    found = measured(fitted, Record.from_values(values, chamber.station), np.arange(2000, 3000))
    assert found.consistency[501] > 3
    assert found.reconstruction[501] > 3
    assert found.strangeness[501].argmax() == found.contributions[501].argmax() == 6


def test_a_slow_channel_that_freezes_is_found_after_four_refreshes_and_stays_found(chamber: Record) -> None:
    values = chamber.values.copy()
    slow = [2, 3, 5]  # climate and a sensor
    values[:, slow] = values[::30][np.arange(3000) // 30][:, slow]
    held = Record.from_values(values, chamber.station)
    fitted = fit_scorer(held, np.arange(2000), SETTINGS, folds=3)
    assert set(np.flatnonzero(fitted.model.consistency.refresh > 1)) == set(slow)
    assert fitted.model.tables.keys() == {*COMPONENTS, "consistency", "reconstruction", "onset"}
    rows = np.arange(2000, 3000)
    assert np.mean(measured(fitted, held, rows).consistency >= 3) < 0.02
    frozen = values.copy()
    frozen[2250:2950, 5] = frozen[2250, 5]
    found = measured(fitted, Record.from_values(frozen, chamber.station), rows)
    assert (found.consistency[250 + 120 : 950] >= 3).all()
    assert (found.strangeness[250 + 120 : 950].argmax(axis=1) == 5).mean() > 0.9
    assert np.mean(found.consistency[960:] >= 3) < 0.2


def test_tables_are_about_rows_that_were_left_out(chamber: Record) -> None:
    """A stretch unlike all others is strange to networks that have not seen it, so the table must reach that far."""
    values = chamber.values[:1800].copy()
    values[600:1200, 4:] *= np.exp(0.3 * np.sin(np.arange(600)[:, None] * np.array([1.0, 1.7, 2.3, 3.1, 4.3])))
    odd = Record.from_values(values, chamber.station)
    rows = np.arange(1800)
    blocked = fit_scorer(odd, rows, SETTINGS, folds=3)
    error = measured(blocked, odd, rows).error
    in_sample = np.nanquantile(error, 0.9)
    knots, score = blocked.model.tables["reconstruction"].knots
    assert np.interp(1, score, knots) > 1.5 * in_sample


def test_the_same_rows_give_the_same_scorer(chamber: Record, fitted: FittedScorer) -> None:
    again = fit_scorer(chamber, np.arange(2000)[::-1], SETTINGS, folds=3)
    for name, table in fitted.model.tables.items():
        np.testing.assert_array_equal(again.model.tables[name].knots, table.knots)
    np.testing.assert_array_equal(again.whitening, fitted.whitening)


def test_the_published_form_reads_levels_and_its_error_is_a_mean_of_squares(chamber: Record) -> None:
    published = replace(Training.reference(), epochs=2)
    reference = fit_scorer(chamber, np.arange(2000), published, folds=2)
    network = reference.model.network
    assert reference.model.raw is not None
    features = reference.model.raw.forward(chamber.values[2000:2016]).astype(np.float32)
    expected = np.square(network.run(features=features)["residuals"]).mean(axis=1)
    found = measured(reference, chamber, np.arange(2000, 2016))
    np.testing.assert_allclose(found.error, expected, rtol=1e-6)  # from the first reading on


def test_recentring_can_be_off(chamber: Record) -> None:
    station = replace(chamber.station, recenter="off")
    record = Record.from_values(chamber.values[:1200], station)
    off = fit_scorer(record, np.arange(1200), SETTINGS, folds=2)
    assert off.model.windows.recenter is None
    assert np.isfinite(measured(off, record, np.arange(10)).reconstruction).all()


def test_there_must_be_a_gas_column_to_leave_out(chamber: Record) -> None:
    station = replace(chamber.station, features=chamber.station.features[1:], ratio=None)
    with pytest.raises(TrainingError, match="got no gas column, expected one to leave out"):
        fit_scorer(Record.from_values(chamber.values[:, 1:], station), np.arange(900), SETTINGS, absent=True, folds=2)


def test_quiet_rows_are_those_near_the_background(chamber: Record) -> None:
    rows = np.arange(3000)
    calm = without_plume(chamber, rows)
    assert chamber.values[calm, 0].max() < chamber.values[~calm, 0].min()
    assert 0.3 < calm.mean() < 1


@pytest.mark.parametrize("first", [True, False])
def test_on_unseen_climates_of_the_record_what_is_requested_is_not_exceeded(record_folder: Path, first: bool) -> None:
    """Half of the chamber's plateaus, and the others held out."""
    record = load_record([record_folder / "station-1.csv"], load_station(METHANE))
    half, other = np.arange(8278), np.arange(8278, len(record.values))
    train, test = (half, other) if first else (other, half)
    fitted = fit_scorer(record, train, SETTINGS, folds=3)
    found = measured(fitted, record, test)
    assert np.mean(found.consistency >= 2) <= 0.02
    assert np.mean(found.consistency >= 3) <= 0.002
