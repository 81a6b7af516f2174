"""Prints what was measured on field records."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from field_study.measuring import OURS
from trainer.evaluation.text_table import text_table

Table = tuple[Sequence[str], Mapping[str, Sequence[str]]]


def field_lines(results: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    """Yield the lines of every table."""
    yield "Trainings by the shipped command"
    yield from text_table(
        ("training rows", "judged", "bundle", "CPU s", "MB"),
        {
            f"{one['record']}, {one['split']}": (
                f"{one['training rows']:,}", f"{one['judged rows']:,}", "yes" if one["bundle"] else "NO",
                f"{one['cpu s']:g}", f"{one['memory MB']:,}",
            )
            for one in results
        },
    )  # fmt: skip
    for one in results:
        if one["error"]:
            yield f"  {one['record']}, {one['split']}: {one['error']}"
    for one in results:
        yield ""
        yield f"== {one['record']}, {one['split']}"
        yield "Budget: multiples of the request (windows of 2,000 undisturbed readings; most of any 2,000 as a count)"
        yield from text_table(*_budget(one["budget"]))
        yield from _shifts(one["shift"])
        yield ""
        yield "Faults: AUROC of rows; alarms within 30 readings of a lone fault's beginning (as often by chance)"
        yield from text_table(*_faults(one))
        if one["onsets"]:
            yield ""
            yield "Onsets, by scores without the gas column: found of all; share of quiet rows that exceed"
            yield from text_table(*_onsets(one["onsets"]))


def _budget(budgets: Mapping[str, Any]) -> Table:
    heads = (
        "1%: all", "first", "least", "worst", "open/1000", ".1%: all", "most of 2000", "of 20000", "open/1000",
    )  # fmt: skip
    rows = {}
    for detector, modes in budgets.items():
        for mode, rates in modes.items():
            one, tenth = rates["0.01"], rates["0.001"]
            rows[f"{detector}, {mode}"] = (
                *(_times(one[key]) for key in ("overall", "first", "least", "worst", "openings per 1,000")),
                _times(tenth["overall"]),
                "-" if tenth["worst count"] is None else str(tenth["worst count"]),
                *(_times(tenth[key]) for key in ("worst of 20,000", "openings per 1,000")),
            )
    return heads, rows


def _shifts(shifts: Mapping[str, Mapping[str, Any]]) -> Iterator[str]:
    for kind, rates in shifts.items():
        for rate, moved in rates.items():
            if moved is not None:
                span = f"{moved['least']:+.2f} to {moved['most']:+.2f}, at the end {moved['last']:+.2f}"
                yield f"threshold of {kind} at {float(rate):.1%}: moved by {span} decades"


def _faults(one: Mapping[str, Any]) -> Table:
    lengths = ("30", "300", "3000")
    heads = ("AUROC", *(f".1%: {length}" for length in lengths), *(f"1%: {length}" for length in lengths))
    rows = {}
    for detector, modes in one["lone"].items():
        for mode, rates in modes.items():
            if mode == "fixed" and detector not in OURS:
                continue  # compare at the same budget
            cells = [_found(rates[rate].get(length)) for rate in ("0.001", "0.01") for length in lengths]
            rows[f"{detector}, {mode}"] = (f"{one['auroc'][detector]['mean']:.3f}", *cells)
    return heads, rows


def _onsets(found: Sequence[Mapping[str, Any]]) -> Table:
    kinds = list(dict.fromkeys(one["of"] for one in found))
    heads = [f"{kind}, {rate:.1%}" for rate in (0.001, 0.01) for kind in kinds]
    rows: dict[str, list[str]] = {}
    for detector in dict.fromkeys(one["detector"] for one in found):
        cells = []
        for rate in (0.001, 0.01):
            for kind in kinds:
                one = next(f for f in found if (f["detector"], f["requested"], f["of"]) == (detector, rate, kind))
                cost = "-" if one["cost"] is None else f"{one['cost']:.2%}"
                cells.append(one["note"] or f"{one['found']}/{one['onsets']} at {cost}")
        rows[detector] = cells
    return heads, {name: tuple(cells) for name, cells in rows.items()}


def _found(cell: Mapping[str, int] | None) -> str:
    if not cell or not cell["faults"]:
        return "-"
    return f"{cell['found'] / cell['faults']:.2f} ({cell['chance'] / cell['faults']:.2f})"


def _times(value: float | None) -> str:
    return "-" if value is None else f"{value:.2f}"
