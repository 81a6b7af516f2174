from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from config.settings.training import Training
from config.templates.templates import METHANE
from config.yaml.load import load_station
from trainer.data.record import Record, load_record
from trainer.evaluation.detection.folds import Fold
from trainer.evaluation.detection.peers import Peer
from trainer.evaluation.detection.results import ONSET
from trainer.evaluation.detection.without_gas import judge_withheld, onsets
from trainer.scoring.fit_scorer import fit_scorer

TEN = [151, 1406, 2971, 4363, 5817, 8313, 8988, 10354, 11350, 12767]


def gas(*levels: tuple[int, float]) -> np.ndarray:
    """Return rows of methane that is 2000 ppb but at the rows given, where an exponential plume begins."""
    rows = np.arange(1000)
    column = np.full(1000, 2000.0)
    for start, height in levels:
        column += np.where(rows >= start, height * np.exp(-(rows - start) / 30.0), 0.0)
    return np.column_stack([column, np.random.default_rng(1).uniform(1.0, 2.0, size=(1000, 8))])


def test_the_ten_injections_of_the_reference_record_are_found(record_folder: Path) -> None:
    record = load_record([record_folder / "station-1.csv"], load_station(METHANE))

    assert list(onsets(record, 2007.0)) == pytest.approx(TEN, abs=1)


def test_an_onset_is_steep_and_not_the_flicker_of_a_plume() -> None:
    record = Record.from_values(gas((200, 4000.0), (240, 2000.0), (500, 1400.0), (700, 1600.0)), load_station(METHANE))

    assert onsets(record, 2000.0) == (200, 700)


def test_a_step_between_two_segments_is_a_gap_in_time_and_no_onset() -> None:
    values = gas()
    values[500:, 0] += 5000.0

    assert onsets(Record.from_values(values, load_station(METHANE)), 2000.0) == (500,)
    assert onsets(Record.from_values(values, load_station(METHANE), ((0, 500), (500, 1000))), 2000.0) == ()


def test_a_detector_is_judged_by_background_and_plumes_on_held_out_rows_alone(chamber: Record) -> None:
    train, test = np.arange(1500), np.arange(1500, 3000)
    cell = Fold(train=train, validation=train[-250:], test=test, spans=((1500, 3000),))
    settings = Training(hidden=(8,), epochs=2)
    model = fit_scorer(chamber, train, settings, absent=True, folds=2).model
    level = chamber.values[:, 0]
    says = {"all": level, "none": -level, "dumb": np.zeros(3000)}  # whatever they get
    peers = [Peer(name, lambda x, said=said: said, np.sort(level[train])) for name, said in says.items()]

    found = judge_withheld(chamber, cell, model, peers, [0.01])

    ours, knows, contrary, dumb = found
    steps = [row for row in onsets(chamber, float(np.quantile(level[train], 0.1))) if row >= 1500]
    assert [one.detector for one in found] == [ONSET, "all", "none", "dumb"]
    assert [one.onsets for one in found] == [len(steps)] * 4
    assert (knows.auroc, contrary.auroc, dumb.auroc) == (1.0, 0.0, 0.5)
    assert (contrary.found, contrary.realised, dumb.found) == (0, 0.0, 0)
    assert 0.9 < ours.auroc <= 1.0
