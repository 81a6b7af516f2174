"""Ticks are few, round, and written as people write numbers."""

from __future__ import annotations

from typing import Literal

import pytest

from trainer.figures.style import figure
from trainer.figures.ticks import few_ticks


@pytest.mark.parametrize(
    ("scale", "low", "high", "expected"),
    [
        ("linear", 0.0, 14_186.0, ["0", "5k", "10k"]),
        ("linear", -1.0, 1.0, ["−1", "−0.5", "0", "0.5", "1"]),
        ("log", 1_900.0, 10_500.0, ["2k", "5k", "10k"]),
        ("log", 1e-4, 1.0, ["0.0001", "0.001", "0.01", "0.1", "1"]),
        ("log", 40.0, 60.0, ["40", "45", "50", "55", "60"]),
    ],
)
def test_ticks_are_few_and_written_out(
    scale: Literal["linear", "log"], low: float, high: float, expected: list[str]
) -> None:
    axes = figure().subplots()
    axes.set_xscale(scale)
    axes.set_xlim(low, high)
    few_ticks(axes.xaxis)
    written = axes.xaxis.get_major_formatter().format_ticks(axes.get_xticks().tolist())
    assert [text for text, at in zip(written, axes.get_xticks(), strict=True) if low <= at <= high] == expected


def test_eight_decades_have_no_more_ticks_than_four() -> None:
    axes = figure().subplots()
    axes.set_xscale("log")
    axes.set_xlim(1e-5, 1e3)
    few_ticks(axes.xaxis)
    assert len([at for at in axes.get_xticks() if 1e-5 <= at <= 1e3]) <= 7
