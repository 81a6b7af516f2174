"""`make test-home-assistant`: installs Home Assistant below build/, and runs the tests that need it."""

from __future__ import annotations

import sys

import pytest

from tests.home_assistant.installation import FOLDER, HERE, VERSION, install, say


def main(arguments: list[str]) -> int:
    """Run the tests; returns the exit code."""
    say(f"Home Assistant {VERSION} in an environment of its own (600 MB, made once) ...")
    if (reason := install()) is not None:
        say("=" * 100)
        say(f"SKIPPED: NOTHING WAS TESTED WITH HOME ASSISTANT, because {reason}")
        say("=" * 100)
        return 0
    return pytest.main([
        "--override-ini", "norecursedirs=.*", "--doctest-ignore-import-errors",
        "--basetemp", str(FOLDER / "tests"), "-s", str(HERE), *arguments,
    ])  # fmt: skip


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
