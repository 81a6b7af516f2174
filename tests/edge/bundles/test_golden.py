"""Outputs are compared with golden ones, relative to their size."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from edge.bundles.bundle import Bundle
from edge.bundles.golden import difference, golden_differences, table_scores
from edge.models.pvalue import PValueTable


@pytest.mark.parametrize(
    ("got", "expected", "found"),
    [
        ([1.0, 2.0], [1.0, 2.0], 0.0),
        ([0.5], [0.25], 0.25),  # below 1: absolute
        ([110.0], [100.0], 0.1),
        ([math.nan], [1.0], math.inf),
        ([1.0], [1.0, 1.0], math.inf),
        ([], [], 0.0),
    ],
)
def test_the_largest_difference_counts(got: list[float], expected: list[float], found: float) -> None:
    assert difference(got, expected) == pytest.approx(found)


def test_a_steep_table_does_not_magnify_what_rounding_does_to_a_component(path: Path) -> None:
    bundle = Bundle.open(path)
    golden = bundle.golden
    flat = np.float32(golden["scorer/components"][7, 2])
    # The table of a column that hardly ever moves: two neighbouring numbers, and three decades between them.
    steep = PValueTable([flat, np.nextafter(flat, np.float32(np.inf))], [0.0, 3.0])
    model = bundle.scoring()
    model = replace(model, tables={**model.tables, "flat": steep})
    components = golden["scorer/components"].copy()
    components[7, 2] += 1e-6
    scores = table_scores(model, golden["scorer/error"], components)
    assert abs(scores["consistency"][7] - golden["scorer/consistency"][7]) > 0.1
    rows = golden | {f"scorer/{name}": array for name, array in {"components": components, **scores}.items()}
    found = golden_differences(
        rows, encoder=bundle.encoder, decoder=bundle.decoder, scaler=bundle.scaler, scorers={"scorer": model}
    )
    assert found["tables.npz"] <= 2e-6
