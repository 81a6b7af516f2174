"""`make test-packages`: builds wheel, images and add-on, and tries them. Everything lies in build/packages."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from tests.packages.images import lacking
from tests.packages.tools import FOLDER, make_tools, say

HERE = Path(__file__).parent


def main(arguments: list[str]) -> int:
    """Run the tests; returns the exit code."""
    say(f"tools in {FOLDER} (made once) ...")
    if (reason := make_tools()) is not None:
        _shout([f"SKIPPED: NO PACKAGE WAS TESTED, because the tools cannot be installed: {reason}"])
        return 0
    missing = lacking()
    code = pytest.main([
        "--override-ini", "norecursedirs=.*", "--basetemp", str(FOLDER / "tests"), "-p", "no:cacheprovider", "-v",
        "--durations=5", str(HERE), *arguments,
    ])  # fmt: skip
    if missing:
        _shout(["SKIPPED: NO IMAGE WAS BUILT, because this machine cannot do it:", *missing])
    return int(code)


def _shout(lines: list[str]) -> None:
    say("\n".join(["!" * 100, *lines, "!" * 100]))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
