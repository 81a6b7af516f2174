from __future__ import annotations

import numpy as np
import pytest

from config.errors import ConfigError
from edge.simulation.board import CHANNELS, SENSORS, Board
from edge.simulation.injection import Injection, inject, sending_order
from edge.simulation.simulator import simulate_chamber

VALUES = simulate_chamber(1000, seed=8, board=2)
MQ4 = CHANNELS.index("rmq4_ohm")


def touched(changed: np.ndarray) -> tuple[set[int], set[int]]:
    """Rows and columns in which an injection changed something."""
    rows, columns = np.nonzero(~((changed == VALUES) | (np.isnan(changed) & np.isnan(VALUES))))
    return set(rows.tolist()), set(columns.tolist())


def test_a_leak_changes_methane_and_its_sensors_on_its_rows_and_nothing_else() -> None:
    changed = inject(VALUES, [Injection("leak", 300, 60, None, 4000.0)], board=2)
    rows, columns = touched(changed)
    assert rows == set(range(300, 360))
    assert columns == {0, *range(4, 9)}
    plume = changed[:, 0] - VALUES[:, 0]
    assert plume.max() == pytest.approx(4000)
    assert plume.argmax() in (300, 301, 302)
    assert 1200 < plume[320] < 2000
    assert plume[355] < 200


def test_the_sensors_respond_to_a_leak_by_their_power_law() -> None:
    changed = inject(VALUES, [Injection("leak", 300, 60, None, 4000.0)], board=2)[300:360] / VALUES[300:360]
    for sensor in SENSORS:
        expected = changed[:, 0] ** Board(2).response[sensor].b
        np.testing.assert_allclose(changed[:, CHANNELS.index(sensor)], expected)


def test_the_seed_decides_the_flicker_of_a_plume() -> None:
    leak = [Injection("leak", 300, 60, None, 4000.0)]
    np.testing.assert_array_equal(inject(VALUES, leak, seed=1), inject(VALUES, leak, seed=1))
    assert not np.array_equal(inject(VALUES, leak, seed=1), inject(VALUES, leak, seed=2))


def test_a_stuck_channel_repeats_its_last_value() -> None:
    changed = inject(VALUES, [Injection("stuck", 500, 200, "rmq4_ohm")])
    assert touched(changed) == (set(range(500, 700)), {MQ4})
    assert set(changed[500:700, MQ4]) == {VALUES[499, MQ4]}


def test_a_stuck_channel_may_jump_first() -> None:
    changed = inject(VALUES, [Injection.parse("stuck@500:200:rmq4_ohm:-75%")])
    rmq4 = CHANNELS.index("rmq4_ohm")
    np.testing.assert_array_equal(changed[500:700, rmq4], 0.25 * VALUES[499, rmq4])
    assert touched(changed) == (set(range(500, 700)), {rmq4})


def test_a_sensor_that_is_stuck_stays_stuck_in_a_leak() -> None:
    stuck, leak = Injection("stuck", 500, 200, "rmq4_ohm"), Injection("leak", 550, 50, None, 3000.0)
    changed = inject(VALUES, [stuck, leak])
    assert set(changed[500:700, MQ4]) == {VALUES[499, MQ4]}
    assert changed[551, 4] < VALUES[551, 4]


def test_a_drift_reaches_its_size_on_its_last_row() -> None:
    changed = inject(VALUES, [Injection("drift", 100, 50, "rmq4_ohm", -0.2)])
    assert touched(changed) == (set(range(100, 150)), {MQ4})
    ratio = changed[100:150, MQ4] / VALUES[100:150, MQ4]
    np.testing.assert_allclose(np.diff(ratio), -0.2 / 50)
    assert ratio[-1] == pytest.approx(0.8)


def test_a_dropout_takes_a_channel_or_the_whole_reading() -> None:
    channel, reading = Injection("dropout", 20, 3, "rmq4_ohm"), Injection("dropout", 40, 2)
    changed = inject(VALUES, [channel, reading])
    assert np.isnan(changed[20:23, MQ4]).all()
    assert np.isnan(changed[40:42]).all()
    assert np.isnan(changed).sum() == 3 + 2 * 9
    order = sending_order(50, [channel, reading])
    assert order.tolist() == [*range(40), *range(42, 50)]


