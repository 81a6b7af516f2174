"""A folder in which the commands of a page find what its reader has by then: a bundle, a record, a broker."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]

# Where a page names gateway.local, or nothing, the broker of the test is. Nobody listens for minutes, and no page is
# served on a fixed port.
_PROGRAM = """#!{python}
import sys


def changed(words):
    words = ["{broker}" if word == "gateway.local" else word for word in words]
    if words[0] == "dashboard":
        free = ["--listen", "0"] if "--listen" not in words else []
        return [*(word.replace(":8321", ":0") for word in words), *free]
    for option, most in (("--seconds", "3"), ("--listen", "1")):
        if option in words:
            words[words.index(option) + 1] = most
    if words[0] == "check" and "--listen" not in words:
        words += ["--listen", "1"]
    if words[0] in ("request", "watch", "simulate", "replay", "clear") and not {{"-c", "--broker"}} & set(words):
        words[1:1] = ["--broker", "{broker}"]
        if words[0] == "request":
            words[1:1] = ["--base", "davylamp/gw1"]  # otherwise each looks for a second what is online
    return words


if __name__ == "__main__":  # a training starts processes that read this file
    import davylamp

    sys.exit(davylamp.main(changed(sys.argv[1:])))
"""


@dataclass(frozen=True)
class Outcome:
    """What became of a block: the exit code, and everything that it printed."""

    code: int
    printed: str


class Workspace:
    """The folder of one page.

    Parameters
    ----------
    folder
        It is made.
    port
        Port of the broker.
    """

    def __init__(self, folder: Path, port: int) -> None:
        self.folder = folder
        folder.mkdir(parents=True)
        programs = folder / ".bin"
        programs.mkdir()
        program = programs / "davylamp"
        program.write_text(_PROGRAM.format(python=sys.executable, broker=f"127.0.0.1:{port}"))
        program.chmod(0o755)
        path = f"{programs}:{Path(sys.executable).parent}:{os.environ['PATH']}"
        self._environment = os.environ | {"PATH": path, "PYTHONPATH": str(ROOT), "NO_COLOR": "1"}

    def lay(self, **sources: Path) -> None:
        """Copy files or folders into it; a name's ``__`` stands for a dot and its ``0`` for a slash."""
        for name, source in sources.items():
            target = self.folder / name.replace("__", ".").replace("0", "/")
            target.parent.mkdir(parents=True, exist_ok=True)
            if source.is_dir():
                shutil.copytree(source, target)
            else:
                shutil.copy(source, target)

    def run(self, text: str, timeout: float) -> Outcome:
        """Run a block in a shell that stops at the first command that fails."""
        done = subprocess.run(
            ["bash", "-euo", "pipefail", "-c", text], cwd=self.folder, env=self._environment,
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
            text=True, errors="replace", timeout=timeout, check=False,
        )  # fmt: skip
        return Outcome(done.returncode, done.stdout)

    def run_until_interrupted(self, line: str) -> Outcome:
        """Run one command until it has printed something, then press Ctrl-C."""
        log = self.folder / ".printed"
        with log.open("wb") as file:
            process = subprocess.Popen(
                ["bash", "-c", line], cwd=self.folder, env=self._environment, start_new_session=True,
                stdin=subprocess.DEVNULL, stdout=file, stderr=subprocess.STDOUT,
            )  # fmt: skip
        deadline = time.monotonic() + 20
        while time.monotonic() < deadline and not log.stat().st_size and process.poll() is None:
            time.sleep(0.05)
        early = process.poll()
        if early is None:
            time.sleep(0.2)
            os.killpg(process.pid, signal.SIGINT)
        try:
            code = process.wait(20)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            code = process.wait()
        text = log.read_text(errors="replace")
        return Outcome(code, f"(it ended by itself)\n{text}" if early is not None else text)
