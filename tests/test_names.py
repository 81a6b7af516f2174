"""A public class or function has a name of its own in the whole repository, so that one search finds it."""

from __future__ import annotations

import ast
from collections import defaultdict
from pathlib import Path

ROOT = Path(__file__).parents[1]
TWICE = {
    "add_arguments": "every verb's module has one: the protocol of davylamp.py",
    "run": "every verb's module has one, and the agent's main loop: the protocol of davylamp.py",
    "left_behind": "verbs' modules whose interruption leaves something: the protocol of davylamp.py",
}
"""Names that are defined more than once, and why."""


def definitions() -> dict[str, list[str]]:
    """Return the public top-level classes and functions, and the modules that define each."""
    found = defaultdict(list)
    for package in ("config", "edge", "trainer", "export"):
        for path in sorted((ROOT / package).rglob("*.py")):
            for node in ast.parse(path.read_text(encoding="utf-8")).body:
                if isinstance(node, ast.ClassDef | ast.FunctionDef) and not node.name.startswith("_"):
                    found[node.name].append(path.relative_to(ROOT).as_posix())
    return found


def test_a_name_is_defined_once_unless_there_is_a_reason() -> None:
    twice = {name: modules for name, modules in definitions().items() if len(modules) > 1}
    unexplained = {name: modules for name, modules in twice.items() if name not in TWICE}
    assert not unexplained
    assert twice.keys() == TWICE.keys(), "a reason that is no longer needed"
