"""Service: the agent under systemd: started on trial, judged, and made permanent or rolled back."""

from __future__ import annotations

import time
from collections.abc import Callable

from edge.deployment.links import replace_file
from edge.deployment.machine import Machine
from edge.deployment.service_layout import SERVICE, ServiceLayout
from edge.errors import DeploymentError

READY_WITHIN = 60.0
"""Time for the old agent to stop and the new one to be ready [s]."""

_POLL = 0.2  # [s]
_PROPERTIES = "ActiveState,SubState,InvocationID,NRestarts,Result,ExecMainStatus,LoadState"


class Service:
    """Starts and stops the agent.

    Parameters
    ----------
    machine
        Where.
    sleep, monotonic
        Wait, and tell how much time has passed [s].
    """

    def __init__(
        self,
        machine: Machine,
        *,
        sleep: Callable[[float], None] = time.sleep,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._machine = machine
        self._layout = ServiceLayout(machine)
        self._sleep = sleep
        self._monotonic = monotonic

    @property
    def is_active(self) -> bool:
        """Whether the agent runs and is ready."""
        return self._show().get("ActiveState") == "active"

    @property
    def on_trial(self) -> bool:
        """Whether a release is on trial, or an interrupted installation has left one so."""
        return self._layout.trial.exists()

    def begin_trial(self, unit: bytes) -> None:
        """Have systemd use this unit until :meth:`end_trial`, or until the next boot: ``/run`` is in memory."""
        self._layout.trial.parent.mkdir(parents=True, exist_ok=True)
        replace_file(self._layout.trial, unit)
        self.reload()

    def end_trial(self) -> None:
        """Have systemd use the installed unit; what runs is not touched."""
        self._layout.trial.unlink(missing_ok=True)
        self.reload()

    def reload(self) -> None:
        """Have systemd read its units again."""
        self._machine.systemctl("daemon-reload")

    def restart(self) -> None:
        """Restart the agent, and wait until it is ready.

        Raises
        ------
        DeploymentError
            It has ended before, or took too long; with the reason from its log.
        """
        before = self._show().get("InvocationID", "")
        self._machine.systemctl("reset-failed", SERVICE, check=False)
        self._machine.systemctl("restart", "--no-block", SERVICE)
        deadline = self._monotonic() + READY_WITHIN
        while True:
            now = self._show()
            fresh = now.get("InvocationID") not in ("", before)
            if fresh and now.get("ActiveState") == "active":
                return
            if fresh and (now.get("ActiveState") == "failed" or now.get("SubState") == "auto-restart"):
                raise DeploymentError(f"it has ended before it was ready: {self.reason()}")
            if now.get("LoadState") not in ("loaded", None):
                raise DeploymentError(f"systemd cannot load {SERVICE}: {now['LoadState']}")
            if self._monotonic() > deadline:
                raise DeploymentError(f"it was not ready within {READY_WITHIN:g} s: {self.reason()}")
            self._sleep(_POLL)

    def stop(self) -> None:
        """Stop the agent; not running is fine."""
        self._machine.systemctl("stop", SERVICE, check=False)
        self._machine.systemctl("reset-failed", SERVICE, check=False)

    def reason(self) -> str:
        """Return the last line that the agent has written, or what systemd reports about its end."""
        now = self._show()
        words = ["journalctl", "-q", "--no-pager", "-o", "cat", "-n", "20"]
        printed = self._machine.run(
            [*words, f"_SYSTEMD_INVOCATION_ID={now.get('InvocationID', '')}"], check=False
        ).stdout
        lines = [line.strip() for line in printed.splitlines() if line.strip()]
        if lines:
            return lines[-1]
        return f"systemd reports {now.get('Result') or 'nothing'}, exit code {now.get('ExecMainStatus') or 'unknown'}"

    def _show(self) -> dict[str, str]:
        text = self._machine.systemctl("show", SERVICE, f"--property={_PROPERTIES}", check=False)
        return dict(line.split("=", 1) for line in text.splitlines() if "=" in line)
