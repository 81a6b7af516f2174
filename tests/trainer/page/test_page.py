"""Pages: one file, escaped, light enough to send."""

from __future__ import annotations

import base64
import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from trainer.figures.colours import BLUE, INK
from trainer.figures.style import figure
from trainer.figures.units import quantity
from trainer.page.checklist import Check, Checklist
from trainer.page.page import write_page
from trainer.page.panel import Panel
from trainer.page.panel_files import write_panel_files
from trainer.page.table import HtmlTable


def panel(key: str = "one", **how: Any) -> Panel:
    picture = figure(5.0, 2.0)
    picture.subplots().plot([1, 2, 3], color=BLUE, label="<script>")
    parts: dict[str, Any] = {"key": key, "title": "One", "caption": "See.", "figure": picture, "alt": 'A "line"'}
    return Panel(**(parts | how))


def written(tmp_path: Path, *panels: Panel, **how: Any) -> str:
    weight = write_page(tmp_path / "p.html", **({"title": "T", "subtitle": "S", "panels": panels} | how))
    assert weight == (tmp_path / "p.html").stat().st_size <= 1_500_000
    return (tmp_path / "p.html").read_text()


def test_nothing_in_the_page_comes_from_elsewhere(tmp_path: Path) -> None:
    page = written(tmp_path, panel())
    assert not re.findall(r'(?:src|href)="(?!#|data:)[^"]*"', page)
    assert "default-src 'none'" in page


def test_text_from_outside_is_not_markup(tmp_path: Path) -> None:
    hostile = '<img src=x onerror="alert(1)">'
    page = written(
        tmp_path,
        panel(title=hostile, caption=hostile, alt=hostile, tables=[HtmlTable((hostile,), [(hostile,)], hostile)]),
        title=hostile,
        subtitle=hostile,
        checklist=Checklist([Check(hostile, hostile, hostile, True, hostile)]),
    )
    assert "<img" not in page
    assert page.count("&lt;img") > 10


def test_pictures_take_the_pages_colours_and_unique_ids(tmp_path: Path) -> None:
    page = written(tmp_path, panel("one"), panel("two"))
    pictures = re.findall(r"<svg.*?</svg>", page, flags=re.DOTALL)
    assert len(pictures) == 2
    assert all("var(--blue)" in one and BLUE not in one and INK not in one for one in pictures)
    ids = re.findall(r' id="([^"]+)"', page)
    assert len(ids) == len(set(ids))
    assert all(
        target in ids for target in re.findall(r'url\(#([^)]+)\)|href="#([^"]+)"', page) for target in target if target
    )


def test_pictures_inherit_the_readers_font_and_have_no_needless_groups(tmp_path: Path) -> None:
    picture = figure()
    axes = picture.subplots()
    axes.semilogy([1, 10, 1000], "o-", color=BLUE)
    axes.set_title("Bold", fontweight="bold")
    page = written(tmp_path, panel(figure=picture))
    drawn = page[page.index("<svg") : page.index("</svg>")]
    assert "svg * { font-family: inherit !important; }" in page
    assert "<g>" not in drawn  # no group without a style
    assert drawn.count("<g") == drawn.count("</g>")
    assert "fill: var(--blue)" in drawn  # a marker is filled, unlike a tick


def test_the_same_panels_give_the_same_bytes(tmp_path: Path) -> None:
    assert written(tmp_path, panel()) == written(tmp_path, panel())


def test_numbers_are_a_link_with_six_digits_and_null_for_nan(tmp_path: Path) -> None:
    page = written(tmp_path, panel(numbers={"x": np.array([1 / 3, np.nan]), "n": 2}))
    data = re.search(r'download="one.json" href="data:application/json;base64,([^"]+)"', page)
    assert data is not None
    assert json.loads(base64.b64decode(data[1])) == {"x": [0.333333, None], "n": 2}


def test_too_long_numbers_are_left_out_and_the_page_says_so(tmp_path: Path) -> None:
    long = {"x": np.random.default_rng(0).normal(size=200_000)}
    page = written(tmp_path, panel("long", numbers=long), panel("short", numbers={"x": 1}))
    assert 'download="short.json"' in page
    assert 'download="long.json"' not in page
    assert "too long for this page" in page


def test_a_picture_of_too_many_lines_becomes_pixels(tmp_path: Path) -> None:
    picture = figure()
    picture.subplots().plot(np.random.default_rng(0).normal(size=(3000, 60)))
    page = written(tmp_path, panel("heavy", figure=picture), panel("light"))
    assert '<img data-key="heavy" alt="A &quot;line&quot;"' in page
    assert page.count("<svg") == 1


def test_a_missing_panel_names_the_command_that_makes_it(tmp_path: Path) -> None:
    page = written(tmp_path, Panel("gone", "Gone", "See.", missing="davylamp evaluate"))
    assert '<p class="missing">Missing. davylamp evaluate</p>' in page


def test_the_verdict_counts_what_is_measured(tmp_path: Path) -> None:
    checklist = Checklist(
        [Check("a", "1", "2", True, "s"), Check("b", "1", "2", False, "s"), Check("c", "-", "2", None, "s")]
    )
    page = written(tmp_path, checklist=checklist)
    assert "1 of 2 numbers reach what is wanted; 1 is not measured." in page
    assert [page.count(f'<span class="mark">{word}<') for word in ("pass", "short", "not measured")] == [1, 1, 1]


@pytest.mark.parametrize("how", [{"key": "No key"}, {"alt": ""}])
def test_a_panel_without_an_anchor_or_alternative_text_is_refused(how: dict[str, str]) -> None:
    with pytest.raises(ValueError, match="panel"):
        panel(**how)


def test_two_panels_with_the_same_key_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="got one twice"):
        write_page(tmp_path / "p.html", title="T", subtitle="S", panels=[panel(), panel()])
    assert not (tmp_path / "p.html").exists()


def test_figures_and_numbers_are_written_as_files(tmp_path: Path) -> None:
    write_panel_files(tmp_path / "new", [panel(numbers={"x": 1}), Panel("two", "Two", "See.", numbers={"y": 2})])
    assert sorted(path.name for path in (tmp_path / "new").iterdir()) == ["one.json", "one.png", "two.json"]
    assert (tmp_path / "new" / "one.png").read_bytes().startswith(b"\x89PNG")


def test_a_dollar_in_a_unit_begins_no_formula(tmp_path: Path) -> None:
    picture = figure()
    picture.subplots().set_xlabel(quantity("cost", "$/$_{"))
    assert "cost [$/$_{]" in written(tmp_path, panel(figure=picture))
