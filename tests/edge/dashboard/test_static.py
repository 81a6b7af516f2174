"""What the page is made of: files that need no build, load nothing from elsewhere, and fit a strict policy."""

from __future__ import annotations

import hashlib
import re
from pathlib import Path

import pytest

STATIC = Path(__file__).parents[3] / "edge" / "dashboard" / "static"
UPLOT = STATIC / "uplot"
OURS = sorted(path for path in STATIC.iterdir() if path.is_file())
INDEX = (STATIC / "index.html").read_text()


def test_uplot_is_what_its_readme_names_with_its_licence() -> None:
    named = dict(re.findall(r"\| (\S+) \| ([0-9a-f]{64}) \|", (UPLOT / "README.md").read_text()))
    there = {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in UPLOT.iterdir()}
    del there["README.md"]
    assert named == there
    assert "MIT License" in (UPLOT / "LICENSE").read_text()
    assert "v1.6.32" in (UPLOT / "uPlot.iife.min.js").read_text()[:100]


@pytest.mark.parametrize("path", OURS, ids=lambda path: path.name)
def test_a_file_names_no_other_address(path: Path) -> None:
    text = path.read_text().replace("http://www.w3.org/2000/svg", "")
    assert re.findall(r"(?:https?:)?//[a-z0-9-]+\.[a-z]+\S*", text) == []
    assert "@import" not in text


@pytest.mark.parametrize("path", OURS, ids=lambda path: path.name)
def test_a_file_is_small_enough_to_be_read(path: Path) -> None:
    lines = path.read_text().splitlines()
    assert len(lines) <= 300
    if path.suffix == ".js":
        assert max(map(len, lines)) <= 120


def test_every_file_that_is_named_is_there_and_the_other_way_round() -> None:
    named = set(re.findall(r'(?:src|href)="static/([^"]+)"', INDEX))
    for script in STATIC.glob("*.js"):
        named |= set(re.findall(r'from "\./([^"]+)"', script.read_text()))
    there = {
        path.relative_to(STATIC).as_posix() for path in STATIC.rglob("*") if path.suffix in (".js", ".css", ".svg")
    }
    assert named == there


def test_nothing_breaches_the_policy() -> None:
    assert re.findall(r"\s(?:style|on[a-z]+)=", INDEX) == []
    assert re.findall(r"<script(?![^>]* src=)", INDEX) == []
    assert "<style" not in INDEX
    for script in STATIC.glob("*.js"):
        assert re.findall(r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|eval\(", script.read_text()) == []


def test_every_element_that_a_script_asks_for_is_in_the_page() -> None:
    ids = re.findall(r'\sid="([^"]+)"', INDEX)
    assert len(ids) == len(set(ids))
    for script in STATIC.glob("*.js"):
        assert set(re.findall(r'byId\("([^"]+)"\)', script.read_text())) <= set(ids), script.name


def test_light_and_dark_have_the_same_colours() -> None:
    css = (STATIC / "style.css").read_text()
    blocks = re.findall(r":root[^{]*\{\s*color-scheme: (light|dark);([^}]*)\}", css)
    light, chosen, system = (re.findall(r"(--[a-z-]+): ([^;]+);", body) for _, body in blocks[:3])
    assert chosen == system
    assert {name for name, _ in light} == {name for name, _ in chosen}
    used = {name for path in STATIC.glob("*.css") for name in re.findall(r"var\((--[a-z-]+)\)", path.read_text())}
    assert used <= {name for name, _ in light}
