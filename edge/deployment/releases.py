"""Releases: what was installed, each with its environment, its configuration and its unit."""

from __future__ import annotations

import re
import shutil
from dataclasses import dataclass
from pathlib import Path

from edge.deployment.links import remove_tree, replace_file, replace_link, sync_folder, sync_tree
from edge.deployment.machine import Machine
from edge.deployment.service_layout import ENVIRONMENT, STORE, ServiceLayout

PARTIAL = ".partial"
"""End of the name of a release that is being built."""

_WANTED = "../davylamp.service"
_NUMBER = re.compile(rf"{re.escape(STORE)}/releases/(\d+)/")


@dataclass(frozen=True)
class Release:
    """One release.

    Parameters
    ----------
    number
        Its number; 0 is what was installed by hand before.
    folder
        Where it lies.
    """

    number: int
    folder: Path

    @property
    def configuration(self) -> Path:
        """Folder of gateway.yaml, bundles and credentials."""
        return self.folder / "etc"

    @property
    def gateway(self) -> Path:
        """The gateway file."""
        return self.configuration / "gateway.yaml"

    @property
    def unit(self) -> Path:
        """Unit with this release's paths."""
        return self.folder / "davylamp.service"

    @property
    def environment(self) -> Path:
        """Link to the environment."""
        return self.folder / "environment"

    @property
    def program(self) -> Path:
        """The command line of its environment."""
        return self.environment / "bin/davylamp"


class Releases:
    """The releases on a machine.

    Parameters
    ----------
    machine
        The machine.
    """

    def __init__(self, machine: Machine) -> None:
        self._layout = ServiceLayout(machine)

    def at(self, number: int) -> Release:
        """Return a release, whether it is there or not."""
        return Release(number, self._layout.release(number))

    def all(self) -> list[Release]:
        """Return the complete releases, the oldest first."""
        folder = self._layout.releases
        numbers = [int(path.name) for path in folder.iterdir() if path.name.isdecimal()] if folder.is_dir() else []
        return [self.at(number) for number in sorted(numbers)]

    def current(self) -> Release | None:
        """Return the release that systemd starts at boot; ``None`` without one."""
        try:
            found = _NUMBER.search(self._layout.unit.read_text(encoding="utf-8", errors="replace"))
        except OSError:
            found = None
        if found is None:
            return self._linked(self._layout.current)
        release = self.at(int(found[1]))
        return release if release.folder.is_dir() else self._linked(self._layout.current)

    def previous(self) -> Release | None:
        """Return the release before the current one, if it is kept."""
        return self._linked(self._layout.previous)

    def next_number(self) -> int:
        """Return the number of a new release."""
        there = self.all()
        return 1 + (there[-1].number if there else 0)

    def complete(self, draft: Release) -> Release:
        """Give a release that was built its number: from now on it is one."""
        sync_tree(draft.folder)
        release = self.at(draft.number)
        draft.folder.rename(release.folder)
        sync_folder(release.folder.parent)
        sync_folder(release.folder.parents[1])
        return release

    def switch(self, release: Release) -> bool:
        """Have systemd start this release from now on.

        The unit is the switch: all its paths are those of its release. Links for people and their programs follow.

        Returns
        -------
        bool
            Whether they did; :meth:`repair` has them follow when the disk has room again.

        Raises
        ------
        OSError
            Nothing was switched.
        """
        before, layout = self.current(), self._layout
        _link(layout.wants, _WANTED)  # without a unit it means nothing
        replace_file(layout.unit, release.unit.read_bytes())
        try:
            if before is not None and before.number != release.number:
                replace_link(layout.previous, f"releases/{before.number}")
            self.repair()
        except OSError:
            return False
        return True

    def keep_edited_unit(self, release: Release) -> bool:
        """Keep a unit that somebody has changed in place, with its release; returns whether there was one."""
        unit = self._layout.unit
        if not unit.is_file() or not release.unit.is_file() or unit.read_bytes() == release.unit.read_bytes():
            return False
        replace_file(release.unit, unit.read_bytes())
        return True

    def repair(self) -> None:
        """Have every link point to the unit's release, and let systemd start it at boot."""
        release, layout = self.current(), self._layout
        if release is None:
            return
        links = {layout.current: f"releases/{release.number}", layout.configuration: f"{STORE}/current/etc"}
        if layout.unit.exists():
            links |= {layout.wants: _WANTED}
        if release.environment.exists():
            links |= {layout.environment: f"{Path(STORE).name}/current/environment"}
            if not layout.program.exists() or _is_ours(layout.program):
                links |= {layout.program: f"{ENVIRONMENT}/bin/davylamp"}
        for path, target in links.items():
            _link(path, target)

    def clean(self) -> list[str]:
        """Remove what an interrupted installation has left, and releases before the last two; returns their names."""
        folder, gone = self._layout.releases, []
        keep = {release.number for release in (self.current(), self.previous()) if release is not None}
        for path in sorted(folder.iterdir()) if folder.is_dir() else []:
            if path.name.isdecimal() and int(path.name) in keep:
                continue
            # A plain rename first: what is half removed is no release.
            doomed = path if path.name.endswith(PARTIAL) else path.with_name(f"{path.name}{PARTIAL}")
            if doomed != path:
                remove_tree(doomed)
                path.rename(doomed)
            shutil.rmtree(doomed) if doomed.is_dir() and not doomed.is_symlink() else doomed.unlink()
            gone.append(path.name.removesuffix(PARTIAL))
        return gone

    def _linked(self, link: Path) -> Release | None:
        if not link.is_symlink() or not (name := link.readlink().name).isdecimal():
            return None
        release = self.at(int(name))
        return release if release.folder.is_dir() else None


def _link(path: Path, target: str) -> None:
    """Have a link point to its target, unless it does, or a folder is in its place, which only a takeover exchanges."""
    if path.is_symlink() and str(path.readlink()) == target:
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.is_dir() and not path.is_symlink():
        if any(path.iterdir()):
            return
        path.rmdir()
    replace_link(path, target)


def _is_ours(path: Path) -> bool:
    return path.is_symlink() and str(path.readlink()).startswith(ENVIRONMENT)
