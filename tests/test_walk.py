"""The walk of a reading in the documents names functions that exist, and is short."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
WALK = (ROOT / "docs" / "walk-of-a-reading.md").read_text(encoding="utf-8")
STEPS = re.findall(r"^(\d+)\. (.*?)(?=^\d+\. |^#|\Z)", WALK, flags=re.DOTALL | re.MULTILINE)
REFERENCES = [
    (path, name)
    for path, names in re.findall(r"`([\w/]+\.py): ([\w.,\s]+)`", WALK)
    for name in re.split(r",\s+", names)
]


def defined(path: Path) -> set[str]:
    """Return the functions and classes of a module, and its methods as ``Class.method``."""
    names = set()
    for node in ast.parse(path.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.ClassDef | ast.FunctionDef):
            names.add(node.name)
        if isinstance(node, ast.ClassDef):
            names |= {f"{node.name}.{each.name}" for each in node.body if isinstance(each, ast.FunctionDef)}
    return names


@pytest.mark.parametrize(("path", "name"), REFERENCES, ids=[name for _, name in REFERENCES])
def test_every_function_of_the_walk_exists(path: str, name: str) -> None:
    assert name in defined(ROOT / path)


def test_the_walk_has_at_most_28_steps_each_with_its_functions() -> None:
    assert [int(number) for number, _ in STEPS] == list(range(1, len(STEPS) + 1))
    assert 1 < len(STEPS) <= 28
    assert [number for number, text in STEPS if not re.search(r"`[\w/]+\.py: ", text)] == []


def test_the_walk_looks_a_topic_up_once() -> None:
    assert [name for _, name in REFERENCES].count("Stations.at") == 1
