"""A record longer than a fit needs is represented by runs from all over it."""

from __future__ import annotations

import numpy as np
from msgspec.structs import replace

from config.templates.templates import METHANE
from config.yaml.load import load_station
from edge.models.windows import Windows
from edge.simulation.simulator import simulate_chamber
from trainer.data.record import Record
from trainer.data.thinned_record import LEAST_RUNS, RUN, thin_record, thinning_sentence

STATION = load_station(METHANE)
WINDOWS = Windows(background=500)
ROWS = 24 * RUN


def long_record() -> Record:
    values = np.tile(simulate_chamber(1000, seed=1), (ROWS // 1000, 1))
    values[:, 0] = np.arange(ROWS)
    return Record.from_values(values, STATION, [(0, 50_000), (50_000, ROWS)], restarts=[7, 1000, ROWS - 10])


def test_runs_are_spread_evenly_from_the_first_row_to_the_last() -> None:
    whole = long_record()
    thin = thin_record(whole, WINDOWS, most=10 * RUN)
    assert len(thin.values) == 10 * RUN
    rows = thin.places
    assert (rows[0], rows[-1]) == (0, ROWS - 1)
    np.testing.assert_array_equal(thin.values[:, 0], rows)
    firsts = [int(rows[start]) for start, _ in thin.segments]
    assert np.ptp(np.diff([each for each in firsts if each != 50_000])) <= 1
    assert all((np.diff(rows[start:end]) == 1).all() for start, end in thin.segments)
    assert 50_000 not in rows or 50_000 in firsts
    assert [int(rows[restart]) for restart in thin.restarts] == [7, 1000, ROWS - 10]
    assert thinning_sentence(whole, thin).startswith("fitted and measured on 50,000 of 120,000 rows, in 1")


def test_a_short_record_is_left_alone_and_long_memories_have_longer_runs_but_no_more_rows() -> None:
    whole = long_record()
    assert thin_record(whole, WINDOWS, most=ROWS) is whole
    for reach, run in ((2500, 10_000), (45_000, 50_000 // LEAST_RUNS)):
        places = thin_record(whole, replace(WINDOWS, background=reach), most=50_000).places
        assert (places[0], places[-1], len(places)) == (0, ROWS - 1, 50_000)
        assert np.diff(places)[: run - 1].max() == 1 < np.diff(places)[run - 1]


def test_files_keep_their_rows() -> None:
    from dataclasses import replace as with_parts

    whole = with_parts(long_record(), parts=((0, 60_000), (60_000, ROWS)))
    thin = thin_record(whole, WINDOWS, most=10 * RUN)
    (_, first), (second, last) = thin.parts
    assert first == second
    assert last == len(thin.values)
    assert thin.places[first - 1] < 60_000 <= thin.places[first]
