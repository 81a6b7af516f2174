"""Heat maps: values where there is room, a cross for what is unknown, and as many names as fit."""

from __future__ import annotations

import numpy as np

from trainer.figures.heatmap import heatmap
from trainer.figures.style import figure


def test_a_large_heat_map_has_values_and_a_cross_for_nan() -> None:
    axes = figure().subplots()
    heatmap(axes, np.array([[1.0, -0.25], [np.nan, 1.0]]), ["a", "b"], ["a", "b"], large=True)
    assert [text.get_text() for text in axes.texts] == ["1", "-.25", "1"]
    (cross,) = axes.lines
    assert (cross.get_xdata()[0], cross.get_ydata()[0]) == (0.5, 1.5)  # type: ignore[index]


def test_of_more_names_than_fit_every_other_is_written() -> None:
    axes = figure().subplots()
    names = [f"c{i}" for i in range(20)]
    heatmap(axes, np.eye(20), names, ())
    assert [label.get_text() for label in axes.get_xticklabels()] == names[::2]
    assert {label.get_text() for label in axes.get_yticklabels()} == {""}
    assert not axes.texts
