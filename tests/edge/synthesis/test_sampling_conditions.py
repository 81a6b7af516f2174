"""Conditions on synthetic rows call the sampler as requested; exactly one is given."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from edge.errors import RequestError
from edge.readings.recent import Recent
from edge.synthesis.sampling_conditions import SamplingConditions


def call(conditions: SamplingConditions) -> tuple[Any, ...]:
    """The call of the sampler for three rows from the fifth on, with seed 7."""
    recent = Recent(2)
    for number in range(10):
        recent.add((number, 0), raised_by=2 * (number == 5), stands=5 <= number < 7)

    def record(name: str) -> Any:
        return lambda *arguments, first: (name, *arguments, first)

    sampler: Any = SimpleNamespace(
        **{name: record(name) for name in ("prior", "within", "mix")},
        regime=lambda name: {"gas": name},
        encode=lambda rows, noise: (rows, noise),
        near=lambda codes, n, seed, first: ("near", codes[0], n, seed, codes[1], first),
    )
    return conditions.prepare(sampler, 7, lambda: recent)(3, 5)  # type: ignore[return-value]


@pytest.mark.parametrize(
    ("conditions", "expected"),
    [
        (SamplingConditions(prior=True), ("prior", 3, 7, 5)),
        (SamplingConditions(regime="plume"), ("within", {"gas": "plume"}, 3, 7, 5)),
        (SamplingConditions(range={"a": (1, 2)}), ("within", {"a": (1, 2)}, 3, 7, 5)),
        (SamplingConditions(mix={"plume": 1}), ("mix", {"plume": 1}, 3, 7, 5)),
        (SamplingConditions(around=[[1, 2]], noise=0.5), ("near", [[1, 2]], 3, 7, 0.5, 5)),
        (SamplingConditions(prior=False, around=[[1, 2]]), ("near", [[1, 2]], 3, 7, None, 5)),
    ],
)
def test_conditions_are_passed_on_to_the_sampler(conditions: SamplingConditions, expected: tuple[Any, ...]) -> None:
    assert call(conditions) == expected


@pytest.mark.parametrize(
    ("conditions", "expected"),
    [
        (SamplingConditions(around="recent"), range(10)),
        (SamplingConditions(around="recent", last=3), range(7, 10)),
        (SamplingConditions(around="event"), range(4, 7)),
    ],
)
def test_a_stations_readings_are_those_of_the_request(conditions: SamplingConditions, expected: range) -> None:
    assert call(conditions)[1][:, 0].tolist() == list(expected)


def test_readings_that_come_later_do_not_change_a_request() -> None:
    recent = Recent(1)
    recent.add((1.0,))
    sampler: Any = SimpleNamespace(encode=lambda rows, _: np.array(rows), near=lambda codes, *_, first: codes)
    draw = SamplingConditions(around="recent").prepare(sampler, 7, lambda: recent)
    recent.add((2.0,))
    assert draw(1, 0).tolist() == [[1.0]]


@pytest.mark.parametrize(
    ("conditions", "reason"),
    [
        (SamplingConditions(), "exactly one of prior, regime, range, mix, around"),
        (SamplingConditions(prior=False), "exactly one"),
        (SamplingConditions(prior=True, regime="plume"), "exactly one"),
        (SamplingConditions(prior=True, noise=0.1), "noise: got a value without rows"),
        (SamplingConditions(regime="plume", last=3), "last: got a count of readings"),
        (SamplingConditions(around=[[1, 2]], last=3), "last: got a count of readings"),
        (SamplingConditions(around="event", last=3), "last: got a count of readings"),
        (SamplingConditions(around="recent", last=0), "last: got 0"),
    ],
)
def test_anything_else_is_refused(conditions: SamplingConditions, reason: str) -> None:
    with pytest.raises(RequestError, match=reason):
        call(conditions)
