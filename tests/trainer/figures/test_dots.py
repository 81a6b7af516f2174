"""Dots: equal values stay visible, and the first row is at the top of all axes."""

from __future__ import annotations

from trainer.figures.colours import BLUE, GREEN, ORANGE
from trainer.figures.dots import compare_dots, draw_against_wanted, draw_dots

NAN = float("nan")


def test_equal_values_of_several_series_do_not_hide_one_another() -> None:
    axes = compare_dots({"a": {"x": 1.0}, "b": {"x": 1.0, "y": 2.0}}, {"a": BLUE, "b": ORANGE}).axes[0]
    dots = [line for line in axes.lines if line.get_marker() == "o"]
    places = [float(line.get_ydata()[0]) for line in dots]  # type: ignore[index,arg-type]
    assert len(set(places)) == len(places) == 3
    assert [label.get_text() for label in axes.get_yticklabels()] == ["x", "y"]


def test_the_first_row_is_at_the_top_of_all_axes() -> None:
    series = {"a": {"x": 0.1, "y": 0.2}, "b": {"x": 0.3, "y": 0.4}}
    limits = {"one": (0.0, 1.0), "other": (0.0, 1.0)}
    picture = draw_dots({"one": series, "other": series}, {"a": BLUE, "b": GREEN}, limits, "a")
    assert all(axes.yaxis_inverted() for axes in picture.axes)


def test_axes_without_a_value_are_left_out() -> None:
    picture = draw_against_wanted(["a", "b"], {"KS": ([0.1, NAN], (None, 0.2)), "R²": ([NAN, NAN], (0.9, None))}, "a")
    assert [axes.get_title(loc="left") for axes in picture.axes] == ["KS"]
    assert len(picture.axes[0].lines) == 1
