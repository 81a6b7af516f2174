from __future__ import annotations

from collections.abc import Callable
from collections.abc import Set as AbstractSet
from typing import Any

import msgspec
import numpy as np
import pytest

from config.settings.station import Station
from config.templates.templates import METHANE
from config.yaml.load import load_station
from trainer.data.record import Record
from trainer.evaluation.detection.faults import GAP, NO_COLUMN, Case, Faulted, cases, inject_faults

STATION = load_station(METHANE)
SENSITIVITY = np.array([0.0, 0.0, 0.0, 0.0, -0.4, -0.05, -0.1, -0.3, -0.5])
SEGMENTS = ((0, 700), (700, 1100), (1200, 3000))
BACKGROUND = 2000.0

ALL = cases(STATION)
NAMES = [case.name for case in ALL]


def of_roles(*roles: str) -> Station:
    features = tuple(feature for feature in STATION.features if feature.role in roles)
    return msgspec.structs.replace(STATION, features=features, ratio=None)


def put(name: str, values: np.ndarray, seed: int = 7) -> Faulted:
    return inject_faults(
        ALL[NAMES.index(name)],
        values,
        STATION,
        sigma=values.std(axis=0),
        sensitivity=SENSITIVITY,
        background=BACKGROUND,
        segments=SEGMENTS,
        seed=seed,
    )


def test_a_methane_station_has_33_cases_in_12_families() -> None:
    assert len(set(NAMES)) == len(ALL) == 33
    assert len({case.family for case in ALL}) == 12


def test_a_station_has_only_the_faults_that_its_columns_can_have() -> None:
    def absent(*roles: str) -> AbstractSet[str]:
        return {case.family for case in ALL} - {case.family for case in cases(of_roles(*roles))}

    assert absent("environment", "sensor") == {"methane", "response", "blind"}
    assert absent("gas", "environment") == {"open", "swap", "response"}
    one = of_roles("gas", "environment", "sensor")
    one = msgspec.structs.replace(one, features=one.features[:5])
    assert {case.family for case in ALL} - {case.family for case in cases(one)} == {"swap"}


@pytest.mark.parametrize("name", NAMES)
def test_events_are_where_they_are_said_to_be_and_nowhere_else(name: str, chamber: Record) -> None:
    clean = chamber.values.copy()
    result = put(name, chamber.values)

    assert np.array_equal(chamber.values, clean)
    assert result.events
    assert len(result.channels) == len(result.events)
    marked = np.zeros(len(clean), dtype=bool)
    for (start, end), channel in zip(result.events, result.channels, strict=True):
        assert any(first <= start < end <= last for first, last in SEGMENTS)
        marked[start:end] = True
        changed = np.flatnonzero((result.values[start:end] != clean[start:end]).any(axis=0))
        assert channel == NO_COLUMN or set(changed) <= {channel}
        assert len(changed)
    assert np.array_equal(result.fault, marked)
    assert np.array_equal(result.values[~marked], clean[~marked])


@pytest.mark.parametrize("case", [case for case in ALL if case.family != "blind"], ids=lambda case: case.name)
def test_events_keep_their_gaps_and_fill_each_segment(case: Case, chamber: Record) -> None:
    events = put(case.name, chamber.values).events

    for first, last in SEGMENTS:
        inside = [event for event in events if first <= event[0] < last]
        before = [first, *(end for _, end in inside)]
        assert {start - end for (start, _), end in zip(inside, before, strict=False)} == {GAP}
        *whole, (start, end) = inside
        assert {end - start for start, end in whole} <= {case.rows}
        assert case.rows / 3 <= end - start <= case.rows
        assert (last - end - GAP) * 3 < case.rows  # no room for another


def test_an_event_is_cut_to_a_third_of_its_length_and_not_further(chamber: Record) -> None:
    case = ALL[NAMES.index("offset 1 sigma")]

    def events(rows: int) -> tuple[tuple[int, int], ...]:
        nothing = {"sensitivity": None, "background": None}
        return inject_faults(
            case, chamber.values, STATION, sigma=np.ones(9), segments=[(5, 5 + rows)], seed=1, **nothing
        ).events

    assert events(20 + 60 + 20 + 20) == ((25, 85), (105, 125))
    assert events(20 + 60 + 20 + 19) == ((25, 85),)
    assert events(10) == ()


SIGNED = {
    "spike 0.25 sigma": lambda x, sigma, sign: x + sign * 0.25 * sigma,
    "offset 0.5 sigma": lambda x, sigma, sign: x + sign * 0.5 * sigma,
    "drift to 0.5 sigma": lambda x, sigma, sign: x + sign * 0.5 * sigma * np.arange(1, len(x) + 1) / 240,
    "gain x1.3": lambda x, sigma, sign: x * 1.3**sign,
    "methane x1.5": lambda x, sigma, sign: x * 1.5**sign,
}


