"""evaluate looks whether the scores find what people have labelled, on scores that were not fitted on it."""

from __future__ import annotations

from pathlib import Path

import pytest

from config.settings.training import Training
from edge.simulation.injection import Injection, inject
from edge.simulation.simulator import simulate_chamber
from tests.trainer.data.test_labelled_rows import STATION, write
from trainer.evaluation.detection.labelled_cases import evaluate_labelled
from trainer.evaluation.detection.results import Evaluation
from trainer.evaluation.detection.table import _labelled


@pytest.fixture(scope="module")
def collected(tmp_path_factory: pytest.TempPathFactory) -> Path:
    values = inject(simulate_chamber(3000, seed=7), [Injection("leak", 1500, 40, size=8000.0)])
    values[2200:2240, 5] *= 3  # a sensor that reads three times as much
    labels = [""] * len(values)
    for start, end, label in ((1500, 1540, "plume"), (2200, 2240, "fault"), (2600, 2620, "plume")):
        labels[start:end] = [label] * (end - start)
    return write(tmp_path_factory.mktemp("collected") / "recent.csv", values, labels)


def test_each_labelled_stretch_is_a_case(collected: Path) -> None:
    cases = evaluate_labelled([collected], STATION, Training.quick(), rate=0.001, quick=True)
    assert [(case.label, case.first_line, case.last_line, case.rows) for case in cases] == [
        ("plume", 1502, 1541, 40),
        ("fault", 2202, 2241, 40),
        ("plume", 2602, 2621, 20),
    ]
    leak, fault, nothing = cases
    assert "level" in leak.found_by
    assert "consistency" in fault.found_by
    assert fault.consistency > 3
    assert "consistency" not in nothing.found_by
    assert nothing.consistency < fault.consistency

    lines = list(_labelled(Evaluation(families={}, folds=(), labelled=cases)))
    assert "1 of 1 faults found" in lines[0]
    assert "of 2 plumes found" in lines[0]
    assert any(line.startswith("recent.csv 2202-2241 fault") and "consistency" in line for line in lines)


def test_a_file_without_labels_has_none_and_fits_nothing(tmp_path: Path) -> None:
    path = write(tmp_path / "plain.csv", simulate_chamber(300, seed=7), ["", "false"] * 150)
    assert evaluate_labelled([path], STATION, Training.quick(), rate=0.001) == ()
