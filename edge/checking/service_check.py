"""The check as the agent's service: most of it runs inside the service's sandbox, the rest needs root outside."""

from __future__ import annotations

import os
import sys
from itertools import pairwise
from pathlib import Path
from typing import TextIO

import edge
from config.errors import ConfigError
from config.service import UNIT
from config.yaml.load import load_gateway
from edge.checking.findings import Findings
from edge.checking.gateway_check import check_settings
from edge.checking.online import NOTHING_SEEN
from edge.checking.service_run import ServiceRun, show_unit
from edge.errors import ServiceError


class ServiceCheck:
    """Checks a gateway file as the agent's service will use it.

    Parameters
    ----------
    gateway_path
        Gateway file.
    unit
        A unit file that need not be installed; ``None``: the installed unit.
    out
        Stream to print to.
    """

    def __init__(self, gateway_path: Path, unit: Path | None, out: TextIO) -> None:
        self._path = os.path.abspath(gateway_path)  # noqa: PTH100  # links stay: /etc/davylamp may be one
        self._unit = unit
        self._out = out
        self._findings = Findings(out)

    def check(self, listen: float | None) -> bool:
        """Check everything; returns whether no finding is an error."""
        try:
            service = ServiceRun(self._unit)
            self._findings.ok(f"checked as {self._unit or UNIT} runs the agent: user {service.user}, in its sandbox")
            self._compare(service)
            mosquitto = self._check_settings()
            words = [] if listen is None else ["--listen", f"{listen:g}"]
            code = self._run(service, [*words, *(["--mosquitto"] if mosquitto else [])])
        except ServiceError as error:
            self._findings.error(error)
            return False
        return not code and not self._findings.errors

    def wait_online(self, seconds: float) -> bool:
        """Wait until the run that systemd has started last is online; returns whether it is."""
        try:
            service = ServiceRun(self._unit)
            shown = show_unit(UNIT, "ActiveState", "ExecMainStartTimestamp")
            if shown["ActiveState"] not in ("active", "activating", "reloading"):
                raise ServiceError(f"{UNIT}: got {shown['ActiveState']}; fix: sudo systemctl start davylamp")  # noqa: TRY301
            since = shown["ExecMainStartTimestamp"].removeprefix("@") or "0"
            code = self._run(service, ["--online", f"{seconds:g}", "--since", since])
        except ServiceError as error:
            self._findings.error(error)
            return False
        if not code:
            return True
        now = show_unit(UNIT, "ActiveState", "SubState", "NRestarts", "StatusText")
        status = now["StatusText"]
        if code == NOTHING_SEEN and now["ActiveState"] == "active" and status.startswith("online"):
            self._findings.ok(f"{UNIT}: it reports itself: {status}; its login may not read `state`")
            return True
        state = f"{now['ActiveState']} ({now['SubState']}), restarted {now['NRestarts'] or 0} times"
        self._findings.error(f"{UNIT}: {state}{f', {status}' if status else ''}; fix: see journalctl -u davylamp")
        return False

    def _compare(self, service: ServiceRun) -> None:
        """Warn if the installed unit runs with another file than the one that is checked."""
        words = service.started
        for option, path in pairwise(words):
            if option in ("-c", "--config") and os.path.realpath(path) != os.path.realpath(self._path):
                self._findings.warning(f"{UNIT} runs the agent with {path}, and {self._path} is checked here")

    def _check_settings(self) -> bool:
        """Check the settings of a broker on this computer; returns whether it is Mosquitto."""
        try:
            gateway = load_gateway(self._path)
        except ConfigError:  # reported by the check in the service as well
            return False
        return check_settings(gateway, self._findings)

    def _run(self, service: ServiceRun, words: list[str]) -> int:
        home = Path(edge.__file__).parents[1]
        if service.started:
            if "agent" not in service.started:
                started = " ".join(service.started)
                raise ServiceError(f"{UNIT}: ExecStart={started} does not run `davylamp agent`; fix: correct it")
            command, environment = service.started[: service.started.index("agent")], {}
        else:
            command = [sys.executable, "-P", "-m", "davylamp"]
            environment = {} if home.is_relative_to(sys.prefix) else {"PYTHONPATH": str(home)}
        return service.run([*command, "check", "-c", self._path, *words], environment, self._out)
