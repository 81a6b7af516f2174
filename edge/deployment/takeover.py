"""Takeover: an installation by hand becomes release 0, while it runs on."""

from __future__ import annotations

from pathlib import Path

from edge.deployment.links import copy_tree, exchange, path_beside, remove_tree, replace_file, replace_link, sync_tree
from edge.deployment.machine import Machine
from edge.deployment.releases import Release, Releases
from edge.deployment.service_layout import STORE, ServiceLayout
from edge.errors import DeploymentError


class Takeover:
    """Finds plain folders in the places of our links, and takes them over.

    Parameters
    ----------
    machine
        Where.
    """

    def __init__(self, machine: Machine) -> None:
        self._layout = ServiceLayout(machine)
        self._releases = Releases(machine)

    def found(self) -> list[Path]:
        """Return the plain folders of an installation by hand."""
        return [path for path in (self._layout.environment, self._layout.configuration) if _is_plain(path)]

    def run(self) -> Release:
        """Take them over; each step leaves what is installed as able to run as it was.

        Raises
        ------
        DeploymentError, OSError
            They cannot be taken over; they are unchanged.
        """
        layout, release, current = self._layout, self._releases.at(0), self._releases.current()
        if current is not None and current.number:
            names = " and ".join(map(str, self.found()))
            raise DeploymentError(
                f"{names}: got a folder, expected our link, because release {current.number} is installed; "
                "fix: move it away, e.g. sudo mv /etc/davylamp /etc/davylamp.mine, and run this again"
            )
        release.folder.mkdir(parents=True, exist_ok=True)
        if layout.unit.is_file() and current in (None, release):
            replace_file(release.unit, layout.unit.read_bytes())
        if _is_plain(layout.configuration):
            # Copied: /etc may be on another disk. The copy is in place before the exchange.
            remove_tree(release.configuration)
            copy_tree(layout.configuration, release.configuration)
            sync_tree(release.folder)
        else:
            release.configuration.mkdir(exist_ok=True)
        replace_link(layout.current, f"releases/{release.number}")
        if _is_plain(layout.configuration):
            link = path_beside(layout.configuration)
            remove_tree(link)
            link.symlink_to(f"{STORE}/current/etc")
            exchange(layout.configuration, link)
            remove_tree(link)  # now it is the folder
        if _is_plain(layout.environment):
            remove_tree(release.environment)
            release.environment.symlink_to(f"{STORE}/current/environment")
            exchange(layout.environment, release.environment)
        return release


def _is_plain(path: Path) -> bool:
    return path.is_dir() and not path.is_symlink()
