"""What a process can know about the systemd service as which it runs."""

from __future__ import annotations

import os
import pwd

UNIT = "davylamp.service"
"""Name of the agent's unit."""


def is_service() -> bool:
    """Return whether systemd has started this very process as a service."""
    # Other variables are inherited by whatever a service starts; this one holds the number of the process it is for.
    return os.environ.get("SYSTEMD_EXEC_PID") == str(os.getpid())


def state_folder() -> str | None:
    """Return the folder that systemd keeps for the service (StateDirectory); ``None`` without one."""
    return os.environ.get("STATE_DIRECTORY", "").split(":")[0] or None


def own_name() -> str:
    """Return the name of the user as whom this process runs, or the number if it has no name."""
    try:
        return pwd.getpwuid(os.geteuid()).pw_name
    except KeyError:  # a dynamic user, on a machine without libnss-systemd
        return os.environ.get("USER") or str(os.geteuid())
