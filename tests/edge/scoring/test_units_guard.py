"""When the guard of a station's units judges, doubts, and settles."""

from __future__ import annotations

from collections.abc import Sequence

from hypothesis import given, settings
from hypothesis import strategies as st

from edge.scoring.unit_doubt import UnitDoubt
from edge.scoring.units_guard import GUARDED, UnitsGuard
from edge.scoring.verdict import Verdict

RIGHT, WRONG = (21.0,), (70.0,)


class Ranges:
    """Doubts readings of which all are 70; counts how often it is asked."""

    def __init__(self) -> None:
        self.asked = 0

    def doubt(self, readings: Sequence[Sequence[float]]) -> UnitDoubt | None:
        self.asked += 1
        wrong = all(values == WRONG for values in readings)
        return UnitDoubt(("temperature_c",), "units: {temperature_c: degF}") if wrong else None


def _guard() -> tuple[UnitsGuard, Ranges]:
    ranges = Ranges()
    return UnitsGuard(ranges), ranges  # type: ignore[arg-type]


def test_twenty_readings_in_another_unit_are_a_doubt_and_twenty_right_ones_end_it() -> None:
    guard, _ = _guard()
    changes = [n for n in range(1, 41) if guard.observe(n, WRONG)]
    assert changes == [GUARDED]
    assert guard.doubt is not None
    changes = [n for n in range(41, 81) if guard.observe(n, RIGHT)]
    assert changes == [40 + GUARDED]
    assert guard.doubt is None
    assert guard.settled


def test_a_wrong_reading_among_the_right_ones_keeps_the_doubt() -> None:
    guard, _ = _guard()
    for n in range(1, 21):
        guard.observe(n, WRONG)
    for n in range(21, 120):
        guard.observe(n, WRONG if n % 15 == 0 else RIGHT)
    assert guard.doubt is not None


def test_a_right_reading_among_the_first_settles_it() -> None:
    guard, ranges = _guard()
    for n in range(1, 21):
        guard.observe(n, RIGHT if n == 7 else WRONG)
    assert guard.settled
    assert guard.doubt is None
    assert ranges.asked == 1


def test_a_unit_that_changes_later_is_found_in_suspicious_readings_alone() -> None:
    guard, ranges = _guard()
    for n in range(1, 21):
        guard.observe(n, RIGHT)
    asked = ranges.asked
    for n in range(500, 519):  # those before were not suspicious, so that they were not observed
        assert not guard.observe(n, WRONG)
    assert ranges.asked == asked
    assert guard.observe(519, WRONG)
    assert guard.doubt is not None


def test_suspicious_readings_that_do_not_follow_one_another_are_no_doubt() -> None:
    guard, _ = _guard()
    for n in range(1, 21):
        guard.observe(n, RIGHT)
    for n in range(30, 300, 2):
        guard.observe(n, WRONG)
    assert guard.doubt is None


def test_a_season_that_is_suspicious_for_weeks_is_judged_now_and_then() -> None:
    guard, ranges = _guard()
    for n in range(1, 10_001):
        guard.observe(n, RIGHT)
    assert ranges.asked < 10_000 / 90
    found = [n for n in range(10_001, 10_141) if guard.observe(n, WRONG)]
    assert len(found) == 1


def test_a_doubt_that_lasts_is_judged_once_in_twenty_readings() -> None:
    guard, ranges = _guard()
    for n in range(1, 1001):
        guard.observe(n, WRONG)
    assert ranges.asked == 50


def test_after_a_restart_a_doubt_stands_and_a_settled_guard_is_settled() -> None:
    guard, _ = _guard()
    assert guard.resume(2000, [RIGHT] * 1500 + [WRONG] * 30)
    guard, _ = _guard()
    assert guard.resume(2000, [WRONG] * 100 + [RIGHT] * 15)
    assert [n for n in range(2001, 2040) if guard.observe(n, RIGHT)] == [2005]
    guard, _ = _guard()
    assert not guard.resume(2000, [WRONG] * 100 + [RIGHT] * 25)
    assert guard.settled
    guard, _ = _guard()
    assert not guard.resume(2000, [RIGHT] * 100)
    assert guard.settled
    guard, _ = _guard()
    assert not guard.resume(5, [WRONG] * 5)
    assert not guard.settled
    assert [n for n in range(6, 30) if guard.observe(n, WRONG)] == [GUARDED]


@settings(max_examples=200)
@given(st.lists(st.sampled_from("rrrwwws"), max_size=40), st.integers(0, 40))
def test_a_guard_that_observes_again_what_was_observed_is_as_if_it_never_stopped(runs: list[str], end: int) -> None:
    readings = [kind for kind in runs for _ in range(7)]  # right, wrong, or not suspicious (which is right as well)
    guard, _ = _guard()
    observed: list[tuple[int, Sequence[float]]] = []
    stopped = 7 * end
    for n, kind in enumerate(readings[:stopped], 1):
        if kind != "s" or not guard.settled:
            observed.append((n, WRONG if kind == "w" else RIGHT))
            guard.observe(*observed[-1])
    again, _ = _guard()
    again.replay(1, observed)
    for n, kind in enumerate(readings[stopped:], stopped + 1):
        assert (guard.doubt, guard.settled) == (again.doubt, again.settled)
        if kind != "s" or not guard.settled:
            values = WRONG if kind == "w" else RIGHT
            assert guard.observe(n, values) == again.observe(n, values)


def test_no_verdict_in_doubt_is_called_ok() -> None:
    doubt = UnitDoubt(("temperature_c",), "")
    for state in ("ok", "suspect", "out_of_domain"):
        verdict = doubt.mark(_verdict(state=state, out_of_domain=("h2o_ppm",)))
        assert (verdict.state, verdict.out_of_domain) == ("out_of_domain", ("h2o_ppm", "temperature_c"))
    assert doubt.mark(_verdict(state="warming_up")).state == "warming_up"
    assert doubt.mark(_verdict(state="alarm", exceeds=("consistency",))).state == "alarm"
    assert doubt.mark(_verdict(state="ok", late=True)).state == "out_of_domain"


def _verdict(**fields: object) -> Verdict:
    time = "2027-01-15T08:00:00.000Z"
    return Verdict(station="st-1", n=70, ts=time, received=time, bundle="0123", **fields)  # type: ignore[arg-type]
