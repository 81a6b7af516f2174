"""ServiceLayout: where everything of the service lies.

::

    /opt/davylamp.d/environments/VERSION-HASH/   an environment per set of wheels; complete when .complete is there
    /opt/davylamp.d/releases/NUMBER/             environment -> ../../environments/..., etc/, davylamp.service
    /opt/davylamp.d/current -> releases/NUMBER
    /opt/davylamp -> davylamp.d/current/environment
    /etc/davylamp -> /opt/davylamp.d/current/etc
    /etc/systemd/system/davylamp.service         a copy of the current release's; its replacement is the switch
    /usr/local/bin/davylamp -> /opt/davylamp/bin/davylamp
    /var/lib/davylamp                            the state, which systemd makes
"""

from __future__ import annotations

from pathlib import Path

from edge.deployment.machine import Machine

SERVICE = "davylamp.service"
"""Name of the unit."""

STORE = "/opt/davylamp.d"
"""Folder of environments and releases."""

ENVIRONMENT = "/opt/davylamp"
"""Link to the environment of the current release."""

CONFIGURATION = "/etc/davylamp"
"""Link to the configuration of the current release."""

UNIT = f"/etc/systemd/system/{SERVICE}"
"""The unit that systemd starts at boot."""

WANTS = f"/etc/systemd/system/multi-user.target.wants/{SERVICE}"
"""What makes systemd start it."""

TRIAL = f"/run/systemd/system.control/{SERVICE}"
"""Unit of a release on trial: it comes before ``UNIT``, and is gone after a power cut."""

PROGRAM = "/usr/local/bin/davylamp"
"""Link to the command line, for ``sudo davylamp``."""

STATE = "/var/lib/private/davylamp"
"""What the service keeps; ``/var/lib/davylamp`` is systemd's link to it."""


class ServiceLayout:
    """Paths of the service on a machine.

    Parameters
    ----------
    machine
        The machine.
    """

    def __init__(self, machine: Machine) -> None:
        self.store = machine.path(STORE)
        self.environments = self.store / "environments"
        self.releases = self.store / "releases"
        self.current = self.store / "current"
        self.previous = self.store / "previous"
        self.environment = machine.path(ENVIRONMENT)
        self.configuration = machine.path(CONFIGURATION)
        self.unit = machine.path(UNIT)
        self.drop_ins = machine.path(f"{UNIT}.d")
        self.wants = machine.path(WANTS)
        self.trial = machine.path(TRIAL)
        self.program = machine.path(PROGRAM)
        self.state = machine.path(STATE)

    def release(self, number: int) -> Path:
        """Return the folder of a release."""
        return self.releases / str(number)
