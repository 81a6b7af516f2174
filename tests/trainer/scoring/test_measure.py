"""Training measures a record as the gateway would have scored it, reading by reading."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path

import numpy as np
import pytest
from msgspec.structs import replace

from config.templates.templates import METHANE
from config.yaml.load import load_station
from edge.arrays import Floats
from edge.bundles.bundle import Bundle
from edge.models.scores import ScoreState, score_rows
from edge.readings.csv.reader import read_table
from edge.readings.csv.writer import write_table
from edge.readings.quality import GOOD, MISSING, flag
from edge.readings.reading import Reading
from edge.readings.station_clock.record_clock import RecordClock
from edge.scoring.decision import Decision
from edge.scoring.row_scores import RowScores
from edge.scoring.scorer import Scorer
from edge.simulation.simulator import simulate_chamber
from trainer.data.record import Record, load_record
from trainer.scoring.measure import measure

ROWS = 1200
STATION = replace(load_station(METHANE), time="Time", cadence=60.0)
GAS, SENSOR, CLIMATE = 0, 5, 2


def disturbed_rows() -> tuple[Floats, Floats]:
    """Values and times with everything that a record may lack."""
    values = simulate_chamber(ROWS, seed=21)
    time: Floats = 1_790_000_000.0 + 60.0 * np.arange(ROWS, dtype=np.float64)
    values[40, SENSOR] = np.nan  # while the memory fills
    values[120:125, SENSOR] = np.nan
    values[200:230, CLIMATE] = np.nan  # longer than a value is held
    values[300, SENSOR] = -5.0  # outside the physical range
    values[320, GAS] = 5e8
    values[350:360, GAS] = np.nan
    values[400:460, GAS] = np.nan  # an outage, with a sensor gone in it
    values[420:425, SENSOR] = np.nan
    values[500:520] = np.nan
    values[599:602, SENSOR] = np.nan
    time[600:] += 400.0  # a short gap between two cells that are missing
    time[700:] += 300 * 60.0  # a long one
    values[705:707, SENSOR] = np.nan
    values[800:1000:2, GAS] = np.nan
    time[900:] -= 1000.0  # the clock goes back
    values[1100:, SENSOR][::3] = np.nan
    return values, time


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("record") / "station.csv"
    values, time = disturbed_rows()
    write_table(file, ("Time", *STATION.names), np.column_stack([time, values]))
    return file


@pytest.fixture(scope="module")
def record(path: Path) -> Record:
    return load_record([path], STATION)


@pytest.fixture(scope="module")
def bundle(bundles: dict[str, Path]) -> Bundle:
    return Bundle.open(bundles["ae"])


def gateway_scores(bundle: Bundle, path: Path, absent: Collection[str]) -> list[RowScores]:
    """The scores of the rows of a file, as they come one by one to a gateway."""
    table = read_table(path, STATION)
    assert table.time is not None
    scorer = Scorer(bundle, absent=absent)
    state = scorer.new_state(cadence=60.0, clock=RecordClock)
    found: list[RowScores] = []

    def follow(decision: Decision) -> Collection[str]:
        found.append(decision.scores)
        return ()

    for values, time in zip(table.values.tolist(), table.time.tolist(), strict=True):
        scorer.decide([(state, Reading(station="one", values=tuple(values), ts=time, received=0.0))], follow)
    return found


@pytest.mark.parametrize("absent", [False, True], ids=["all columns", "without gas"])
def test_a_gateway_measures_what_training_measured(bundle: Bundle, path: Path, record: Record, absent: bool) -> None:
    one = record.without_gas if absent else record
    model = bundle.scoring(absent=absent)
    gateway = gateway_scores(bundle, path, [STATION.keys[GAS]] if absent else [])
    rows = np.arange(len(one.values))

    measured = measure(model, one, rows)

    assert one.intact.sum() > ROWS // 2
    there = [gateway[place] for place in one.places[one.intact].tolist()]
    none = np.isnan(measured.components[one.intact]).all(axis=1)
    expected = np.where(none, np.nan, measured.consistency[one.intact])
    # The last bits of a matrix product depend on the number of its rows; the network reads single precision.
    np.testing.assert_allclose([scores.consistency for scores in there], expected, rtol=1e-9, atol=1e-12)
    for name in ("reconstruction", "onset", "error", "virtual", "background"):
        ours = [getattr(scores, name) for scores in there]
        np.testing.assert_allclose(ours, getattr(measured, name)[one.intact], rtol=1e-5, atol=1e-9, err_msg=name)


def test_rows_that_no_model_can_use_are_those_without_a_score_on_a_gateway(
    bundle: Bundle, path: Path, record: Record
) -> None:
    gateway = gateway_scores(bundle, path, [STATION.keys[GAS]])
    used = np.isin(np.arange(ROWS), record.without_gas.places)

    scored = np.array([np.isfinite(one.consistency) and not np.isnan(one.error) for one in gateway])

    assert not scored[~used].any()
    assert used.sum() == ROWS - 18 - 8 - 2  # beyond twelve rows of two outages, and behind the short gap


def test_a_record_without_gaps_is_measured_in_one_piece(bundle: Bundle) -> None:
    values = simulate_chamber(400, seed=3)
    record = Record.from_values(values, STATION)
    model = bundle.scoring(absent=False)

    measured = measure(model, record, np.arange(400), calibrated=False)

    whole = score_rows(model, values, [(ScoreState(model), 400)], calibrated=False)
    for ours, theirs in zip(measured, whole, strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-5, atol=1e-9)


def test_a_restart_forgets_the_latest_rows_and_keeps_the_baseline(bundle: Bundle) -> None:
    values = simulate_chamber(400, seed=3)
    model = bundle.scoring(absent=False)
    restarted = Record.from_values(values, STATION, restarts=[300])
    cut = Record.from_values(values, STATION, [(0, 300), (300, 400)])
    rows = np.arange(400)

    once, twice, apart = (
        measure(model, one, rows, calibrated=False) for one in (Record.from_values(values, STATION), restarted, cut)
    )

    assert np.isnan(twice.components[300:311, 2]).all()
    assert np.isfinite(twice.components[311:, 2]).all()
    np.testing.assert_allclose(twice.error, once.error, rtol=1e-5)
    assert np.isnan(apart.error[300:320]).all()
    np.testing.assert_allclose(twice.components[:300], once.components[:300], rtol=1e-9)


def test_flags_mark_the_cells_that_the_record_holds(record: Record) -> None:
    values, _ = disturbed_rows()
    flags = flag(values, STATION)

    np.testing.assert_array_equal(record.held, flags[record.places] != GOOD)
    alone = (flags[:, GAS] == MISSING) & (np.delete(flags, GAS, axis=1) == GOOD).all(axis=1)
    assert record.without_gas.intact[np.isin(record.without_gas.places, np.flatnonzero(alone))].all()
