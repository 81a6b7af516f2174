"""The onset is calibrated on parts of the record that were left out, and refused where it finds nothing in them."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from config.settings.station import Feature, Station
from edge.arrays import Floats, Indices
from edge.models.virtual_gas import VirtualGas
from edge.models.windows import Windows
from trainer.data.record import Record
from trainer.data.scaler import fit_scaler
from trainer.data.splits import chunks
from trainer.scoring.fit_gas import fit_gas
from trainer.scoring.onset import LEAST_QUIET, OnsetCalibration, without_plume

COUNT = 4000
UNITS = {"[ppb]": 2000.0, "[ppm]": 2.0, "%": 0.02, "mg/m3": 0.6}
"""Unit of the gas -> its background."""


def kind(unit: str) -> Station:
    background = UNITS[unit]
    gas = Feature(
        name="gas",
        key="gas",
        unit=unit,
        role="gas",
        scale="log",
        range=(background / 100, 1e4 * background),
        missing=(),
    )
    warm = Feature(name="T", key="temperature_c", unit="Cel", role="environment", range=(-40, 60))
    sensors = [
        Feature(name=f"R{i}", key=f"r{i}_ohm", unit="Ohm", role="sensor", scale="log", range=(1, 1e9)) for i in (1, 2)
    ]
    return Station(name="well", features=(gas, warm, *sensors))


def plumes(starts: Indices, height: float, count: int = COUNT) -> Floats:
    """Return levels [N] in backgrounds: clean air, and plumes that decay over 60 rows."""
    rows = np.arange(count)
    level = np.ones(count)
    for start in starts.tolist():
        level += np.where(rows >= start, height * np.exp(-np.maximum(rows - start, 0) / 60), 0)
    return level


def record(
    level: Floats, unit: str = "[ppb]", *, drift: Floats | float = 0.0, noise: float = 0.02, seed: int = 0
) -> Record:
    """Return a record of two sensors whose resistance falls with the gas and whose logarithm drifts."""
    rng = np.random.default_rng(seed)
    count = len(level)
    warm = 15 + 5 * np.sin(np.arange(count) / 200) + 0.1 * rng.standard_normal(count)
    gas = UNITS[unit] * level * np.exp(0.01 * rng.standard_normal(count))
    logs = [
        9 - share * np.log(level) - 0.02 * warm + drift + noise * rng.standard_normal(count) for share in (0.6, 0.4)
    ]
    return Record.from_values(np.column_stack([gas, warm, *map(np.exp, logs)]), kind(unit))


def calibrated(given: Record, folds: int = 4) -> tuple[VirtualGas | None, OnsetCalibration]:
    """Calibrate the onset of the model without the gas column."""
    columns = (1, 2, 3)
    station = Station(name="well", features=given.station.features[1:])
    values = given.values[:, columns]
    model: Any = SimpleNamespace(
        columns=columns,
        scaler=fit_scaler(values, station, "log", np.zeros(values.shape, dtype=np.bool_)),
        windows=Windows(),
    )
    rows = np.arange(len(given.values))
    fitted, onset = fit_gas(given, rows, model, chunks(given, folds, rows))
    return fitted.virtual, onset


STARTS = np.arange(250, COUNT, 400)


@pytest.mark.parametrize("unit", UNITS)
def test_onsets_of_parts_that_were_left_out_are_found_in_any_unit(unit: str) -> None:
    virtual, onset = calibrated(record(plumes(STARTS, 4.0), unit))
    assert virtual is not None
    assert onset.refused is None
    assert (onset.onsets, onset.found) == (len(STARTS), len(STARTS))
    assert onset.table is not None
    assert onset.realised is not None
    assert onset.realised <= 0.005
    assert onset.quiet_rows > LEAST_QUIET


def test_sensors_that_hardly_respond_give_no_onset_and_the_reason_counts_what_was_found() -> None:
    level = plumes(STARTS, 4.0)
    drift = 0.7 * np.sin(np.arange(COUNT) / 45)  # as large as what the gas does, and faster than the background
    virtual, onset = calibrated(record(level, "mg/m3", drift=drift, noise=0.3))
    assert onset.refused is not None
    assert "onsets" in onset.refused or "responds" in onset.refused
    assert onset.found < len(STARTS) / 2 or virtual is None


def test_a_drift_that_looks_like_gas_in_one_part_of_the_record_is_refused() -> None:
    level = plumes(STARTS, 4.0)
    drift = np.where(np.arange(COUNT) >= 3000, -0.9 * (np.arange(COUNT) % 331 < 5), 0.0)
    _, onset = calibrated(record(level, "%", drift=drift))
    assert onset.worst is not None
    assert onset.worst > 0.005
    assert onset.refused is not None
    assert "of the quiet rows in a part of the record that was left out exceed" in onset.refused


def test_too_few_onsets_are_no_proof() -> None:
    virtual, onset = calibrated(record(plumes(STARTS[:3], 4.0)))
    assert virtual is not None  # the level stays
    assert (
        onset.refused
        == "gas rises 3 times in the record, expected at least 5 onsets to see whether the sensors find them"
    )


def test_too_few_quiet_rows_cannot_tell_what_one_in_a_thousand_exceeds() -> None:
    count = 1200
    _, onset = calibrated(record(plumes(np.arange(20, count, 80), 4.0, count), "[ppm]"))
    assert onset.refused is not None
    assert "below 1.5 x its background, expected at least 1,000" in onset.refused
    assert onset.metrics["realised"] is None


def test_without_a_sensor_that_responds_there_is_neither_level_nor_onset() -> None:
    level = plumes(STARTS, 4.0)
    given = record(np.ones(COUNT))
    values = given.values.copy()
    values[:, 0] = UNITS["[ppb]"] * level
    virtual, onset = calibrated(Record.from_values(values, given.station))
    assert virtual is None
    assert onset.refused == "no virtual gas, and no onset: none of r1_ohm, r2_ohm responds to gas"
    assert onset.table is None


def test_rows_whose_level_is_missing_are_neither_quiet_nor_an_onset() -> None:
    given = record(plumes(STARTS, 4.0))
    values, held = given.values.copy(), np.zeros(given.values.shape, dtype=np.bool_)
    held[1000:1012, 0] = True
    values[1000:1012, 0] = 1.0
    masked = Record.from_values(values, given.station, held=held)
    assert not without_plume(masked, np.arange(1000, 1012)).any()
    _, onset = calibrated(masked)
    assert (onset.refused, onset.onsets) == (None, len(STARTS))
