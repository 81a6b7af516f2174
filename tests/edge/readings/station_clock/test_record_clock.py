"""The rows of a file follow one another in its order, whatever their stamps are."""

from __future__ import annotations

from pathlib import Path

from edge.bundles.bundle import Bundle
from edge.readings.reading import Reading
from edge.readings.station_clock.record_clock import RecordClock
from edge.scoring.scorer import Scorer
from edge.simulation.simulator import simulate_chamber


def test_every_row_is_in_order_and_cut_where_the_stamps_go_back() -> None:
    clock = RecordClock(60.0)
    placed = [clock.place(ts, 0.0) for ts in (0.0, 60.0, 0.0, 60.0, 60.0, 900.0)]
    assert all(each.in_order and not each.historical and each.note is None for each in placed)
    assert [each.elapsed for each in placed] == [0.0, 60.0, 0.0, 60.0, 0.0, 840.0]
    assert [each.cut for each in placed] == [False, False, True, False, False, False]


def test_the_cadence_is_learnt_from_the_stamps() -> None:
    clock = RecordClock()
    for i in range(6):
        clock.place(10.0 * i, 0.0)
    assert clock.cadence == 10.0


def test_rows_without_stamps_follow_without_a_gap() -> None:
    clock = RecordClock(60.0)
    assert [clock.place(None, 0.0).elapsed for _ in range(3)] == [0.0, 0.0, 0.0]


def test_a_record_of_the_hour_that_comes_twice_is_scored_whole(bundles: dict[str, Path]) -> None:
    scorer = Scorer(Bundle.open(bundles["ae"]))
    state = scorer.new_state(clock=RecordClock)
    values = simulate_chamber(300, seed=7).tolist()
    times = [1.8e9 + 60.0 * (i if i < 200 else i - 60) for i in range(300)]
    verdicts = scorer.score(
        [
            (state, Reading(station="st", values=tuple(row), ts=ts, received=0.0))
            for row, ts in zip(values, times, strict=True)
        ]
    )
    assert not any(verdict.late or verdict.historical for verdict in verdicts)
    assert all(verdict.consistency is not None for verdict in verdicts[60:])
    assert not any(verdict.state == "warming_up" for verdict in verdicts[60:])
