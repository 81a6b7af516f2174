"""Installation: the steps of ``davylamp install-service``, each said before it is taken."""

from __future__ import annotations

from collections.abc import Callable

from edge.deployment.machine import Machine
from edge.deployment.wishes import Wishes


class Installation:
    """Installs the service, or upgrades it.

    Parameters
    ----------
    machine
        Where.
    say
        Takes a line for the user.
    """

    def __init__(self, machine: Machine, *, say: Callable[[str], None]) -> None:
        self._machine = machine
        self._say = say

    def run(self, wishes: Wishes) -> None:
        """Take all steps.

        Raises
        ------
        DeploymentError
            Something is missing or wrong, a line each; what ran before runs on.
        """
        raise NotImplementedError
