"""A scoring model is restored from a bundle's arrays as it was, or refused."""

from __future__ import annotations

from dataclasses import fields
from pathlib import Path

import numpy as np
import pytest
from msgspec.structs import replace

from edge.bundles.bundle import Bundle
from edge.bundles.scoring_tables import from_arrays, subtree, to_arrays
from edge.models.scoring_model import ScoringModel


@pytest.fixture(scope="module")
def bundle(bundles: dict[str, Path]) -> Bundle:
    return Bundle.open(bundles["both"])


@pytest.mark.parametrize("absent", [False, True])
def test_what_is_stored_comes_back(bundle: Bundle, absent: bool) -> None:
    model = bundle.scoring(absent)
    spec = bundle.manifest.scorers["scorer-absent" if absent else "scorer"]
    again = from_arrays(spec, bundle.station, to_arrays(model), model.network)
    assert to_arrays(again).keys() == to_arrays(model).keys()
    for name, array in to_arrays(model).items():
        np.testing.assert_array_equal(to_arrays(again)[name], array)
    arrays = {"spread", "consistency", "tables", "virtual"}
    for field in fields(ScoringModel):
        assert field.name in arrays or getattr(again, field.name) == getattr(model, field.name)
    assert again.virtual is not None
    assert again.virtual.responsive == spec.responsive


def test_without_responsive_sensors_there_is_no_virtual_gas_and_no_onset(bundle: Bundle) -> None:
    spec = replace(bundle.manifest.scorers["scorer"], responsive=())
    arrays = {name: array for name, array in to_arrays(bundle.scoring()).items() if not name.endswith("onset")}
    model = from_arrays(spec, bundle.station, arrays, bundle.scoring().network)
    assert model.virtual is None
    assert "onset" not in model.tables


def test_arrays_for_another_number_of_columns_are_refused(bundle: Bundle) -> None:
    spec, network = bundle.manifest.scorers["scorer"], bundle.scoring().network
    arrays = to_arrays(bundle.scoring()) | {"spread": np.ones(8)}
    with pytest.raises(ValueError, match="spread: expected 9 positive numbers"):
        from_arrays(spec, bundle.station, arrays, network)
    other = {
        f"consistency/{name}": array for name, array in subtree(to_arrays(bundle.scoring(True)), "consistency").items()
    }
    with pytest.raises(ValueError, match="consistency: got 8 columns, expected 9"):
        from_arrays(spec, bundle.station, to_arrays(bundle.scoring()) | other, network)
