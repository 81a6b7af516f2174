"""A new environment imports what a gateway runs before anything is switched to it."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterable

from config.extras import EXTRAS
from edge.deployment.environments import WARM_UP


def warm_up(*, without: Iterable[str]) -> str:
    """Run the program as if these packages were not installed; return the last line of what it prints on stderr."""
    hidden = f"import sys; sys.modules |= dict.fromkeys({list(without)!r})"
    done = subprocess.run([sys.executable, "-c", hidden + WARM_UP], capture_output=True, text=True, check=False)
    return done.stderr.strip().rpartition("\n")[2]


def test_a_gateway_does_without_the_extras() -> None:
    assert warm_up(without=EXTRAS) == ""


def test_what_it_cannot_do_without_is_missed() -> None:
    assert re.match("ModuleNotFoundError: .*nacl", warm_up(without=["nacl"]))
