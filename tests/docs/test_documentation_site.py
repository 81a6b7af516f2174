"""The documentation site: its pages, its links, its reference, and what a browser makes of it."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import fields

import davylamp
from config.settings.fleet import Fleet
from config.settings.gateway import Gateway
from config.settings.station import Station
from config.settings.training import Training
from docs.site.built_pages import built_page_faults
from docs.site.documentation_site import SETTINGS, documentation_site
from docs.site.page_sources import page_sources, page_text
from docs.site.reference_pages import reference_pages
from edge.agent.schemas import MESSAGES
from edge.bundles.manifest import Manifest
from tests.browser import DESK, PHONE, Browser
from tests.conftest import ROOT

ZENSICAL = ROOT / ".venv-docs" / "bin" / "zensical"


def navigated(entry: Any) -> Iterator[str]:
    """Yield every page below an entry of the navigation."""
    if isinstance(entry, str):
        yield entry
    elif isinstance(entry, dict):
        for inner in entry.values():
            yield from navigated(inner)
    else:
        for inner in entry:
            yield from navigated(inner)


def test_every_page_has_its_place_in_the_navigation_and_every_place_its_page() -> None:
    nav = tomllib.loads(SETTINGS.read_text(encoding="utf-8"))["project"]["nav"]
    pages = [page for page in navigated(nav) if "://" not in page]
    made = {name for name in page_sources() if name.endswith(".md")}
    assert sorted(pages) == sorted(set(pages))
    assert set(pages) == {name for name in made if not name.startswith("decisions/")} | {"decisions/README.md"}


def test_the_reference_has_every_setting_message_verb_and_part_of_a_bundle() -> None:
    pages = reference_pages()
    for struct in (Fleet, Gateway, Station, Training):
        assert [
            each.encode_name for each in fields(struct) if f"| `{each.encode_name}" not in pages["settings.md"]
        ] == []
    assert [name for name in MESSAGES if f"## `{name}`" not in pages["messages.md"]] == []
    assert [name for name in MESSAGES if f"schemas/{name.replace('/', '-')}.schema.json" not in pages] == []
    assert [verb for verb in davylamp.VERBS if f"\n## {verb}\n" not in pages["commands.md"]] == []
    assert [each for each in fields(Manifest) if f"| `{each.encode_name}` |" not in pages["bundle.md"]] == []
    for text in pages.values():
        for heads in re.findall(r"^\|.*\|$", text, flags=re.MULTILINE):
            assert heads.count(" | ") < 5, heads  # a bar in a cell would be another column


def test_the_help_of_the_reference_is_that_of_the_command_line(capsys: pytest.CaptureFixture[str]) -> None:
    page = reference_pages()["commands.md"]
    with pytest.raises(SystemExit):
        davylamp.main(["help", "schema"])
    assert capsys.readouterr().out.split("options:")[0].strip() in page


def test_the_exit_codes_of_the_reference_are_those_of_the_command_line(monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(arguments: object) -> None:
        raise KeyboardInterrupt

    def code_of(*words: str) -> int | str | None:
        try:
            return davylamp.main(words)
        except SystemExit as left:
            return left.code

    codes = {code_of("schema", "score"), code_of("inspect", "nowhere.davy"), code_of("inspect")}
    monkeypatch.setattr("edge.commands.schema.run", interrupted)
    codes.add(code_of("schema"))
    documented = re.findall(r"^\| (\d+) \|", reference_pages()["exit-codes.md"], flags=re.MULTILINE)
    assert codes == set(map(int, documented)) == {0, 1, 2, 130}


def test_links_lead_to_pages_of_the_site_or_to_the_repository() -> None:
    places = {"docs/units.md": "units.md", "docs/topics.md": "topics.md", "ARCHITECTURE.md": "project/architecture.md"}
    text = (
        "See [a](topics.md#x), [b](../ARCHITECTURE.md), [c](../edge/stop.py), [d](#here), [e](https://example.org/a)."
    )
    assert page_text("docs/units.md", text, places) == (
        "See [a](topics.md#x), [b](project/architecture.md), "
        "[c](https://github.com/davylamp/davylamp/blob/main/edge/stop.py), [d](#here), [e](https://example.org/a)."
    )


def test_marks_are_left_out_lists_get_their_empty_line_and_blocks_stay_as_they_are() -> None:
    text = "<!-- not run: root -->\n```sh\n# a\n- b [c](d.md)\n```\nThese:\n- one\n  more\n- two\n"
    expected = "```sh\n# a\n- b [c](d.md)\n```\nThese:\n\n- one\n  more\n- two\n"
    assert page_text("docs/units.md", text, {"docs/units.md": "units.md"}) == expected


@pytest.mark.parametrize(
    ("body", "fault"),
    [
        ('<a href="away.html">', "the link away.html leads to no page"),
        ('<a href="two.html#nowhere">', "the link two.html#nowhere leads to no heading"),
        ('<a href="#nowhere">', "the link #nowhere leads to no heading"),
        ('<script src="https://unpkg.com/x.js"></script>', "loads https://unpkg.com/x.js from elsewhere"),
        ('<link rel="stylesheet" href="//fonts.example/a.css">', "loads //fonts.example/a.css from elsewhere"),
        ('<img src="gone.png">', "the link gone.png leads to no page"),
        ('<a href="two.html#there">', None),
        ('<a href="https://example.org/">', None),
    ],
)
def test_a_built_page_with_a_dead_link_or_a_foreign_file_is_found(tmp_path: Path, body: str, fault: str | None) -> None:
    (tmp_path / "two.html").write_text('<h1 id="there">')
    (tmp_path / "one.html").write_text(body)
    assert list(built_page_faults(tmp_path)) == ([] if fault is None else [f"one.html: {fault}"])


def test_a_style_that_loads_a_font_from_elsewhere_is_found(tmp_path: Path) -> None:
    (tmp_path / "a.css").write_text("@import url(https://fonts.example/b.css); div { background: url(own.svg) }")
    assert list(built_page_faults(tmp_path)) == ["a.css: loads https://fonts.example/b.css from elsewhere"]


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[str]]:
    """The built site, and what is wrong with it."""
    if not ZENSICAL.is_file():
        pytest.skip("THE DOCUMENTATION SITE IS NOT BUILT: there is no Zensical; run `make docs` once")
    folder = tmp_path_factory.mktemp("site")
    faults = documentation_site(folder / "build", str(ZENSICAL))
    return folder / "build" / "site", faults


def test_zensical_builds_the_site_and_nothing_is_wrong_with_it(built: tuple[Path, list[str]]) -> None:
    site, faults = built
    assert faults == []
    assert (site / "tutorial.html").is_file()
    assert (site / "reference" / "schemas" / "score.schema.json").is_file()


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("page", ["index", "payloads", "reference/settings"])
def test_a_page_asks_nobody_else_and_fits_the_screen(
    built: tuple[Path, list[str]], browser: Browser, page: str, dark: bool
) -> None:
    for width in (PHONE, DESK):
        browser.open(built[0] / f"{page}.html", width, dark=dark)
        assert [url for url in browser.requests if not url.startswith(("file:", "data:", "blob:"))] == []
        assert browser.run("document.documentElement.scrollWidth") <= width
        background = browser.run("getComputedStyle(document.body).backgroundColor")
        assert (sum(map(int, re.findall(r"\d+", background)[:3])) < 3 * 64) == dark, background
