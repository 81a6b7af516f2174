"""What a sampler refuses to draw."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from edge.errors import RequestError
from tests.edge.synthesis.plain_sampler import plain_sampler


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        ({"n": 0}, "n: got 0"),
        ({"n": -1}, "n: got -1"),
        ({"n": 1.5}, "n: got 1.5"),
        ({"n": True}, "n: got True"),
        ({"seed": -1}, "seed: got -1"),
        ({"seed": 2**63}, "seed: got 9223372036854775808"),
        ({"seed": "7"}, "seed: got '7'"),
        ({"first": -1}, "first: got -1"),
    ],
)
def test_a_number_out_of_its_range_is_refused(arguments: dict[str, Any], reason: str) -> None:
    sampler, _ = plain_sampler("ae")
    with pytest.raises(RequestError, match=reason):
        sampler.prior(**({"n": 1, "seed": 1} | arguments))
    with pytest.raises(RequestError, match=reason):
        sampler.around([[1.0, 2.0]], **({"n": 1, "seed": 1} | arguments))


@pytest.mark.parametrize(
    ("rows", "reason"),
    [
        ([[1.0, 2.0], [np.nan, 2.0]], "around: row 2: a: got nan"),
        ([[1.0, np.inf]], "around: row 1: b: got inf"),
        ([[1.0, None]], "around: row 1: b: got nan"),
        ([[1.0, 2.0, 3.0]], r"shape \(1, 3\), expected rows of 2: a, b"),
        ([1.0, 2.0], r"shape \(2,\)"),
        ([], r"shape \(0,\)"),
        ([[1.0, "x"]], "rows that are not 2 numbers each: a, b"),
        ([[1.0, 2.0], [1.0]], "rows that are not 2 numbers each"),
    ],
)
def test_rows_that_cannot_be_imitated_are_refused(rows: Any, reason: str) -> None:
    with pytest.raises(RequestError, match=reason):
        plain_sampler("vae")[0].around(rows, 1, 1)


@pytest.mark.parametrize("noise", [-0.1, np.nan, np.inf])
def test_a_noise_that_is_no_width_is_refused(noise: float) -> None:
    with pytest.raises(RequestError, match="noise: got"):
        plain_sampler("ae")[0].around([[1.0, 2.0]], 1, 1, noise=noise)


@pytest.mark.parametrize(
    ("ranges", "reason"),
    [
        ({}, "range: got none"),
        ({"c": (1.0, 2.0)}, "range: got 'c', expected one of a, b"),
        ({"a": (2.0, 1.0)}, "range: a: got 2 to 1, expected the lower number first"),
        ({"a": (np.nan, 1.0)}, "range: a: got nan"),
        ({"a": (30.0, 40.0)}, "range: a: got 30 to 40, expected some of -9 to 20"),
        ({"a": (1.0, 2.0), "b": (0.0, 9.0)}, "range: got a 1 to 2, b 0 to 9, where no row of the training is"),
    ],
)
def test_a_range_without_rows_is_refused(ranges: dict[str, tuple[float, float]], reason: str) -> None:
    with pytest.raises(RequestError, match=reason):
        plain_sampler("vae")[0].within(ranges, 1, 1)


@pytest.mark.parametrize(
    ("parts", "reason"),
    [
        ({}, "mix: got nothing"),
        ({"storm": 1.0}, "regime: got 'storm'"),
        ({"plume": 0.0}, "mix: plume: got 0.0"),
        ({"plume": -1.0}, "mix: plume: got -1.0"),
        ({"plume": np.nan}, "mix: plume: got nan"),
    ],
)
def test_a_mix_of_nothing_is_refused(parts: dict[str, float], reason: str) -> None:
    with pytest.raises(RequestError, match=reason):
        plain_sampler("vae")[0].mix(parts, 1, 1)
