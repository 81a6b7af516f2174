"""WheelSource: where the wheels of an installation come from: a folder, or a download by this machine."""

from __future__ import annotations

import sys
from importlib.util import find_spec
from pathlib import Path

import config
from edge.deployment.environments import Wheels
from edge.deployment.links import remove_tree
from edge.deployment.machine import Machine
from edge.deployment.own_wheel import own_wheel
from edge.deployment.service_layout import ServiceLayout
from edge.deployment.service_unit import shipped_text
from edge.deployment.target import Target
from edge.deployment.wheelhouse import Wheelhouse, pip_command
from edge.deployment.wishes import Wishes
from edge.errors import DeploymentError


class WheelSource:
    """Finds the wheels.

    Parameters
    ----------
    machine
        Where.
    wishes
        What was asked for.
    """

    def __init__(self, machine: Machine, wishes: Wishes) -> None:
        self._layout = ServiceLayout(machine)
        self._offline = wishes.offline
        self._folder = wishes.wheelhouse or _beside_us()
        self._cache = self._layout.store / "wheels"

    def running(self) -> Path | None:
        """Return the environment that runs us, if it is one of ours and no wheels were given."""
        place = Path(sys.prefix).resolve()
        ours = place.parent == self._layout.environments.resolve()
        return place if ours and self._folder is None else None

    def given(self) -> Wheels | None:
        """Return the wheels of a folder; ``None``: there is none, and they have to be downloaded.

        Raises
        ------
        DeploymentError
            The folder is not a wheelhouse.
        """
        return None if self._folder is None else Wheels.find(self._folder)

    def problems(self) -> list[str]:
        """Return a sentence for what keeps us from downloading."""
        if self._offline:
            return ["--offline: the wheels are not here; fix: --wheelhouse DIR, or davylamp deploy from a computer"]
        try:
            pip_command()
        except DeploymentError:
            if find_spec("ensurepip") is None:
                return ["python3: got neither pip nor ensurepip to download with; fix: sudo apt install python3-venv"]
            raise
        return []

    def download(self, target: Target) -> Wheels:
        """Download the wheels into our own folder; :meth:`clean` removes them.

        Raises
        ------
        DeploymentError
            They cannot be downloaded.
        """
        self._cache.mkdir(parents=True, exist_ok=True)
        constraints = self._cache / "constraints.txt"
        constraints.write_text(shipped_text("constraints.txt"), encoding="utf-8")
        ours = own_wheel()
        wheels = Wheelhouse(target, ours.requirements, constraints, self._cache).wheels()
        folder = wheels[0].parent
        for old in folder.glob("davylamp-*.whl"):
            old.unlink()
        (folder / ours.name).write_bytes(ours.data)
        return Wheels.find(folder)

    def clean(self) -> None:
        """Remove what was downloaded, and what pip has cached."""
        remove_tree(self._cache)


def _beside_us() -> Path | None:
    """Return the folder of the wheel that we run from, if it is a wheelhouse."""
    root = Path(config.__file__).parents[1]
    return root.parent if root.is_file() and any(root.parent.glob("pip-*.whl")) else None
