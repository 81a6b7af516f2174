"""Says which of two bundles to keep, and why."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from trainer.evaluation.retraining.results import BudgetCount, BundleResult, Comparison

CHANCE = 0.03
"""Difference of a mean AUROC, or of a mean recall, from which one bundle finds more than the other."""
MUCH = 1.25
"""Ratio between two broken budgets from which one is worse than the other."""


class RetrainingVerdict(NamedTuple):
    """Which bundle to keep.

    Parameters
    ----------
    keep_new
        Whether it is the new one.
    better, worse
        Sentences on what the new one does better, and what it does worse.
    """

    keep_new: bool
    better: tuple[str, ...]
    worse: tuple[str, ...]

    @property
    def sentence(self) -> str:
        """Which one to keep, and why, in one sentence."""
        if self.keep_new:
            return f"keep the new bundle: {'; '.join(self.better)}"
        if self.worse:
            return f"keep the old bundle: the new one is worse: {'; '.join(self.worse)}"
        return "keep the old bundle: the new one is no better"


def judge(comparison: Comparison) -> RetrainingVerdict:
    """Judge the new bundle by its false alarms first, and by what it finds.

    It is worse if it lacks a score that the old one has, breaks a budget that the old one keeps, breaks one more than
    the old one does, has a score of which only it breaks the budget, or finds less: faults that were put in, or
    stretches that people have labelled. A bundle that is worse in anything is not preferred, whatever it does better;
    neither is one that is better in nothing.
    """
    old, new = comparison.old, comparison.new
    better, worse = [*_budgets(old, new, "keeps")], [*_budgets(new, old, "breaks")]
    before, after = ({one.score for one in each.budget} for each in (old, new))
    worse += [f"it has no {score} score, which the old one has" for score in sorted(before - after)]
    for score in sorted(after - before):
        broken = [one for one in new.broken if one.score == score]
        worse += [
            f"it breaks the budget of {score} at {100 * one.requested:g} %: {_share(one)} exceed; the old one has "
            "no such score"
            for one in broken
        ]
        if not broken:
            better.append(f"its {score} score, which the old one has not, keeps its budget")
    for name, theirs, its in (("AUROC", old.auroc, new.auroc), ("recall at 1 %", old.recall, new.recall)):
        if theirs is None or its is None or abs(its - theirs) <= CHANCE:
            continue
        side = better if its > theirs else worse
        side.append(f"its mean {name} of injected faults is {its:.3f}, that of the old one {theirs:.3f}")
    if new.labelled_found != old.labelled_found:
        side = better if new.labelled_found > old.labelled_found else worse
        found = f"{new.labelled_found} of {new.labelled}"
        side.append(f"it finds {found} labelled stretches, the old one {old.labelled_found}")
    return RetrainingVerdict(bool(better) and not worse, tuple(better), tuple(worse))


def _budgets(worse: BundleResult, good: BundleResult, verb: str) -> Iterator[str]:
    """Yield the budgets that one bundle breaks and the other keeps, or breaks by much less."""
    kept = {(one.score, one.requested): one for one in good.budget}
    for bad in worse.broken:
        other = kept.get((bad.score, bad.requested))
        if other is None or (not other.kept and bad.share <= MUCH * other.share):
            continue
        mine, theirs = (other, bad) if verb == "keeps" else (bad, other)
        whole = verb if other.kept else ("comes nearer to" if verb == "keeps" else "breaks by more")
        yield (
            f"it {whole} the budget of {bad.score} at {100 * bad.requested:g} %: {_share(mine)} exceed, "
            f"with the old one {_share(theirs)}"
        )


def _share(count: BudgetCount) -> str:
    return f"{100 * count.share:.2f} %"
