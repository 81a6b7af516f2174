"""Layout: tables and verdicts as lines of text."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from trainer.evaluation.detection.goals import Goal


def text_table(heads: Sequence[str], rows: Mapping[str, Sequence[str]]) -> Iterator[str]:
    """Yield the lines of a table, all columns as wide as the widest."""
    name = max(map(len, rows), default=0)
    width = 2 + max(map(len, [*heads, *(cell for cells in rows.values() for cell in cells)]))
    for first, cells in [("", heads), *rows.items()]:
        yield f"{first:<{name}}" + "".join(f"{cell:>{width}}" for cell in cells)


def verdicts(goals: Sequence[Goal]) -> Iterator[str]:
    """Yield how many goals are met, and each with its verdict."""
    yield f"The least to reach on the reference record: {sum(goal.met for goal in goals)} of {len(goals)}"
    yield ""
    for goal in goals:
        verdict = "pass" if goal.met else "FALLS SHORT"
        yield f"{goal.name:<50}{goal.got:>9.4f}  {goal.sense} {goal.wanted:<6g} {verdict}"