def test_a_duplicate_is_sent_twice_in_a_row_and_changes_no_value() -> None:
    duplicate = Injection("duplicate", 3, 2)
    np.testing.assert_array_equal(inject(VALUES, [duplicate]), VALUES)
    assert sending_order(6, [duplicate]).tolist() == [0, 1, 2, 3, 3, 4, 4, 5]


def test_the_readings_given_are_not_changed_and_rows_beyond_the_end_are_cut_off() -> None:
    before = VALUES.copy()
    for kind, key in [("leak", None), ("stuck", "rmq4_ohm"), ("drift", "rmq4_ohm"), ("dropout", None)]:
        changed = inject(VALUES, [Injection(kind, 990, 30, key, 0.5), Injection(kind, 2000, 30, key, 0.5)])  # type: ignore[arg-type]
        assert changed.shape == VALUES.shape
        assert min(touched(changed)[0]) == 990
    np.testing.assert_array_equal(before, VALUES)


def test_a_channel_that_is_not_there_is_named() -> None:
    with pytest.raises(ValueError, match="'co2_ppm', expected one of ch4_ppb, h2o_ppm"):
        inject(VALUES, [Injection("stuck", 1, 2, "co2_ppm")])


@pytest.mark.parametrize(
    ("text", "expected", "description"),
    [
        ("leak@300:60:4000", Injection("leak", 300, 60, None, 4000.0), "leak of 4000 ppb, rows 300-359"),
        ("stuck@500:200:rmq4_ohm", Injection("stuck", 500, 200, "rmq4_ohm"), "rmq4_ohm stuck, rows 500-699"),
        (
            "stuck@5:2:rmq4_ohm:-75%",
            Injection("stuck", 5, 2, "rmq4_ohm", -0.75),
            "rmq4_ohm stuck at 25% of its value, rows 5-6",
        ),
        (
            "drift@5:10:h2o_ppm:-15%",
            Injection("drift", 5, 10, "h2o_ppm", -0.15),
            "h2o_ppm drifting by -15%, rows 5-14",
        ),
        ("dropout@0:1", Injection("dropout", 0, 1), "whole readings missing, rows 0-0"),
        ("dropout@0:3:ch4_ppb", Injection("dropout", 0, 3, "ch4_ppb"), "ch4_ppb missing, rows 0-2"),
        ("duplicate@7:2", Injection("duplicate", 7, 2), "readings sent twice, rows 7-8"),
    ],
)
def test_the_command_lines_form_is_parsed_and_described(text: str, expected: Injection, description: str) -> None:
    assert Injection.parse(text) == expected
    assert str(expected) == description


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("leek@300:60:4000", "inject 'leek@300:60:4000': got kind 'leek', expected one of leak@START:ROWS:PPB"),
        ("leak@300:60", "got 2 fields after '@', expected leak@START:ROWS:PPB"),
        ("dropout@1", "got 1 fields after '@'"),
        ("leak@x:60:4000", "START: got 'x', expected a whole number of at least 0"),
        ("leak@-1:60:4000", "START: got '-1'"),
        ("leak@1:0:4000", "ROWS: got '0', expected a whole number of at least 1"),
        ("leak@1:2:nan", "PPB: got 'nan', expected a height above the background in ppb"),
        ("leak@1:2:inf", "PPB: got 'inf'"),
        ("stuck@1:2:rmq4", "KEY: got 'rmq4'"),
        ("stuck@1:2:rmq4", "did you mean rmq4_ohm?"),
        ("drift@1:2:rmq4_ohm:20", "PERCENT: got '20', expected a change in percent such as 20% or -15%"),
        ("drift@1:2:rmq4_ohm:-100%", "PERCENT: got '-100%'"),
        ("", "got kind ''"),
    ],
)
def test_a_wrong_form_is_refused_with_what_was_expected(text: str, message: str) -> None:
    with pytest.raises(ConfigError) as refusal:
        Injection.parse(text)
    assert message in str(refusal.value)
    assert "\n" not in str(refusal.value)
