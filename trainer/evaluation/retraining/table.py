"""Prints what two bundles did, side by side."""

from __future__ import annotations

from collections.abc import Iterator

from trainer.evaluation.ageing.verdict import FOLLOWING
from trainer.evaluation.retraining.results import BudgetCount, Comparison
from trainer.evaluation.retraining.verdict import judge
from trainer.evaluation.text_table import text_table


def comparison_lines(comparison: Comparison) -> Iterator[str]:
    """Yield the lines: on which readings, false alarms, what is found, and which bundle to keep."""
    old, new = comparison.old, comparison.new
    yield f"compared on {comparison.where}"
    yield f"the new one was trained on the {comparison.trained:,} rows before them"
    yield ""
    yield from text_table((f"old {old.name}", f"new {new.name}"), dict(comparison_rows(comparison)))
    yield f"thresholds as fitted, and in brackets where they follow: {FOLLOWING}"
    yield from comparison.notes
    yield ""
    yield judge(comparison).sentence


def comparison_rows(comparison: Comparison) -> Iterator[tuple[str, tuple[str, str]]]:
    """Yield what was measured, and the value of the old and of the new bundle."""
    old, new = comparison.old, comparison.new
    theirs = {(one.score, one.requested): one for one in new.budget}
    ours = {(one.score, one.requested): one for one in old.budget}
    for key in dict.fromkeys([*ours, *theirs]):
        name, requested = key
        cells = (_budget(ours.get(key)), _budget(theirs.get(key)))
        yield f"{name} exceeds, {100 * requested:g} % requested", cells
    for title, before, after in (
        ("injected faults, mean AUROC", old.auroc, new.auroc),
        ("injected faults, mean recall at 1 %", old.recall, new.recall),
    ):
        if before is not None and after is not None:
            yield title, (f"{before:.3f}", f"{after:.3f}")
    if old.labelled:
        yield (
            "labelled stretches found",
            (f"{old.labelled_found} of {old.labelled}", f"{new.labelled_found} of {new.labelled}"),
        )


def _budget(count: BudgetCount | None) -> str:
    if count is None:
        return "no score"
    followed = "" if count.following is None else f" ({100 * count.following:.2f} %)"
    return f"{100 * count.share:.2f} %{followed} {'kept' if count.kept else 'BREAKS'}"
