"""The documents name files, classes, commands and options that exist."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import pytest

import davylamp

ROOT = Path(__file__).parent.parent
SOURCES = ("config", "edge", "trainer", "export", "benchmarks", "tests")
TOP = (*SOURCES, "docs", "systemd")
DOCUMENTS = sorted(
    path
    for path in (*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"))
    if path.name != "CHANGELOG.md"  # it names what has gone
)
README = ROOT / "README.md"


def prose(path: Path) -> str:
    """Return a document without its fenced blocks."""
    return re.sub(r"^```.*?^```$", "", path.read_text(encoding="utf-8"), flags=re.DOTALL | re.MULTILINE)


def code(path: Path) -> Iterator[str]:
    """Yield every backticked text, and every line of the fenced blocks of shell commands."""
    yield from re.findall(r"`([^`\n]+(?:\n[^`\n]+)?)`", prose(path))
    for block in re.findall(r"^```sh\n(.*?)^```$", path.read_text(encoding="utf-8"), flags=re.DOTALL | re.MULTILINE):
        yield from block.splitlines()


def commands(path: Path) -> Iterator[list[str]]:
    """Yield the words of every ``davylamp ...`` command, without its comment."""
    for text in code(path):
        found = re.search(r"(?:^|&& |/bin/|sudo )davylamp ([a-z].*)", text.replace("\n", " "))
        if found:
            yield shlex.split(found[1].partition(" && ")[0], comments=True)


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_links_to_files_of_the_repository_lead_somewhere(document: Path) -> None:
    links = [link.partition("#")[0] for link in re.findall(r"\]\(([^)\s]+)\)", prose(document))]
    relative = [document.parent / link for link in links if link and "://" not in link]
    absolute = [ROOT / found[1] for link in links if (found := re.match(r"https://\S*github\S*/main/(\S+)", link))]
    assert [path for path in (*relative, *absolute) if not path.exists()] == []


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_repository_paths_exist(document: Path) -> None:
    words = {word.rstrip(",;:.") for text in code(document) for word in text.split()}
    paths = [word for word in words if re.match(rf"({'|'.join(TOP)})/[\w./*-]*$", word)]
    made = ("benchmarks/results",)
    assert [path for path in paths if not path.startswith(made) and not any(ROOT.glob(path.rstrip("/")))] == []


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_classes_exist(document: Path) -> None:
    source = "\n".join(path.read_text(encoding="utf-8") for folder in SOURCES for path in (ROOT / folder).rglob("*.py"))
    names = {text for text in code(document) if re.fullmatch(r"[A-Z][a-z]+[A-Z]\w*(\.\w+)?", text)}
    parts = {part for name in names for part in name.split(".")}
    assert [part for part in sorted(parts) if not re.search(rf"\b(class|def) {part}\b|\b{part}\s*[:=]", source)] == []


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_commands_have_a_verb_and_options_that_exist(document: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for words in commands(document):
        if "VERB" in words[:2]:  # stands for any
            continue
        verb = words[:2] if words[0] == "data" else words[:1]
        with pytest.raises(SystemExit) as left:
            davylamp.main(["help", *verb])
        options = {word.partition("=")[0] for word in words if re.match("--?[a-z]", word)}
        helped = capsys.readouterr().out
        assert left.value.code == 0, words
        assert [each for each in options if not re.search(rf"(?<![\w-]){each}\b", helped)] == [], words


def test_the_readme_shows_the_important_verbs() -> None:
    shown = {words[0] for words in commands(README)}
    assert shown >= {
        "init",
        "data",
        "explore",
        "train",
        "inspect",
        "score",
        "evaluate",
        "report",
        "synthesize",
        "check",
    }


def test_the_readme_and_the_measurements_have_the_same_figures() -> None:
    measured = (ROOT / "docs" / "measurements.md").read_text(encoding="utf-8")
    section = README.read_text(encoding="utf-8").partition("## How good it is\n")[2].partition("**Limits.**")[0]
    rows = [line for line in section.splitlines() if line.startswith("| ")]
    assert len(rows) > 8
    assert [row for row in rows if row not in measured] == []
