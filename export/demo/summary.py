"""Prints what was injected, what was found and how fast, and where the files are."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from export.demo.injection_outcome import InjectionOutcome

_FILES = {
    "run/": "weights, settings, metrics, loss curves of both networks",
    "demo.davy": "the bundle; look inside with: davylamp inspect",
    "gateway.yaml": "the agent's settings",
    "agent.log": "what the agent logged",
    "synthetic.csv": "the synthetic rows that the agent sent",
    "timeline.png": "the live readings, the scores, what was injected and what was alarmed",
}


def print_summary(
    console: Console,
    folder: Path,
    outcomes: Sequence[InjectionOutcome],
    unexplained: Sequence[Mapping[str, Any]],
    rows: int,
) -> None:
    """Print the end of the demo."""
    table = Table(title="\nwhat was injected, what was found", title_justify="left", title_style="bold")
    for name in ("injected", "found", "after", "culprit"):
        table.add_column(name)
    for outcome in outcomes:
        if outcome.event is None:
            table.add_row(str(outcome.injection), "[red]not found[/]", "", "")
            continue
        by = outcome.event.get("by")
        table.add_row(
            str(outcome.injection),
            f"[green]{outcome.event['kind']}[/]{f' by {by}' if by else ''}",
            f"{outcome.after} readings",
            str(outcome.event.get("culprit") or ""),
        )
    console.print(table)
    clean = rows - sum(outcome.injection.rows for outcome in outcomes)
    console.print(f"  alarms without a cause: {len(unexplained)} in {clean} clean readings")
    console.print(f"\n[bold]files in {folder}/[/]")
    for name, what in _FILES.items():
        console.print(f"  {name:<15} {what}")
