"""Shows what came of the work on a fleet: a line while it goes on, and one table at the end."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, TextIO

from config.printable import escape_commands
from trainer.fleet.fleet_job import JobOutcome

COLUMN_TITLES = {
    "bundle": "bundle", "rows": "rows", "ks": "KS", "budget": "budget", "scored": "scored",
    "methane": "methane", "consistency": "consistency", "reconstruction": "reconstruction",
}  # fmt: skip
"""Key of a figure -> the title of its column."""

_WORDS = {"done": "done", "kept": "done before", "failed": "FAILED"}
_NOTED = 10  # stations whose notes are printed


def follow_outcomes(outcomes: Iterable[JobOutcome], count: int, err: TextIO) -> list[JobOutcome]:
    """Print a line for each outcome as it comes, and return all of them, in the order of the names.

    Parameters
    ----------
    outcomes
        What came of the jobs.
    count
        How many there are.
    err
        Stream to print to.
    """
    found: list[JobOutcome] = []
    for each in outcomes:
        found.append(each)
        name = escape_commands(each.name)
        took = "" if each.outcome == "kept" else f" in {each.seconds:.0f} s"
        print(f"{len(found)} of {count}: {name} {_WORDS[each.outcome]}{took}", file=err, flush=True)
    return sorted(found, key=lambda each: each.name)


def outcome_table(outcomes: Sequence[JobOutcome]) -> Iterator[str]:
    """Yield the lines of the table, and below it why jobs failed.

    Parameters
    ----------
    outcomes
        What came of the jobs.
    """
    keys = [key for key in COLUMN_TITLES if any(key in each.result for each in outcomes)]
    header = ["station", "result", *(COLUMN_TITLES[key] for key in keys), "s", "MB"]
    rows = [
        [escape_commands(each.name), _WORDS[each.outcome], *(_cell(each.result, key) for key in keys),
         f"{each.seconds:.0f}", f"{each.peak_mb:,.0f}" if each.peak_mb else ""]
        for each in outcomes
    ]  # fmt: skip
    widths = [max(map(len, column)) for column in zip(header, *rows, strict=True)]
    for row in (header, *rows):
        cells = [
            cell.ljust(width) if i < 2 else cell.rjust(width)
            for i, (cell, width) in enumerate(zip(row, widths, strict=True))
        ]
        yield "  ".join(cells).rstrip()
    failed = [each for each in outcomes if each.outcome == "failed"]
    yield ""
    kept = sum(each.outcome == "kept" for each in outcomes)
    before = f", {kept} of them before" if kept else ""
    yield f"{len(outcomes) - len(failed)} of {len(outcomes)} stations done{before}"
    for each in failed:
        yield from (escape_commands(f"{each.name}: {line}") for line in each.error.splitlines())
    yield from _notes(outcomes)


def outcomes_document(outcomes: Sequence[JobOutcome]) -> list[dict[str, Any]]:
    """Return the outcomes as JSON has them.

    Parameters
    ----------
    outcomes
        What came of the jobs.
    """
    return [
        {"station": each.name, "outcome": each.outcome, "error": each.error or None,
         "seconds": round(each.seconds, 3), "peak_mb": round(each.peak_mb, 1), **each.result}
        for each in outcomes
    ]  # fmt: skip


def _notes(outcomes: Sequence[JobOutcome]) -> Iterator[str]:
    """Yield what is to be known of records that were used."""
    noted = [each for each in outcomes if each.result.get("notes")]
    for each in noted[:_NOTED]:
        first, *others = each.result["notes"]
        more = f" (and {len(others)} more, which --json has)" if others else ""
        yield escape_commands(f"{each.name}: note: {first}{more}")
    if len(noted) > _NOTED:
        yield f"notes on {len(noted) - _NOTED} other stations: --json has them"


def _cell(result: Mapping[str, Any], key: str) -> str:
    value = result.get(key)
    if value is None:
        return ""
    if isinstance(value, str):
        return escape_commands(value)
    if isinstance(value, int):
        return f"{value:,}"
    return f"{value:.2%}" if key in ("consistency", "reconstruction", "methane") else f"{value:.4f}"
