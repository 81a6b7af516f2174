"""The last line of a terminal moves within two seconds, whatever a calculation does."""

from __future__ import annotations

import io
import time
from collections.abc import Callable

import pytest

from config import heartbeat as module
from config.heartbeat import BEAT, heartbeat


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def wait_until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.005)


@pytest.fixture
def fast(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "BEAT", 0.02)


def test_it_beats_within_two_seconds() -> None:
    assert BEAT + BEAT / 2 < 2


def test_before_anything_is_written_it_counts_behind_a_label(fast: None) -> None:
    out = Terminal()
    with heartbeat(out, "loading libraries"):
        wait_until(lambda: "loading libraries  0 s" in out.getvalue())
    assert out.getvalue().endswith("\r\x1b[K")


def test_a_bar_that_stands_still_gets_a_count_which_its_next_step_takes_away(fast: None) -> None:
    out = Terminal()
    with heartbeat(out, "loading") as progress:
        progress.write("read\n")
        wait_until(lambda: "working  0 s" in out.getvalue())
        progress.write("\rautoencoder:  3%|#   |")
        wait_until(lambda: "autoencoder:  3%|#   |  0 s" in out.getvalue())
        progress.write("\rautoencoder:  4%|#   |")
    assert "\r\x1b[K\rautoencoder:  4%|#   |" in out.getvalue()
    assert out.getvalue().startswith("read\n")


def test_a_stream_that_is_no_terminal_gets_what_is_written_and_nothing_else(fast: None) -> None:
    out = io.StringIO()
    with heartbeat(out, "loading") as progress:
        assert progress is out


def test_it_is_the_terminal_in_everything_else() -> None:
    with heartbeat(Terminal(), "loading") as progress:
        assert progress.isatty()
        progress.flush()
