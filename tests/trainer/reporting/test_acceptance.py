"""What falls short comes first, and each number names the rows it was measured on."""

from __future__ import annotations

from pathlib import Path

from trainer.reporting.acceptance import acceptance
from trainer.reporting.run_results import RunResults


def test_goals_of_one_kind_share_a_line_and_those_that_fall_short_come_first(whole: Path) -> None:
    lines = acceptance(RunResults.open(whole)).rows
    short = [line for line in lines if line.met is False]
    assert list(lines[: len(short)]) == short
    by_name = {line.name: line for line in lines}
    assert by_name["false alarms: realised for 0.01, static"].met is False  # .03 of .02
    assert by_name["faults: AUROC of every family"].got == "1 of 2"
    assert by_name["consistency: AUROC, zero"].met is False
    assert "consistency: AUROC, spike" not in by_name
    assert by_name["consistency: AUROC, fwd"].split == "held-out blocks, later regimes"


def test_of_several_boards_the_worst_counts(whole: Path) -> None:
    by_name = {line.name: line for line in acceptance(RunResults.open(whole)).rows}
    worst = by_name["synthesis: mean KS, held out"]
    assert (worst.got, worst.met) == ("0.03", False)
    assert worst.split == "held out at random, worst of 2 boards"
    assert by_name["synthesis: RMSE with few real rows, of real alone"].split.startswith("held-out blocks")


def test_what_was_not_measured_is_listed_and_does_not_count(bare: Path) -> None:
    lines = {line.name: line for line in acceptance(RunResults.open(bare)).rows}
    assert lines["detection"].met is None
    assert lines["synthesis"].met is None
    assert lines["detection"].wanted == "davylamp evaluate"
