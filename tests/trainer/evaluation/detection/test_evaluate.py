from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest
from msgspec.structs import replace

from config.settings.training import Training
from trainer.data.record import Record
from trainer.evaluation.detection.evaluate import evaluate, evaluate_fold
from trainer.evaluation.detection.faults import cases
from trainer.evaluation.detection.results import (
    CONSISTENCY,
    DETECTION,
    ONSET,
    PUBLISHED_AE,
    RECONSTRUCTION,
    Evaluation,
    FoldResult,
)
from trainer.statistics.json_arrays import encode_arrays

SETTINGS = Training(hidden=(16,), epochs=3, chunks=2)


@pytest.fixture(scope="module")
def fold(chamber: Record) -> FoldResult:
    """One look at the simulated chamber."""
    return evaluate_fold(chamber, "seen", SETTINGS, quick=True, pictures=True)


def test_every_family_is_judged_for_every_detector(fold: FoldResult, chamber: Record) -> None:
    families = {case.name: case.family for case in cases(chamber.station)}
    for name, findings in fold.cases.items():
        assert len({families[case] for case in findings}) == len(findings) >= 11, name
        assert all(
            0 <= one.recall_at_01pct <= one.recall_at_1pct <= 1 and 0 <= one.auroc <= 1 for one in findings.values()
        )
    assert {rate.mode for rate in fold.rates} == {"static", "adaptive", "in sample"}
    assert fold.readings == fold.test_rows
    assert fold.train_rows + fold.test_rows == len(chamber.values)


def test_faults_are_found_and_more_of_them_than_by_the_published_network(fold: FoldResult, chamber: Record) -> None:
    evaluation = Evaluation(families={case.name: case.family for case in cases(chamber.station)}, folds=(fold,))

    assert evaluation.mean(CONSISTENCY, families=["zero", "open"]) > 0.99
    assert evaluation.mean(CONSISTENCY) > evaluation.mean(PUBLISHED_AE) + 0.1
    assert evaluation.mean(RECONSTRUCTION["ae"]) > 0.7
    zero = [one for one in fold.events if one.case == "zero"]
    assert {one.spacing for one in zero} == {"dense", "sparse"}
    assert all(one.found == one.total > 0 for one in zero if one.mode == "static")
    # A threshold that follows learns what repeats every few hundred rows; it must not go blind to it.
    assert all(one.found >= 0.7 * one.total for one in zero if one.mode == "adaptive")
    (dense,), (sparse,) = ({one.total for one in zero if one.spacing == spacing} for spacing in ("dense", "sparse"))
    assert dense > sparse


def test_methane_is_judged_without_its_column(fold: FoldResult) -> None:
    assert {one.requested for one in fold.without_gas} == {0.01, 0.001}
    assert {ONSET, PUBLISHED_AE} <= {one.detector for one in fold.without_gas}


def test_pictures_show_what_the_numbers_say(fold: FoldResult, chamber: Record) -> None:
    curves = fold.curves
    assert curves is not None
    evaluation = Evaluation(families={case.name: case.family for case in cases(chamber.station)}, folds=(fold,))
    for name, found in curves.roc.items():
        # One point of the curve is the recall at the 99 % quantile.
        assert found[curves.rates.tolist().index(0.01)] == pytest.approx(evaluation.mean(name, "recall_at_1pct")), name
        assert (np.diff(found) >= 0).all()
    for rate in fold.rates:
        realised = curves.realised[f"{rate.detector}, {rate.mode}"]
        assert realised[curves.requested.tolist().index(rate.requested)] == rate.realised
    assert sum(len(timeline.faults) for timeline in curves.timelines) > 5
    assert curves.virtual is not None


def test_an_evaluation_comes_back_from_its_file(fold: FoldResult, tmp_path: Path) -> None:
    evaluation = Evaluation(families={"zero": "zero"}, folds=(fold,))
    assert Evaluation.read(tmp_path) is None

    (tmp_path / DETECTION).write_bytes(encode_arrays(evaluation))

    again = Evaluation.read(tmp_path)
    assert again is not None
    assert replace(again.folds[0], curves=None) == replace(fold, curves=None)


def test_stations_without_gas_are_judged_each_for_itself(chamber: Record) -> None:
    station = replace(chamber.station, features=chamber.station.features[2:], ratio=None)
    records = [Record.from_values(chamber.values[rows, 2:], station) for rows in (slice(700), slice(1000, 1800))]
    progress = io.StringIO()

    evaluation = evaluate(records, SETTINGS, quick=True, progress=progress)

    seen = [fold for fold in evaluation.folds if fold.split == "seen"]
    assert [fold.train_rows + fold.test_rows for fold in seen] == [700, 800]
    assert len(progress.getvalue().splitlines()) == len(evaluation.folds)
    for fold in evaluation.folds:
        assert fold.curves is None  # nobody asked
        assert not fold.without_gas
        assert "no gas column" in " ".join(fold.notes)
        drift = "drift to 1 sigma"  # too long for blocks as short as these
        assert len(fold.cases[CONSISTENCY]) == (8 if fold.split == "seen" else 9)
        assert (drift in fold.cases[CONSISTENCY]) == (fold.split != "seen")
        assert np.isfinite([one.auroc for one in fold.cases[CONSISTENCY].values()]).all()
