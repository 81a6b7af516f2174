from __future__ import annotations

import msgspec
import pytest

from trainer.errors import TrainingError
from trainer.evaluation.retraining.results import RETRAINED, BudgetCount, BundleResult, Comparison, FaultsFound
from trainer.evaluation.retraining.table import comparison_lines
from trainer.evaluation.retraining.verdict import judge


def result(
    name: str, exceeding: int, *, auroc: float = 0.9, recall: float = 0.6, found: int = 0, kept: bool | None = None
) -> BundleResult:
    count = BudgetCount(
        score="consistency", requested=0.01, readings=2000, exceeding=exceeding, following=0.01,
        kept=exceeding <= 46 if kept is None else kept,
    )  # fmt: skip
    faults = (FaultsFound(family="stuck", auroc=auroc, recall=recall),)
    return BundleResult(name=name, budget=(count,), faults=faults, labelled=3, labelled_found=found)


def compare(old: BundleResult, new: BundleResult) -> Comparison:
    return Comparison(old=old, new=new, readings=2000, since=0.0, until=120_000.0, trained=8000)


def test_a_bundle_that_keeps_a_budget_that_the_old_one_breaks_is_kept() -> None:
    verdict = judge(compare(result("a", 200), result("b", 20)))
    assert verdict.keep_new
    assert verdict.sentence == (
        "keep the new bundle: it keeps the budget of consistency at 1 %: 1.00 % exceed, with the old one 10.00 %"
    )


def test_one_that_comes_nearer_to_a_budget_that_both_break_is_kept() -> None:
    assert judge(compare(result("a", 200), result("b", 100))).keep_new
    assert not judge(compare(result("a", 200), result("b", 190))).keep_new


@pytest.mark.parametrize(
    ("old", "new", "why"),
    [
        (result("a", 20), result("b", 200), "breaks the budget of consistency"),
        (result("a", 100), result("b", 200), "breaks by more the budget of consistency"),
        (result("a", 20), result("b", 20, auroc=0.85), "mean AUROC of injected faults is 0.850"),
        (result("a", 20), result("b", 20, recall=0.5), "mean recall at 1 % of injected faults is 0.500"),
        (result("a", 20, found=3), result("b", 20, found=2), "finds 2 of 3 labelled stretches, the old one 3"),
        (result("a", 200), result("b", 20, recall=0.5), "mean recall at 1 % of injected faults is 0.500"),
    ],
)
def test_a_bundle_that_is_worse_in_anything_is_not_preferred(old: BundleResult, new: BundleResult, why: str) -> None:
    verdict = judge(compare(old, new))
    assert not verdict.keep_new
    assert verdict.sentence.startswith("keep the old bundle: the new one is worse: ")
    assert why in verdict.sentence


def test_one_that_is_better_in_nothing_is_not_preferred_either() -> None:
    verdict = judge(compare(result("a", 20), result("b", 18, auroc=0.91)))
    assert not verdict.keep_new
    assert verdict.sentence == "keep the old bundle: the new one is no better"


def test_a_bundle_without_a_score_that_the_old_one_has_is_worse() -> None:
    verdict = judge(compare(result("a", 200), BundleResult(name="b", budget=(), faults=())))
    assert verdict.sentence.endswith("the new one is worse: it has no consistency score, which the old one has")


def test_a_score_of_which_only_the_new_one_breaks_the_budget_is_worse_and_one_that_keeps_it_is_better() -> None:
    old = result("a", 20)
    for exceeding, kept, why in ((60, False, "breaks the budget of onset at 0.1 %: 3.00 %"), (2, True, "its onset")):
        onset = BudgetCount(
            score="onset", requested=0.001, readings=2000, exceeding=exceeding, following=None, kept=kept
        )
        new = result("b", 20)
        verdict = judge(compare(old, msgspec.structs.replace(new, budget=(*new.budget, onset))))
        assert verdict.keep_new == kept
        assert why in verdict.sentence


def test_both_stand_side_by_side() -> None:
    compared = compare(result("a", 200, found=1), result("b", 20, found=3))
    lines = list(comparison_lines(compared))
    assert "which neither has seen" in lines[0]
    doubtful = msgspec.structs.replace(compared, unseen=False, notes=("the old bundle has seen some",))
    assert not any("neither" in line for line in comparison_lines(doubtful))
    assert lines[0].endswith("1970-01-01T00:00:00.000Z to 1970-01-02T09:20:00.000Z")
    (budget,) = [line for line in lines if line.startswith("consistency exceeds, 1 %")]
    assert budget.split("requested")[1].split() == [
        "10.00", "%", "(1.00", "%)", "BREAKS", "1.00", "%", "(1.00", "%)", "kept",
    ]  # fmt: skip
    assert any(line.split()[-6:] == ["1", "of", "3", "3", "of", "3"] for line in lines)
    assert lines[-1].startswith("keep the new bundle: ")


def test_a_comparison_is_read_back_and_damage_is_an_error() -> None:
    compared = compare(result("a", 200), result("b", 20))
    assert Comparison.read({RETRAINED: msgspec.to_builtins(compared)}) == compared
    assert Comparison.read({}) is None
    with pytest.raises(TrainingError, match="retrain again"):
        Comparison.read({RETRAINED: {"old": 1}})
