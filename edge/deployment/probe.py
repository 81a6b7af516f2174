"""Probe: what a deployment has to know about a gateway before it sends anything."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Self

from edge.deployment.target import Target, version_numbers
from edge.errors import DeploymentError

FOLDER = "/var/tmp"  # noqa: S108  (not /tmp, which is in memory on Debian 13)
"""Where the files of a deployment lie on the gateway meanwhile, in a private folder."""

SCRIPT = """
say() { printf '\\ndavylamp-probe %s=%s\\n' "$1" "$2"; }
architecture=$(dpkg --print-architecture 2>/dev/null)
if [ -z "$architecture" ] && [ "$(getconf LONG_BIT)" = 64 ]; then
  case $(uname -m) in aarch64) architecture=arm64 ;; x86_64) architecture=amd64 ;; esac
fi
python=/usr/bin/python3
[ -x "$python" ] || python=$(command -v python3)
if [ "$(id -u)" = 0 ]; then sudo=root
elif [ -z "$(command -v sudo)" ]; then sudo=missing
elif sudo -n true >/dev/null 2>&1; then sudo=free
else sudo=asks; fi
say architecture "${architecture:-$(uname -m)}"
say python "$python"
say version "$([ -n "$python" ] && "$python" -c 'import sys; print("%d.%d.%d" % sys.version_info[:3])' 2>/dev/null)"
say glibc "$(getconf GNU_LIBC_VERSION 2>/dev/null)"
say sudo "$sudo"
say time "$(date +%s)"
say room "$(df -Pk FOLDER 2>/dev/null | awk 'END { print $4 }')"
""".replace("FOLDER", FOLDER)
"""Prints a line for each fact; changes nothing."""

_FAR = 120  # [s] that two clocks may differ
_MARGIN = 1.1  # of room for what is sent


@dataclass(frozen=True)
class Probe:
    """Facts about a gateway.

    Parameters
    ----------
    target
        What wheels have to fit.
    python
        Path of the system's Python.
    sudo
        How we become root: ``root`` (we are), ``free`` (without a password), ``asks``, ``missing``.
    time
        The gateway's clock [s since 1970].
    room
        Room in ``FOLDER`` [bytes].
    """

    target: Target
    python: str
    sudo: str
    time: int
    room: int

    @classmethod
    def read(cls, text: str) -> Self:
        """Read what ``SCRIPT`` printed, whatever the login shell has printed as well.

        Raises
        ------
        DeploymentError
            A fact is missing.
        """
        facts = dict(re.findall(r"^davylamp-probe (\w+)=(.*?)\s*$", text, flags=re.MULTILINE))
        try:
            target = Target(
                facts["architecture"], version_numbers(facts["version"]), version_numbers(facts["glibc"].split(" ")[-1])
            )
            return cls(target, facts["python"], facts["sudo"], int(facts["time"]), 1024 * int(facts["room"] or 0))
        except (KeyError, ValueError) as error:
            raise DeploymentError(
                f"the gateway's answer cannot be read ({error}), expected that of a Linux with a POSIX shell; "
                "fix: install Raspberry Pi OS"
            ) from error

    def problems(self, *, terminal: bool) -> list[str]:
        """Return a sentence with the fix for everything that keeps us from installing.

        Parameters
        ----------
        terminal
            Whether sudo can ask for a password here.
        """
        found = self.target.problems()
        if self.sudo == "missing":
            found.append("sudo: not found, and this user is not root; fix: log in as root, or apt install sudo")
        if self.sudo == "asks" and not terminal:
            found.append(
                "sudo: it asks for a password, and there is no terminal here; fix: run davylamp deploy in a terminal, "
                "or let this user run sudo without a password"
            )
        return found

    def lacks_room(self, size: int) -> str | None:
        """Say that there is no room for files of this size [bytes]; ``None`` when there is."""
        if self.room >= size * _MARGIN:
            return None
        return (
            f"{FOLDER}: got {self.room / 1e6:.0f} MB of room, expected {size * _MARGIN / 1e6:.0f}; "
            "fix: sudo apt clean, or a larger card"
        )

    def clock_fault(self, now: float) -> str | None:
        """Say that the gateway's clock differs from ours [s since 1970]; ``None`` when it does not."""
        off = self.time - now
        if abs(off) <= _FAR:
            return None
        return (
            f"the gateway's clock is {abs(off):.0f} s {'ahead of' if off > 0 else 'behind'} this computer's; "
            "fix the one that is wrong: sudo timedatectl set-ntp true"
        )
