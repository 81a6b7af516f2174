"""Which settings a Mosquitto on this computer runs with: it never reports them itself."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from pathlib import Path

_TICK = os.sysconf("SC_CLK_TCK")
_SHIPPED = "/etc/mosquitto/conf.d/davylamp.conf"
_ACTIVATE = f"sudo install -m 644 mosquitto.conf {_SHIPPED} && sudo systemctl restart mosquitto"
_WORN, _LATE = 60.0, 3600.0  # [s] between two savings: below, an SD card wears out; above, a power cut costs too much


@dataclass
class RunningMosquitto:
    """The settings of a Mosquitto that runs on this computer.

    Parameters
    ----------
    pid
        Number of its process.
    files
        The files that it has read, the first one first.
    values
        Keyword -> its last value.
    ports
        Ports of its listeners.
    newer
        Files that were changed after it had started.
    """

    pid: int
    files: list[str] = field(default_factory=list)
    values: dict[str, str] = field(default_factory=dict)
    ports: set[int] = field(default_factory=set)
    newer: list[str] = field(default_factory=list)

    @classmethod
    def of_port(cls, port: int, processes: str = "/proc") -> RunningMosquitto | None:
        """Find the Mosquitto that listens on a port of this computer; ``None`` if there is none that we may see."""
        for folder in sorted(Path(processes).iterdir()):
            if not folder.name.isdecimal():
                continue
            try:
                if (folder / "comm").read_text(encoding="utf-8").strip() != "mosquitto":
                    continue
                words = (folder / "cmdline").read_bytes().decode(errors="replace").rstrip("\0").split("\0")
                started = _started(folder, Path(processes))
            except (OSError, ValueError):  # it has ended, or is not for us to see
                continue
            found = cls(int(folder.name))
            found._read_words(words, folder, started)
            if port in (found.ports or {1883}):
                return found
        return None

    def faults(self) -> list[str]:
        """Return what these settings do to the readings of a gateway, a sentence each."""
        number = self._number
        faults = []
        if self.values.get("persistence", "false") != "true":
            faults.append("persistence is false, so what waits for the agent is lost when the broker stops")
        else:
            interval = number("autosave_interval", 1800)
            if self.values.get("autosave_on_changes", "false") == "true":
                faults.append("autosave_on_changes is true, so the whole database is written again and again")
            elif interval == 0 or interval > _LATE:
                lost = "everything since its start" if interval == 0 else f"what came in the last {interval:g} s"
                faults.append(f"autosave_interval is {interval:g}, so a power cut loses {lost} and still waits")
            elif interval < _WORN:
                faults.append(f"autosave_interval is {interval:g} [s], which wears out an SD card")
        if 0 < (queued := number("max_queued_messages", 1000)) < 5000:
            faults.append(f"max_queued_messages is {queued:g}, so it drops what comes beyond while the agent is away")
        if 0 < (size := number("message_size_limit", 0)) < 100_000:
            faults.append(f"message_size_limit is {size:g}, so it refuses answers with synthetic rows")
        return faults

    def report(self) -> list[str]:
        """Return warnings, each with its fix; none if davylamp's settings, or better ones, are active."""
        file = ", ".join(self.files) or "Mosquitto without a file"
        faults = self.faults()
        lines = [
            f"{each}: changed after Mosquitto had started; fix: sudo systemctl restart mosquitto" for each in self.newer
        ]
        if faults:
            ours = any(Path(each).name == Path(_SHIPPED).name for each in self.files)
            fix = f"correct {_SHIPPED}, and sudo systemctl restart mosquitto" if ours else _ACTIVATE
            head = "" if ours else "the settings of davylamp's mosquitto.conf are not active: "
            lines.append(f"{file}: {head}{'; '.join(faults)}; fix: {fix}")
        return lines

    def _number(self, key: str, default: float) -> float:
        try:
            return float(self.values.get(key, default))
        except ValueError:
            return default

    def _read_words(self, words: list[str], process: Path, started: float) -> None:
        """Read the settings that a command line names."""
        for word, following in zip(words, [*words[1:], ""], strict=True):
            if word in ("-c", "--config-file"):
                self._read(following, process, started)
            elif word in ("-p", "--port") and following.isdecimal():
                self.ports.add(int(following))

    def _read(self, path: str, process: Path, started: float) -> None:
        """Read a file as the process saw it: in its own root, relative to its working directory."""
        seen = process / "root" / path.lstrip("/") if path.startswith("/") else process / "cwd" / path
        readable = seen if os.access(seen, os.R_OK) else Path(path)
        try:
            text = readable.read_text(encoding="utf-8", errors="replace")
            changed = readable.stat().st_mtime
        except OSError:
            return
        self.files.append(path)
        if changed > started + 1.0:
            self.newer.append(path)
        for line in text.splitlines():
            key, _, value = line.strip().partition(" ")
            value = value.strip()
            if not key or key.startswith("#"):
                continue
            if key == "include_dir":
                folder = process / "root" / value.lstrip("/")
                folder = folder if os.access(folder, os.R_OK | os.X_OK) else Path(value)
                for each in sorted(folder.glob("*.conf")) if folder.is_dir() else []:
                    self._read(f"{value.rstrip('/')}/{each.name}", process, started)
            elif key in ("listener", "port") and value.split()[:1] and value.split()[0].isdecimal():
                self.ports.add(int(value.split()[0]))
            else:
                self.values[key] = value


def _started(process: Path, processes: Path) -> float:
    """Return when a process has started, as Unix time [s]."""
    fields = (process / "stat").read_text(encoding="utf-8").rpartition(")")[2].split()
    booted = next(
        line.split()[1]
        for line in (processes / "stat").read_text(encoding="utf-8").splitlines()
        if line[:6] == "btime "
    )
    return float(booted) + float(fields[19]) / _TICK
