"""A long phase has a bar that moves with the work; a short one, and one that nobody watches, has none."""

from __future__ import annotations

import io
from functools import partial

import pytest
from tqdm import tqdm

from trainer.data import phase as phases
from trainer.data.phase import move_bar, phase


def test_a_bar_moves_with_the_work_of_its_phase_and_not_with_that_of_another(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(phases, "tqdm", partial(tqdm, mininterval=0))
    out = io.StringIO()
    with phase("outer", 100, out, least=0):
        move_bar(10)
        with phase("inner", 50, out, unit="step", least=0):
            move_bar(50)
        move_bar(90)
    move_bar(1)  # of no phase
    assert "outer:   0%" in out.getvalue()
    assert "inner:" in out.getvalue()
    assert "100/100" in out.getvalue()
    assert "50.0/50.0" in out.getvalue()


def test_short_and_unwatched_phases_are_silent() -> None:
    out = io.StringIO()
    with phase("short", 99, out, least=100), phase("unwatched", 1000, None):
        move_bar(99)
    assert not out.getvalue()
