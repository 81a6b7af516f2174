"""No signal that can be caught ends the agent without its goodbye."""

from __future__ import annotations

import os
import pty
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from edge.agent.signals import AgentSignals

ROOT = Path(__file__).parents[3]
# They are delivered to a thread that does not block them, and pytest has some.
FAULTS = {signal.SIGSEGV, signal.SIGBUS, signal.SIGFPE, signal.SIGILL, signal.SIGTRAP, signal.SIGSYS}
UNCATCHABLE = {signal.SIGKILL, signal.SIGSTOP, signal.SIGTSTP, signal.SIGTTIN, signal.SIGTTOU}
CAUGHT = sorted(signal.valid_signals() - FAULTS - UNCATCHABLE)

WAIT = """
import os, select, sys
from edge.agent.signals import AgentSignals
with AgentSignals() as signals:
    print("ready", flush=True)
    while not signals.check():
        select.select([signals], [], [], 20)
        signals.drain()
    print("reload" if signals.take_reload() else f"stop by {signals.by}", file=open(sys.argv[1], "w"))
"""


@pytest.mark.parametrize("number", CAUGHT, ids=str)
def test_this_process_survives_every_signal(number: int) -> None:
    with AgentSignals() as signals:
        os.kill(os.getpid(), number)
        signals.check()


def test_sighup_asks_for_a_reload_once_and_wakes_the_loop() -> None:
    with AgentSignals() as signals:
        os.kill(os.getpid(), signal.SIGHUP)
        assert signals.check()
        assert (signals.take_reload(), signals.take_reload(), signals.requested) == (True, False, False)
        assert not signals.check()


@pytest.mark.parametrize("number", [signal.SIGUSR1, signal.SIGUSR2, signal.SIGALRM, signal.SIGRTMIN + 3])
def test_a_signal_that_asks_for_nothing_is_named_once(number: int) -> None:
    with AgentSignals() as signals:
        os.kill(os.getpid(), number)
        assert signals.check()
        (name,) = signals.take_ignored()
        assert name in (getattr(number, "name", ""), "SIGRTMIN+3")
        assert not signals.check()
        assert not signals.requested


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGQUIT, signal.SIGABRT, signal.SIGPWR])
def test_every_other_signal_asks_for_a_stop(number: signal.Signals) -> None:
    with AgentSignals() as signals:
        os.kill(os.getpid(), number)
        assert signals.check()
        assert (signals.requested, signals.by) == (True, number.name)


def test_a_fault_that_somebody_only_sends_asks_for_a_stop() -> None:
    send = (
        "import os, sys\nfrom edge.agent.signals import AgentSignals\n"
        "for number in map(int, sys.argv[1:]):\n"
        "    if not os.fork():\n"
        "        with AgentSignals() as signals:\n"
        "            os.kill(os.getpid(), number)\n"
        "            assert signals.check()\n"
        "            print(signals.by, flush=True)\n"
        "        os._exit(0)\n"
        "    assert os.wait()[1] == 0, number\n"
    )
    numbers = [str(int(each)) for each in sorted(FAULTS)]
    done = subprocess.run([sys.executable, "-c", send, *numbers], cwd=ROOT, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.split() == [each.name for each in sorted(FAULTS)]


def test_afterwards_handlers_and_mask_are_as_before() -> None:
    handlers = {number: signal.getsignal(number) for number in CAUGHT}
    mask = signal.pthread_sigmask(signal.SIG_BLOCK, ())
    with AgentSignals():
        assert signal.getsignal(signal.SIGHUP) != handlers[signal.SIGHUP]
    assert {number: signal.getsignal(number) for number in CAUGHT} == handlers
    assert signal.pthread_sigmask(signal.SIG_BLOCK, ()) == mask


def test_a_fault_of_the_program_still_kills_it() -> None:
    crash = "import ctypes\nfrom edge.agent.signals import AgentSignals\nwith AgentSignals(): ctypes.string_at(0)\n"
    done = subprocess.run([sys.executable, "-c", crash], cwd=ROOT, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (-signal.SIGSEGV, "")


@pytest.mark.parametrize(("ignored", "asked"), [(False, "stop by SIGHUP"), (True, "reload")])
def test_a_closed_terminal_asks_for_a_stop_unless_it_was_to_be_ignored(
    tmp_path: Path, ignored: bool, asked: str
) -> None:
    child, terminal = pty.fork()
    if not child:  # pragma: no cover  another process
        if ignored:
            signal.signal(signal.SIGHUP, signal.SIG_IGN)  # nohup
        os.chdir(ROOT)
        os.execv(sys.executable, [sys.executable, "-c", WAIT, str(tmp_path / "asked")])
    read = b""
    while b"\n" not in read:
        read += os.read(terminal, 1000)
    os.close(terminal)  # the kernel sends SIGHUP to the leader of the terminal's session
    os.waitpid(child, 0)
    assert (tmp_path / "asked").read_text().strip() == asked
