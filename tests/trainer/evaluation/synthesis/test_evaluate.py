from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest
from msgspec.structs import replace

from config.settings.training import Training
from trainer.data.record import Record
from trainer.evaluation.synthesis.evaluate import evaluate_synthesis
from trainer.evaluation.synthesis.goals import synthesis_goals
from trainer.evaluation.synthesis.results import (
    JITTER,
    OURS,
    PUBLISHED,
    REAL,
    SMOTE,
    SYNTHESIS,
    Resemblance,
    SynthesisEvaluation,
)
from trainer.evaluation.synthesis.table import print_synthesis
from trainer.statistics.json_arrays import encode_arrays

SETTINGS = replace(
    Training.quick(), generator="mixture", components=20, epochs=3, generator_epochs=2, generator_steps=20
)
JUDGED = OURS["mixture"]


@pytest.fixture(scope="module")
def evaluation(chamber: Record) -> SynthesisEvaluation:
    """One look at the simulated chamber."""
    return evaluate_synthesis([chamber], SETTINGS, quick=True, pictures=True)


@pytest.fixture(scope="module")
def by_name(evaluation: SynthesisEvaluation) -> dict[str, Resemblance]:
    return {one.synthesiser: one for one in evaluation.resemblances}


def test_everything_is_measured_of_every_synthesiser(evaluation: SynthesisEvaluation) -> None:
    assert evaluation.judged == JUDGED
    assert evaluation.synthesisers == (JUDGED, *PUBLISHED.values(), JITTER, SMOTE, REAL)
    assert tuple(one.synthesiser for one in evaluation.resemblances) == evaluation.synthesisers
    for found in (evaluation.tstr_blocks, evaluation.scarce):
        assert tuple(one.synthesiser for one in found) == evaluation.synthesisers[:-1]
    assert len(evaluation.detections) == 1


def test_only_the_distance_to_both_halves_shows_who_copies(by_name: dict[str, Resemblance]) -> None:
    assert {name for name, one in by_name.items() if one.nearer_share > 0.6} == {JITTER, SMOTE}
    assert by_name[JITTER].train.ks < by_name[PUBLISHED["vae"]].train.ks
    assert by_name[REAL].c2st_train == pytest.approx(0.5, abs=0.06)
    assert by_name[JUDGED].c2st_test < by_name[PUBLISHED["vae"]].c2st_test
    assert not any(one.copies for one in by_name.values())


def test_the_table_shows_them_all_and_a_verdict_on_every_goal(evaluation: SynthesisEvaluation) -> None:
    out = io.StringIO()

    print_synthesis(evaluation, out)

    text = out.getvalue()
    assert all(text.count(f"\n{name} ") >= 3 for name in evaluation.synthesisers[:-1])
    assert "no proof of privacy" in text
    assert text.count("pass") + text.count("FALLS SHORT") == len(synthesis_goals(evaluation))


def test_the_worst_seed_counts_and_what_nothing_was_measured_for_is_left_out(
    evaluation: SynthesisEvaluation, by_name: dict[str, Resemblance]
) -> None:
    good = replace(by_name[JUDGED], c2st_test=0.6, moisture=float("nan"))
    bad = replace(good, seed=1, c2st_test=0.7)

    def met(*resemblances: Resemblance) -> dict[str, bool]:
        one = replace(evaluation, resemblances=resemblances)
        return {goal.name.strip(): goal.met for goal in synthesis_goals(one)}

    assert met(good)["C2ST, AUROC"]
    assert not met(good, bad)["C2ST, AUROC"]
    assert "moisture broken" not in met(good)
    assert "moisture broken" in met(by_name[JUDGED])


def test_an_rmse_is_a_mean_over_test_blocks_beside_the_share_that_got_worse(evaluation: SynthesisEvaluation) -> None:
    (station,) = evaluation.stations
    first = next(one for one in evaluation.scarce if one.synthesiser == JUDGED)
    runs = (
        replace(first, rmse=50.0, real_rmse=100.0, tail_rmse=10.0, real_tail_rmse=10.0),
        replace(first, rmse=310.0, real_rmse=300.0, tail_rmse=10.0, real_tail_rmse=40.0),
    )

    assert replace(evaluation, scarce=runs).rmse(station, JUDGED) == (0.9, 0.4, 0.5, 0.0)
    assert np.isnan(replace(evaluation, scarce=()).rmse(station, JUDGED)).all()


def test_an_evaluation_comes_back_from_its_file_with_all_samples_on_one_wall(
    evaluation: SynthesisEvaluation, tmp_path: Path
) -> None:
    assert SynthesisEvaluation.read(tmp_path) is None
    (tmp_path / SYNTHESIS).write_bytes(encode_arrays(evaluation))

    again = SynthesisEvaluation.read(tmp_path)

    assert again is not None
    assert evaluation.gallery is not None
    assert again.gallery is not None
    assert list(again.gallery.samples) == list(evaluation.gallery.samples)
    assert {*OURS.values(), *PUBLISHED.values(), "real", REAL} <= again.gallery.samples.keys()
    assert {"ours, AE, noise auto", "VAE, published, noise 1"} <= again.gallery.samples.keys()
    assert np.isnan(next(one for one in again.resemblances if one.synthesiser == REAL).ks)
    assert again.tstr_blocks == evaluation.tstr_blocks
    assert (tmp_path / SYNTHESIS).stat().st_size < 2e6


def test_stations_without_gas_are_compared_and_regress_nothing(chamber: Record) -> None:
    station = replace(chamber.station, features=chamber.station.features[2:], ratio=None)
    records = [Record.from_values(chamber.values[:900, 2:], station)]
    out = io.StringIO()

    found = evaluate_synthesis(records, SETTINGS, quick=True, progress=out)

    assert not found.tstr_blocks
    assert not found.scarce
    assert len(out.getvalue().splitlines()) == len(found.resemblances) == 6
    assert all(np.isnan([one.tstr, one.moisture, one.train.gas_p99]).all() for one in found.resemblances)
    print_synthesis(found, out)
    assert "KS train" in out.getvalue()
