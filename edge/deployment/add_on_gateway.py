"""Turns the options of the Home Assistant add-on into the contents of a gateway file."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from config.yaml.document import parse_document
from edge.errors import DeploymentError

SEEN_AS = "/addon_configs/..._davylamp"
"""The add-on's folder as a person sees it, by Samba or the file editor."""

PASSWORD = "password"  # noqa: S105  # the name of a file
"""File in the add-on's state that holds the broker's password."""

_OF_A_STATION = ("topic", "bundle", "station", "station_from", "format", "enhancement", "limit")
_BROKER_FILES = (("tls", "ca"), ("tls", "certificate"), ("tls", "key"), ("password", "file"))
_NOTHING = (None, "")


@dataclass(frozen=True)
class AddOnGateway:
    """The gateway file of an add-on.

    Parameters
    ----------
    options
        What the user has set; the Supervisor has checked it against the schema of the add-on.
    service
        The Supervisor's MQTT service; ``None``: nothing provides one.
    folder
        Where bundles and the user's own gateway file lie.
    state
        Where the password will lie.
    """

    options: Mapping[str, Any]
    service: Mapping[str, Any] | None
    folder: Path
    state: Path

    def document(self) -> dict[str, Any]:
        """Return the contents of gateway.yaml, with absolute paths.

        Raises
        ------
        DeploymentError
            No broker is known, or a file is not there or no gateway file.
        """
        document = self._own_file() if self.options.get("gateway_file") else self._of_options()
        document.setdefault("gateway", self.options.get("gateway") or "home")
        document.setdefault("home_assistant", {"discovery": "on"})
        document.setdefault("broker", None)
        if document["broker"] is None:
            document["broker"] = self._broker()
        self._resolve(document)
        return document

    def password(self) -> str | None:
        """Return the broker's password; ``None`` without one."""
        found = (self._elsewhere() or self.service or {}).get("password")
        return None if found in _NOTHING else str(found)

    def _of_options(self) -> dict[str, Any]:
        stations = [
            {key: station[key] for key in _OF_A_STATION if station.get(key) not in _NOTHING}
            for station in self.options.get("stations") or ()
        ]
        if not stations:
            raise DeploymentError(
                "stations: got none, expected one; fix: add its topic and bundle to the option stations"
            )
        document: dict[str, Any] = {"stations": stations}
        if (rate := self.options.get("exceedances_per_1000")) is not None:
            document["scoring"] = {"exceedances_per_1000": rate}
        if level := self.options.get("log_level"):
            document["log"] = {"level": level}
        return document

    def _own_file(self) -> dict[str, Any]:
        path = self._there(str(self.options["gateway_file"]), "gateway_file")
        try:
            document, problems = parse_document(path.read_text(encoding="utf-8"))
        except ValueError:
            document, problems = None, [("", "got bytes that are not UTF-8; fix: save it as text")]
        if not problems and not isinstance(document, dict):
            problems = [("", "got no mapping, expected the keys of a gateway.yaml; fix: correct it")]
        if problems:
            lines = [": ".join(filter(None, (f"{SEEN_AS}/{path.name}", *problem))) for problem in problems]
            raise DeploymentError("\n".join(lines))
        return dict(document)

    def _elsewhere(self) -> dict[str, Any] | None:
        """Return the broker that the options name, if they name one."""
        if not self.options.get("mqtt_host"):
            return None
        return {key: self.options.get(f"mqtt_{key}") for key in ("host", "port", "username", "password")}

    def _broker(self) -> dict[str, Any]:
        own = self._elsewhere()
        found = own or self.service
        if found is None:
            raise DeploymentError(
                "broker: the Supervisor knows none; "
                "fix: install and start the Mosquitto add-on, or set the option mqtt_host"
            )
        tls = bool(self.options.get("mqtt_tls") if own else found.get("ssl"))
        # Add-ons reach one another inside the machine; for a broker elsewhere the user has to allow it.
        plaintext = bool(self.options.get("mqtt_plaintext")) if own else not tls
        broker = {key: found[key] for key in ("host", "port", "username") if found.get(key) not in _NOTHING}
        if self.password() is not None:
            broker["password"] = {"file": str(self.state / PASSWORD)}
        if tls:
            broker["tls"] = {}
        elif plaintext:
            broker["plaintext"] = True
        return broker

    def _resolve(self, document: dict[str, Any]) -> None:
        """Make the paths absolute: the gateway file will lie elsewhere."""
        entries = document.get("stations")
        for i, entry in enumerate(entries if isinstance(entries, list) else ()):
            if isinstance(entry, dict) and isinstance(entry.get("bundle"), str):
                entry["bundle"] = str(self._there(entry["bundle"], f"stations[{i}].bundle"))
        broker = document["broker"]
        for part, key in _BROKER_FILES:
            holder = broker.get(part) if isinstance(broker, dict) else None
            if isinstance(holder, dict) and isinstance(holder.get(key), str):
                holder[key] = str(self.folder / holder[key])

    def _there(self, name: str, option: str) -> Path:
        path = self.folder / name
        if not path.is_file():
            names = sorted(each.name for each in self.folder.glob("*")) or ["none"]
            raise DeploymentError(
                f'{option}: got "{name}", expected one of the files in {SEEN_AS}, which are {", ".join(names)}; '
                f"fix: copy it there"
            )
        return path
