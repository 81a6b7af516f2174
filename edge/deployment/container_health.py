"""Health check of a container: healthy as long as the agent's loop goes round, whatever the broker does.

The agent reports to the socket in ``NOTIFY_SOCKET``, as it does to systemd. Nobody listens there but this check while
it runs, so that the agent is not disturbed by it. Run by its path, because it needs nothing but the standard library:
``python3 -I -S edge/deployment/container_health.py``.
"""

from __future__ import annotations

import contextlib
import os
import socket
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import TextIO

_ALIVE = b"WATCHDOG=1"
_PATIENCE = 20_000_000.0  # [µs], as systemd gives it
_ANYBODY = 0o666  # the agent may be another user than this check; nobody else is in a container


def container_health(environment: Mapping[str, str], out: TextIO) -> int:
    """Wait until the agent reports, and print what was found.

    Parameters
    ----------
    environment
        ``NOTIFY_SOCKET``, the path to which the agent reports, and ``WATCHDOG_USEC``, how long that may take [µs].
    out
        Stream to print to.

    Returns
    -------
    int
        0 if it reports in time, else 1.
    """
    name = environment.get("NOTIFY_SOCKET", "")
    if not name:
        print("NOTIFY_SOCKET: got nothing, expected the path to which the agent reports", file=out)
        return 1
    path = Path(name)
    patience = _PATIENCE
    with contextlib.suppress(ValueError):  # the agent itself says what is wrong with it
        patience = float(environment.get("WATCHDOG_USEC", patience))
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listener:
        try:
            path.unlink(missing_ok=True)  # of a check that was killed
            listener.bind(name)
            path.chmod(_ANYBODY)
        except OSError as error:
            print(
                f"{name}: {error.strerror or error}; fix: mount a volume there that the agent's user may write",
                file=out,
            )
            return 1
        try:
            alive = _reports(listener, time.monotonic() + patience / 1e6)
        finally:
            path.unlink(missing_ok=True)
    print(
        "the agent's loop goes round" if alive else "no report from the agent's loop; fix: look into its log", file=out
    )
    return 0 if alive else 1


def _reports(listener: socket.socket, until: float) -> bool:
    while (left := until - time.monotonic()) > 0:
        listener.settimeout(left)
        try:
            if _ALIVE in listener.recv(4096).split(b"\n"):
                return True
        except TimeoutError:
            return False
    return False


if __name__ == "__main__":
    sys.exit(container_health(os.environ, sys.stdout))
