"""An ssh server of the tests' own, on a port of its own, into which the present user logs in by key."""

from __future__ import annotations

import getpass
import os
import shutil
import socket
import subprocess
import time
from dataclasses import dataclass, field
from pathlib import Path

import pytest

_PRIVILEGE_SEPARATION = Path("/run/sshd")  # made by the service at boot; a container that boots nothing has none


@dataclass
class RunningSshd:
    """An ``sshd`` process with its keys in a folder; ``options`` are what ssh needs to log in."""

    folder: Path
    port: int = 0
    process: subprocess.Popen[bytes] | None = None
    made: bool = field(default=False, init=False)

    @property
    def host(self) -> str:
        return f"{getpass.getuser()}@127.0.0.1"

    @property
    def options(self) -> list[str]:
        return [
            f"Port={self.port}", f"IdentityFile={self.folder}/key", f"UserKnownHostsFile={self.folder}/known",
            "GlobalKnownHostsFile=/dev/null", "IdentitiesOnly=yes", "IdentityAgent=none", "BatchMode=yes",
        ]  # fmt: skip

    def start(self) -> None:
        sshd = shutil.which("sshd", path=f"{os.environ['PATH']}:/usr/sbin:/usr/local/sbin")
        if sshd is None or shutil.which("ssh") is None or shutil.which("ssh-keygen") is None:
            pytest.skip("NOT TESTED WITHOUT AN SSH SERVER: apt install openssh-server")
        if os.geteuid() == 0 and not _PRIVILEGE_SEPARATION.exists():
            _PRIVILEGE_SEPARATION.mkdir(mode=0o755)
            self.made = True
        for name in ("key", "host"):
            subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(self.folder / name)], check=True)
        shutil.copy(self.folder / "key.pub", self.folder / "authorized")
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        public = " ".join((self.folder / "host.pub").read_text().split()[:2])
        (self.folder / "known").write_text(f"[127.0.0.1]:{self.port} {public}\n")
        identity = self.folder / "programs" / "id"
        identity.parent.mkdir()
        identity.write_text("#!/bin/sh\necho 0\n")  # for a deployment the user is root, and needs no sudo
        identity.chmod(0o755)
        settings = self.folder / "sshd_config"
        settings.write_text(
            f"Port {self.port}\nListenAddress 127.0.0.1\nHostKey {self.folder}/host\nPidFile none\nStrictModes no\n"
            f"AuthorizedKeysFile {self.folder}/authorized\nPasswordAuthentication no\nUsePAM no\nUseDNS no\n"
            "KbdInteractiveAuthentication no\nPermitRootLogin prohibit-password\n"
            f"SetEnv PATH={identity.parent}:/usr/local/bin:/usr/bin:/bin\n"
        )
        with (self.folder / "sshd.log").open("ab") as log:
            self.process = subprocess.Popen([sshd, "-D", "-e", "-f", str(settings)], stdout=log, stderr=log)
        deadline = time.monotonic() + 15
        while time.monotonic() < deadline and self.process.poll() is None:
            try:
                socket.create_connection(("127.0.0.1", self.port), 0.5).close()
            except OSError:
                time.sleep(0.02)
            else:
                break
        test = ["ssh", *(word for option in self.options for word in ("-o", option)), self.host, "true"]
        done = subprocess.run(test, capture_output=True, text=True, timeout=60, check=False)
        if done.returncode:
            log_text = (self.folder / "sshd.log").read_text(errors="replace")
            self.stop()
            pytest.skip(f"NOT TESTED WITHOUT AN SSH LOGIN: {done.stderr.strip()} {log_text[-300:]}")

    def stop(self) -> None:
        if self.process is not None:
            self.process.terminate()
            self.process.wait(10)
        if self.made:
            _PRIVILEGE_SEPARATION.rmdir()
