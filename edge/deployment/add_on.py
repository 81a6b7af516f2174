"""AddOn: the start of the Home Assistant add-on, run in its container by ``python3 -m edge.deployment.add_on``.

The options become a gateway file, and this process the agent, as a user of its own.
"""

from __future__ import annotations

import http.client
import json
import os
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from config.printable import escape_commands
from edge.deployment.add_on_gateway import PASSWORD, AddOnGateway
from edge.errors import DeploymentError

USER = 65532
"""Number of the agent's user and group."""

_SECRET = ("SUPERVISOR_TOKEN", "HASSIO_TOKEN")  # the agent has no use for them
_AGAIN = "fix: save the add-on's options again"
_SECONDS = 10.0
_NO_SERVICE = 400  # what the Supervisor answers when nothing provides the service


@dataclass(frozen=True)
class AddOn:
    """An add-on's container.

    Parameters
    ----------
    options
        File with what the user has set.
    folder
        The add-on's public folder: bundles, and the user's own gateway file.
    state
        Folder of the journal, the gateway file and the password.
    supervisor
        Host and port of the Supervisor.
    """

    options: Path = Path("/data/options.json")
    folder: Path = Path("/config")
    state: Path = Path("/data/davylamp")
    supervisor: str = "supervisor"

    def prepare(self, token: str) -> Path:
        """Write the gateway file, and return its path.

        Parameters
        ----------
        token
            Lets us ask the Supervisor.

        Raises
        ------
        DeploymentError
            The options cannot become a gateway file, or the Supervisor does not answer.
        """
        options = self._read_options()
        service = None if options.get("mqtt_host") else self._ask(token)
        gateway = AddOnGateway(options, service, self.folder, self.state)
        text = json.dumps(gateway.document(), indent=2, ensure_ascii=False)  # JSON is YAML, without words to quote
        self.state.mkdir(mode=0o700, exist_ok=True)
        _hand_over(self.state)
        _write(self.state / PASSWORD, f"{gateway.password() or ''}\n")
        path = self.state / "gateway.yaml"
        _write(path, f"# Made from the add-on's options at each start.\n{text}\n")
        return path

    def _read_options(self) -> dict[str, Any]:
        try:
            options = json.loads(self.options.read_text(encoding="utf-8"))
        except ValueError as error:
            raise DeploymentError(f"{self.options}: {error}; {_AGAIN}") from error
        if not isinstance(options, dict):
            raise DeploymentError(f"{self.options}: got no mapping; {_AGAIN}")
        return options

    def _ask(self, token: str) -> dict[str, Any] | None:
        """Ask the Supervisor for the MQTT service that another add-on provides."""
        link = http.client.HTTPConnection(self.supervisor, timeout=_SECONDS)
        try:
            link.request("GET", "/services/mqtt", headers={"Authorization": f"Bearer {token}"})
            answer = link.getresponse()
            body = answer.read()
            if answer.status == _NO_SERVICE:
                return None
            found = json.loads(body).get("data") if answer.status == http.client.OK else answer.reason
        except (OSError, ValueError, AttributeError, http.client.HTTPException) as error:
            found = str(error)
        finally:
            link.close()
        if not isinstance(found, dict):
            raise DeploymentError(
                f"the Supervisor was asked for its broker, and answered: {found}; "
                "fix: restart the add-on, or set the option mqtt_host"
            )
        return found if found.get("host") else None


def start() -> int:
    """Become the agent; returns the exit code if that is not possible."""
    add_on = AddOn()
    try:
        path = add_on.prepare(os.environ.get(_SECRET[0], ""))
        for name in _SECRET:
            os.environ.pop(name, None)
        os.chdir(add_on.state)  # where the journal will lie
        if os.geteuid() == 0:
            os.setgroups([])
            os.setgid(USER)
            os.setuid(USER)
        os.execvp("davylamp", ["davylamp", "agent", "-c", str(path)])  # noqa: S606
    except (DeploymentError, OSError) as error:
        sys.stderr.writelines(f"davylamp add-on: {escape_commands(line)}\n" for line in str(error).split("\n"))
    return 1


def _write(path: Path, text: str) -> None:
    """Write a file that the agent's user alone can read, at once or not at all."""
    fresh = path.with_name(f".{path.name}.fresh")
    fresh.unlink(missing_ok=True)
    with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
        file.write(text)
    _hand_over(fresh)
    fresh.rename(path)


def _hand_over(path: Path) -> None:
    if os.geteuid() == 0:
        os.chown(path, USER, USER)


if __name__ == "__main__":
    sys.exit(start())
