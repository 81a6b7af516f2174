"""Unit file of a release: the shipped one, with the paths of the release and its credentials."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from importlib.resources import files
from pathlib import Path

from edge.deployment.service_layout import CONFIGURATION, ENVIRONMENT, SERVICE
from edge.errors import DeploymentError

_CREDENTIAL = re.compile(r"^LoadCredential=([^:\s]+):(\S+)\s*$", flags=re.MULTILINE)


def shipped_text(name: str) -> str:
    """Return a file that davylamp ships in ``config/templates``, also when it runs out of its wheel.

    Raises
    ------
    DeploymentError
        It is not where the wheel and the source tree have it.
    """
    templates = files("config.templates")
    source = Path(__file__).parents[2]  # in a source tree unit and constraints have places of their own
    for place in (templates / name, source / "systemd" / name, source / name):
        try:
            return place.read_text(encoding="utf-8")
        except OSError:
            continue
    raise DeploymentError(f"{name}: not found in this davylamp; fix: install it from its wheel, or run a checkout")


def render_unit(shipped: str, release: str, credentials: Iterable[str]) -> str:
    """Return the unit of a release.

    Parameters
    ----------
    shipped
        The shipped unit.
    release
        Folder of the release, as the machine sees it.
    credentials
        Names of files in its ``etc`` that only root may read: systemd hands them to the service.
    """
    lines = []
    # What comes before the first section explains how to install it by hand.
    for line in shipped[shipped.index("[Unit]") :].splitlines():
        if line.startswith(("#LoadCredential=", "ConfigurationDirectory=")):
            continue  # ConfigurationDirectory= would make a folder where our link is going to be
        lines.append(
            line.replace(f"{ENVIRONMENT}/bin", f"{release}/environment/bin").replace(
                f"{CONFIGURATION}/", f"{release}/etc/"
            )
            if not line.startswith("#")
            else line
        )
        if line == "[Service]":
            lines += [f"LoadCredential={name}:{release}/etc/{name}" for name in sorted(credentials)]
    return "\n".join([f"# {SERVICE} of {release}; your own settings: sudo systemctl edit davylamp", *lines, ""])


def credentials_of(unit: str) -> Mapping[str, str]:
    """Return the credentials that a unit hands out, and the files that they come from."""
    return dict(_CREDENTIAL.findall(unit))