@pytest.mark.parametrize("name", SIGNED)
def test_a_signed_fault_has_its_size_and_goes_up_and_down_in_every_column_it_can_have(
    name: str, chamber: Record
) -> None:
    clean, sigma = chamber.values, chamber.values.std(axis=0)
    signs, columns = set(), set()
    for seed in range(5):
        result = put(name, clean, seed)
        for (start, end), c in zip(result.events, result.channels, strict=True):
            x, got = clean[start:end, c], result.values[start:end, c]
            sign = np.sign(got[-1] - x[-1]) * np.sign(x[-1] if " x" in name else 1.0)
            np.testing.assert_allclose(got, SIGNED[name](x, sigma[c], sign), rtol=1e-12)
            signs.add(sign)
            columns.add(c)
    assert signs == {-1.0, 1.0}
    assert columns == ({0} if "methane" in name else set(range(9)))


@pytest.mark.parametrize(
    ("name", "broken"),
    [
        ("stuck 60 rows", np.full_like),
        ("zero", lambda x, before: np.zeros_like(x)),
        ("open circuit", lambda x, before: 20 * x),
        ("blind reference", lambda x, before: np.full_like(x, BACKGROUND)),
    ],
)
def test_an_unsigned_fault_does_what_its_name_says(name: str, broken: Callable[..., Any], chamber: Record) -> None:
    clean, result = chamber.values, put(name, chamber.values)

    for (start, end), c in zip(result.events, result.channels, strict=True):
        assert np.array_equal(result.values[start:end, c], broken(clean[start:end, c], clean[start - 1, c]))
    allowed = {"open circuit": {4, 5, 6, 7, 8}, "blind reference": {0}}
    assert set(result.channels) <= allowed.get(name, set(range(9)))


def test_noise_is_white_and_of_its_size(chamber: Record) -> None:
    result = put("noise 0.1 sigma", chamber.values)

    sigma = chamber.values.std(axis=0)
    added = np.concatenate(
        [
            (result.values[start:end, c] - chamber.values[start:end, c]) / sigma[c]
            for (start, end), c in zip(result.events, result.channels, strict=True)
        ]
    )
    assert added.std() == pytest.approx(0.1, rel=0.1)
    assert abs(np.corrcoef(added[1:], added[:-1])[0, 1]) < 0.1


def test_a_swap_exchanges_two_sensors(chamber: Record) -> None:
    result = put("swap", chamber.values)

    for start, end in result.events:
        rows, clean = result.values[start:end], chamber.values[start:end]
        one, other = np.flatnonzero((rows != clean).any(axis=0))
        assert one >= 4
        assert np.array_equal(rows[:, one], clean[:, other])
        assert np.array_equal(rows[:, other], clean[:, one])


def test_a_response_moves_every_sensor_by_its_power_law_and_nothing_else(chamber: Record) -> None:
    result = put("response x2", chamber.values)

    signs = set()
    for start, end in result.events:
        moved = np.log(result.values[start:end] / chamber.values[start:end])
        sign = -np.sign(moved[0, -1])  # a plume lowers the last sensor's resistance
        np.testing.assert_allclose(moved, np.broadcast_to(sign * SENSITIVITY * np.log(2.0), moved.shape), atol=1e-12)
        signs.add(sign)
    assert signs == {-1.0, 1.0}


def test_a_blind_reference_hides_every_stretch_above_the_level_across_segments(chamber: Record) -> None:
    clean = np.tile(np.append(1900.0, chamber.values[0, 1:]), (3000, 1))
    clean[[50, 52, 53, 698, 699, 700, 701, 1150, 2999], 0] = 4000.1
    clean[60, 0] = 4000.0  # not above

    result = put("blind reference", clean)

    assert result.events == ((50, 51), (52, 54), (698, 700), (700, 702), (2999, 3000))
    assert result.channels == (0,) * 5


def test_an_additive_fault_leaves_a_positive_column_positive_and_a_linear_one_may_freeze() -> None:
    clean = np.full((3000, 9), 10.0)
    case = ALL[NAMES.index("offset 2 sigma")]

    result = inject_faults(
        case, clean, STATION, sigma=np.full(9, 50.0), seed=3, sensitivity=None, background=None, segments=SEGMENTS
    )

    log = [i for i, feature in enumerate(STATION.features) if feature.scale == "log"]
    assert result.values[:, log].min() == pytest.approx(0.1)
    assert result.values[:, [2, 3]].min() == -90.0


def test_the_same_seed_gives_the_same_faults_and_another_seed_or_size_others(chamber: Record) -> None:
    first, again, other = (put("offset 1 sigma", chamber.values, seed) for seed in (1, 1, 2))

    assert np.array_equal(first.values, again.values)
    assert first.channels == again.channels
    assert first.channels != other.channels
    assert first.channels != put("offset 2 sigma", chamber.values, 1).channels


def test_what_a_fault_needs_and_does_not_get_is_named(chamber: Record) -> None:
    def refused(name: str, station: Station = STATION) -> str:
        given: dict[str, Any] = {
            "sigma": np.ones(9),
            "sensitivity": None,
            "background": None,
            "segments": SEGMENTS,
            "seed": 1,
        }
        with pytest.raises(ValueError, match="expected") as caught:
            inject_faults(ALL[NAMES.index(name)], chamber.values, station, **given)
        return str(caught.value)

    assert refused("response x2").startswith("sensitivity: got None")
    assert refused("blind reference").startswith("background: got None")
    assert refused("swap", of_roles("gas", "environment")).startswith("case: got 'swap'")
