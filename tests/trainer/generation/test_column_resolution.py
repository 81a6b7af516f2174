"""The digits of a column follow from its training values."""

from __future__ import annotations

import numpy as np

from edge.models.column_digits import ColumnDigits
from trainer.generation.column_resolution import column_resolution


def test_the_digits_of_the_record_and_of_its_spread_are_found() -> None:
    rng = np.random.default_rng(0)
    normal = rng.standard_normal(3000)
    values = np.stack([np.round(101_325 + 50 * normal, 1), 1e9 + normal, np.round(1e9 + 5 * normal), normal], axis=1)
    digits = column_resolution(values, {3: values})
    assert digits == (
        ColumnDigits(least=3, most=1),
        ColumnDigits(least=5, most=None),
        ColumnDigits(least=4, most=0),
        None,
    )
