"""A gateway in a folder: its programs are imitated, the files are real."""

from __future__ import annotations

import subprocess
import zipfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import msgspec

from config.errors import DavylampError
from edge.agent.gateway_facts import gateway_facts
from edge.deployment.installation import Installation
from edge.deployment.machine import Machine
from edge.deployment.service import Service
from edge.deployment.wishes import Wishes

BUNDLE = b"a bundle"


class PowerCut(BaseException):
    """The gateway is off: nothing after this line of the installation has run."""


@dataclass
class FakeGateway:
    """Imitates the programs that an installation runs.

    Parameters
    ----------
    root
        Stands for ``/``.

    Attributes
    ----------
    starts
        Environments that systemd has started the agent from, in order.
    broken
        Contents of davylamp wheels whose agent ends before it is ready.
    mute
        Those whose agent is ready and never online.
    refused
        Those that ``check`` refuses.
    broker
        Whether there is a broker to be cleared.
    before
        Called before each program; may raise, as a power cut does.
    """

    root: Path
    starts: list[str] = field(default_factory=list)
    broken: set[str] = field(default_factory=set)
    mute: set[str] = field(default_factory=set)
    refused: set[str] = field(default_factory=set)
    broker: bool = True
    programs: list[list[str]] = field(default_factory=list)
    answers: dict[str, str] = field(default_factory=dict)
    before: Callable[[Sequence[str]], None] = lambda words: None
    running: str = ""
    _invocation: int = 0
    _loaded: str = ""
    _ended: bool = False

    def __post_init__(self) -> None:
        for folder in ("run", "etc", "opt", "usr/local/bin", "var/lib/private", "var/tmp"):
            (self.root / folder).mkdir(parents=True)
        for folder in ("run/systemd/system", "etc/systemd/system"):
            (self.root / folder).mkdir(parents=True)

    @property
    def machine(self) -> Machine:
        """The machine for the code under test."""
        return Machine(self.root, self._run)

    @property
    def service(self) -> Service:
        """A service that does not wait."""
        self._now = 0.0

        def sleep(seconds: float) -> None:
            self._now += seconds

        return Service(self.machine, sleep=sleep, monotonic=lambda: self._now)

    def wheelhouse(self, folder: Path, content: str) -> Path:
        """Make a wheelhouse whose davylamp has this content."""
        folder.mkdir(parents=True, exist_ok=True)
        for name in ("davylamp-0.2.0-py3-none-any", "pip-26.0-py3-none-any", "numpy-2.4.6-cp311"):
            with zipfile.ZipFile(folder / f"{name}.whl", "w") as wheel:
                wheel.writestr(zipfile.ZipInfo("content"), content if name.startswith("davylamp") else name)
        return folder

    def boot(self) -> str:
        """Start as after a power cut, and return the content of the davylamp that runs; empty: none does."""
        for path in (self.root / "run").rglob("*.service"):
            path.unlink()
        self.running = ""
        self._loaded = ""
        self._load()
        wants = self.root / "etc/systemd/system/multi-user.target.wants/davylamp.service"
        if wants.is_symlink() and self._loaded:
            self._start()
        return self.running

    def hand_made(self, content: str) -> None:
        """Install as the README said before there was ``install-service``."""
        program = self.root / "opt/davylamp/bin/davylamp"
        program.parent.mkdir(parents=True)
        program.write_text(content)
        folder = self.root / "etc/davylamp"
        folder.mkdir(parents=True)
        (folder / "gateway.yaml").write_text("stations:\n  - {topic: 'a/{station}', bundle: /etc/davylamp/one.davy}\n")
        (folder / "one.davy").write_bytes(BUNDLE)
        unit = self.root / "etc/systemd/system/davylamp.service"
        unit.write_text("[Service]\nExecStart=/opt/davylamp/bin/davylamp agent -c /etc/davylamp/gateway.yaml\n")
        wants = unit.parent / "multi-user.target.wants/davylamp.service"
        wants.parent.mkdir()
        wants.symlink_to("/etc/systemd/system/davylamp.service")
        self._load()
        self._start()

    def resolve(self, absolute: str) -> Path:
        """Follow an absolute path as the gateway itself would: links of the folder are relative to its root."""
        path = self.root / absolute.lstrip("/")
        for _ in range(20):
            for part in [*reversed(path.parents), path]:
                if part.is_relative_to(self.root) and part.is_symlink():
                    target = part.readlink()
                    there = self.root / str(target).lstrip("/") if target.is_absolute() else part.parent / target
                    path = there / path.relative_to(part)
                    break
            else:
                return path
        raise AssertionError(f"{absolute}: a loop of links")

    def _run(
        self, words: Sequence[str], variables: Mapping[str, str], seconds: float
    ) -> subprocess.CompletedProcess[str]:
        self.programs.append(list(words))
        self.before(words)
        code, out = self._answer(list(words))
        return subprocess.CompletedProcess(words, code, out, "" if code == 0 else out)

    def _answer(self, words: list[str]) -> tuple[int, str]:
        name = Path(words[0]).name
        if " ".join(words[:2]) in self.answers:
            return 0, self.answers[" ".join(words[:2])]
        if name == "systemctl":
            return self._systemctl(words[1:])
        if name == "dpkg":
            return 0, "arm64\n"
        if name == "getconf":
            return 0, "glibc 2.36\n"
        if name == "python3":
            return self._python3(words)
        if name == "python":
            return self._environment(words)
        if name == "davylamp":
            return self._davylamp(words)
        return 0, ""

    def _python3(self, words: list[str]) -> tuple[int, str]:
        if words[1:3] == ["-m", "venv"]:
            (Path(words[-1]) / "bin").mkdir(parents=True)
            (Path(words[-1]) / "bin/python").write_text("")
            return 0, ""
        return 0, "3.11\n" if "version_info" in words[-1] else ""

    def _environment(self, words: list[str]) -> tuple[int, str]:
        if words[1].endswith("/pip"):
            with zipfile.ZipFile(words[-1]) as wheel:
                content = wheel.read("content").decode()
            (Path(words[0]).parent / "davylamp").write_text(content)
        elif words[1:3] == ["-m", "edge.agent.gateway_facts"]:
            try:
                return 0, msgspec.json.encode(gateway_facts(words[3])).decode()
            except DavylampError as error:
                return 1, str(error)
        return 0, ""

    def _davylamp(self, words: list[str]) -> tuple[int, str]:
        content = Path(words[0]).read_text()
        if "--online" in words:
            if self.running and self.running not in self.mute:
                return 0, "ok      davylamp/gw/state: online\n"
            return 1, "error   davylamp/gw/state: got offline, expected online; fix: see journalctl -u davylamp\n"
        if words[1] == "check" and content in self.refused:
            bundle = Path(words[words.index("-c") + 1]).with_name("one.davy")
            return 1, f"ok      gateway.yaml\nerror   {bundle}: golden rows differ; fix: export it again\n"
        if words[1] == "clear" and not self.broker:
            return 1, "localhost:1883: connection refused; fix: start the broker\n"
        return 0, f"{words[1]} done\n"

    def _systemctl(self, words: list[str]) -> tuple[int, str]:
        verb = words[0]
        if verb == "--version":
            return 0, "systemd 252 (252.39-1~deb12u2)\n"
        if verb == "daemon-reload":
            self._load()
        elif verb == "restart":
            self._start()
        elif verb == "stop":
            self.running, self._ended = "", False
        elif verb == "show":
            state = "active" if self.running else "failed" if self._ended else "inactive"
            loaded = "loaded" if self._loaded else "not-found"
            facts = {"ActiveState": state, "InvocationID": str(self._invocation or ""), "LoadState": loaded}
            return 0, "".join(f"{key}={value}\n" for key, value in facts.items())
        return 0, ""

    def _load(self) -> None:
        for name in ("run/systemd/system.control", "etc/systemd/system"):
            path = self.root / name / "davylamp.service"
            if path.exists():
                self._loaded = path.read_text()
                return
        self._loaded = ""

    def _start(self) -> None:
        self._invocation += 1
        line = next(line for line in self._loaded.splitlines() if line.startswith("ExecStart="))
        program, gateway = line.removeprefix("ExecStart=").split()[0], line.split()[-1]
        content = self.resolve(program).read_text()
        self.starts.append(content)
        assert self.resolve(gateway).is_file(), f"{gateway} is not there for {content}"
        self._ended = content in self.broken
        self.running = "" if self._ended else content


class Desk:
    """A gateway, and the files that somebody installs on it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.gateway = FakeGateway(folder / "root")
        self.said: list[str] = []
        self.bundle = folder / "one.davy"
        self.bundle.write_bytes(BUNDLE)

    def install(self, content: str = "first", **wishes: object) -> None:
        wishes.setdefault("bundles", (self.bundle,))
        everything = Wishes(wheelhouse=self.wheels(content), **wishes)  # type: ignore[arg-type]
        Installation(self.gateway.machine, say=self.said.append, service=self.gateway.service).run(everything)

    def wheels(self, content: str) -> Path | None:
        return self.gateway.wheelhouse(self.folder / f"wheelhouse-{content}", content)

    def path(self, absolute: str) -> Path:
        return self.gateway.resolve(absolute)

    def names(self, folder: str) -> list[str]:
        return sorted(path.name for path in self.gateway.root.joinpath(folder).iterdir())

    @property
    def text(self) -> str:
        return "\n".join(self.said)
