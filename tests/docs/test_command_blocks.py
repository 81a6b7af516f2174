"""Every command block of the documents is run, or says in its source why not; a test's summary lists those."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.docs.command_blocks import INTERRUPTED, NOT_RUN, SLOW, CommandBlock, blocks_of, command_blocks
from tests.docs.conftest import OpenPage
from tests.test_docs import DOCUMENTS

_PROGRAMS = ("openssl", "sqlite3")


@pytest.mark.broker
def test_a_block_does_what_its_page_says(
    block: CommandBlock, request: pytest.FixtureRequest, pytestconfig: pytest.Config
) -> None:
    if block.mark == NOT_RUN or (block.mark == SLOW and not pytestconfig.getoption("--every-command")):
        where = " (make test-docs runs it)" if block.mark == SLOW else ""
        pytest.skip(f"COMMANDS OF THE DOCUMENTS THAT ARE NOT RUN: {block.reason}{where}")
    for program in _PROGRAMS:
        if re.search(rf"^{program} ", block.text, flags=re.MULTILINE) and shutil.which(program) is None:
            pytest.skip(f"COMMANDS OF THE DOCUMENTS THAT ARE NOT RUN: {program} is not on PATH (apt install {program})")
    open_page: OpenPage = request.getfixturevalue("open_page")
    page = open_page(block.page)
    if block.mark == INTERRUPTED:
        for line in block.text.splitlines():
            outcome = page.run_until_interrupted(line)
            assert outcome.code in (0, 130), f"{block}: {line}\n{outcome.printed}"
            assert outcome.printed, f"{block}: {line} prints nothing within 20 s"
            assert "ended by itself" not in outcome.printed, f"{block}: {line}\n{outcome.printed}"
        return
    outcome = page.run(block.text, timeout=1800 if block.mark == SLOW else 90)
    assert outcome.code == 0, f"{block} exits with {outcome.code}:\n{outcome.printed}"
    assert "Traceback" not in outcome.printed


def test_each_mark_is_known_and_has_a_reason() -> None:
    for block in command_blocks():
        assert block.mark in (None, NOT_RUN, SLOW, INTERRUPTED), f"{block}: the mark {block.mark}"
        assert (block.reason is not None) == (block.mark in (NOT_RUN, SLOW)), f"{block}: the reason {block.reason}"


def test_no_block_of_commands_hides_behind_another_name() -> None:
    languages = {
        language
        for document in DOCUMENTS
        for language in re.findall(r"^ *```+ *(\S+)$", document.read_text(encoding="utf-8"), flags=re.MULTILINE)
    }
    assert languages <= {"sh", "yaml", "json", "text", "python", "js", "ini", "toml", "promql", "html", "mermaid"}, (
        languages
    )


def test_a_mark_belongs_to_the_block_behind_it(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text(
        "<!-- not run: needs root -->\n```sh\nreboot\n```\n\n```sh\nls\n```\n<!-- until Ctrl-C -->\n```sh\ntop\n```\n"
    )
    found = [(block.line, block.text, block.mark, block.reason) for block in blocks_of(page, tmp_path)]
    assert found == [
        (3, "reboot\n", NOT_RUN, "needs root"), (7, "ls\n", None, None), (11, "top\n", INTERRUPTED, None)
    ]  # fmt: skip


def test_a_shell_understands_every_block() -> None:
    for block in command_blocks():
        done = subprocess.run(["bash", "-n"], input=block.text, capture_output=True, text=True, check=False)
        assert (done.returncode, done.stderr) == (0, ""), str(block)
