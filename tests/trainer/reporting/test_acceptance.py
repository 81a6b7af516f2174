"""What falls short comes first, and each number names the rows it was measured on."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from trainer.page.checklist import Check, Checklist
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


def aged(folder: Path, change: dict[str, Any] | None) -> dict[str, Check]:
    """Change what a run's training measured from past to future, ``None`` for a run of an earlier davylamp."""
    path = folder / "metrics.json"
    metrics = json.loads(path.read_text())
    if change is None:
        del metrics["ageing"]
    else:
        metrics["ageing"] |= change
    path.write_text(json.dumps(metrics))
    return {line.name: line for line in acceptance(RunResults.open(folder)).rows}


def steps(folder: Path, exceeding: int) -> list[dict[str, Any]]:
    """The steps of a run, with so many exceedances at 1 % in the last quarter, which following thresholds hide."""
    found: list[dict[str, Any]] = json.loads((folder / "metrics.json").read_text())["ageing"]["steps"]
    for step in found:
        step["windows"] = {}
        step["following"] = {"consistency": [0.01, 0.001]}
        step["counts"] = {"consistency": [[600, [6, 0]] for _ in step["stretches"]]}
        step["counts"]["consistency"][-1] = [600, [exceeding, 0]]
    return found


def test_the_next_season_breaks_the_verdict_whatever_following_thresholds_do(bare: Path) -> None:
    lines = aged(bare, {"steps": steps(bare, 90)})
    assert lines["past to future, and back: false-alarm budget"].met is False
    worst = lines["past to future: consistency for 1 %"]
    assert (worst.got, worst.wanted, worst.met) == ("15 %", "≤ 1.5 %", False)
    assert "after the training" in worst.split
    checklist = acceptance(RunResults.open(bare))
    assert checklist.outcome == "short"
    assert checklist.headline.startswith("Does not pass")


def test_a_budget_that_is_kept_passes_and_the_seasons_seen_decide_the_rest(bare: Path) -> None:
    lines = aged(bare, {"steps": steps(bare, 6), "days": 100.0})
    assert lines["past to future, and back: false-alarm budget"].met is True
    assert lines["seasons seen"].met is None
    assert "one season only" in lines["seasons seen"].split
    assert aged(bare, {"days": 366.0})["seasons seen"].met is True


def test_what_was_not_laid_out_is_not_measured(bare: Path) -> None:
    short = aged(bare, {"steps": [], "notes": ["too short to lay out"]})["past to future: false-alarm budget"]
    assert short.met is None
    assert "too short" in short.split
    assert aged(bare, None)["past to future: false-alarm budget"].met is None


def test_a_checklist_passes_only_when_everything_is_known_and_reached() -> None:
    good, bad = Check("a", "1", "1", True, ""), Check("b", "2", "1", False, "")
    unknown = Check("c", "not measured", "1", None, "")
    assert Checklist([good]).outcome == "pass"
    assert Checklist([good, unknown]).outcome == "not measured"
    assert "Not decided" in Checklist([good, unknown]).headline
    assert Checklist([good, unknown, bad]).headline == "Does not pass: 1 of 3 numbers falls short: b (2)."
