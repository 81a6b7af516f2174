"""Removal: the steps of ``davylamp uninstall-service``, each said before it is taken."""

from __future__ import annotations

from collections.abc import Callable

from edge.deployment.machine import Machine


class Removal:
    """Removes the service, and everything that it has left at the broker.

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

    def run(self, *, purge: bool, keep_topics: bool) -> None:
        """Take all steps.

        Parameters
        ----------
        purge
            Whether configuration, bundles and journal are removed as well.
        keep_topics
            Whether what is retained at the broker, and our session there, are left.

        Raises
        ------
        DeploymentError
            The service is not installed, or the broker cannot be reached.
        """
        raise NotImplementedError
