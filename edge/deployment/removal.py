"""Removal: the steps of ``davylamp uninstall-service``, each said before it is taken."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

from edge.deployment.links import path_beside, remove_tree, sync_folder
from edge.deployment.machine import Machine
from edge.deployment.releases import Release, Releases
from edge.deployment.service import Service
from edge.deployment.service_layout import STORE, ServiceLayout
from edge.errors import DeploymentError

_SECONDS = 120.0  # for the broker to be asked
_BROKER_FILES = ("/etc/mosquitto/conf.d/davylamp.conf", "/etc/mosquitto/davylamp.acl", "/etc/mosquitto/passwords")


class Removal:
    """Removes the service, and everything that it has left at the broker.

    Parameters
    ----------
    machine
        Where.
    say
        Takes a line for the user.
    service
        Stops the agent.
    """

    def __init__(self, machine: Machine, *, say: Callable[[str], None], service: Service | None = None) -> None:
        self._machine = machine
        self._say = say
        self._layout = ServiceLayout(machine)
        self._releases = Releases(machine)
        self._service = service or Service(machine)

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
            The service is not installed, or the broker cannot be reached: the agent runs on then.
        """
        if not self._machine.is_root:
            raise DeploymentError(
                "user: got one without root's rights, expected root; fix: sudo davylamp uninstall-service"
            )
        release = self._releases.current()
        if release is None and not self._layout.store.exists():
            self._without_store(purge=purge)
            return
        self._stop(release, keep_topics=keep_topics)
        try:
            self._remove_service()
            kept = self._remove_files(release, purge=purge)
        except OSError as error:
            raise DeploymentError(f"{error.filename}: {error.strerror}; fix: run this again") from error
        for path, what in kept:
            self._say(f"left: {path}, {what}")
        self._say(f"davylamp is uninstalled{'' if kept else '; nothing is left'}")

    def _without_store(self, *, purge: bool) -> None:
        """Remove what an earlier uninstall has kept; without that there is nothing to do."""
        left = [p for p in (self._layout.configuration, self._layout.state) if p.exists() or p.is_symlink()]
        if self._layout.unit.exists() or self._layout.environment.exists():
            raise DeploymentError(
                f"{STORE}: there is none, so davylamp was installed by hand; "
                "fix: sudo davylamp install-service takes it over, and then it can be uninstalled"
            )
        if not left:
            raise DeploymentError("davylamp: it is not installed here")
        if not purge:
            names = ", ".join(map(str, left))
            raise DeploymentError(f"davylamp: it is uninstalled already; {names} can be removed with --purge")
        self._remove_state()
        remove_tree(self._layout.configuration)
        self._say("davylamp is uninstalled; nothing is left")

    def _stop(self, release: Release | None, *, keep_topics: bool) -> None:
        was_active = self._service.is_active
        self._say("1/3 stop the agent")
        self._service.stop()
        if keep_topics or release is None or not release.program.exists():
            self._say("2/3 what is retained at the broker stays there")
            return
        self._say("2/3 remove what is retained at the broker, and our session there")
        words = ["clear", "--as-service", "--unit", str(release.unit), "-c", str(release.gateway)]
        done = self._machine.run([release.program, *words], seconds=_SECONDS, check=False)
        lines = [line for line in (done.stdout + done.stderr).splitlines() if line.strip()]
        for line in lines:
            self._say(f"    {line}")
        if done.returncode:
            if was_active:
                self._service.restart()
            raise DeploymentError(
                f"nothing was removed: {(lines or ['no answer'])[-1]}; "
                "or leave it there: sudo davylamp uninstall-service --keep-topics"
            )

    def _remove_service(self) -> None:
        layout = self._layout
        self._say("3/3 remove the service and its files")
        for path in (layout.wants, layout.unit, layout.trial):
            path.unlink(missing_ok=True)
        remove_tree(layout.unit.with_name(f"{layout.unit.name}.d"))
        self._service.reload()

    def _remove_files(self, release: Release | None, *, purge: bool) -> list[tuple[Path, str]]:
        layout, kept = self._layout, []
        if not purge and release is not None and release.configuration.is_dir():
            # A folder in place of the link, ready for a new installation.
            fresh = path_beside(layout.configuration)
            remove_tree(fresh)
            shutil.copytree(release.configuration, fresh, symlinks=True)
            layout.configuration.unlink(missing_ok=True)
            fresh.rename(layout.configuration)
            sync_folder(layout.configuration.parent)
            kept.append((layout.configuration, "configuration, bundles and credentials; --purge removes them"))
        elif layout.configuration.is_symlink() or purge:
            remove_tree(layout.configuration)
        for path in (layout.program, layout.environment):
            if path.is_symlink():
                path.unlink()
        if purge:
            self._remove_state()
        elif layout.state.is_dir():
            kept.append((layout.state, "the journal, also known as /var/lib/davylamp; --purge removes it"))
        remove_tree(layout.store)
        broker = map(self._machine.path, _BROKER_FILES)
        return [*kept, *((path, "the broker's, which runs on") for path in broker if path.exists())]

    def _remove_state(self) -> None:
        remove_tree(self._machine.path("/var/lib/davylamp"))  # systemd's link
        remove_tree(self._layout.state)
