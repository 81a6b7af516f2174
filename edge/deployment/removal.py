"""Removal: the steps of ``davylamp uninstall-service``, each printed before it is taken."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from config.service import own_name
from edge.deployment.broker import BrokerSetup
from edge.deployment.links import copy_tree, path_beside, remove_tree, sync_folder, sync_tree
from edge.deployment.machine import Machine
from edge.deployment.releases import Release, Releases
from edge.deployment.service import Service
from edge.deployment.service_layout import CONFIGURATION, STATE, STORE, UNIT, ServiceLayout
from edge.deployment.undisturbed import undisturbed
from edge.errors import DeploymentError

_SECONDS = 120.0  # for the broker to be asked
_BROKER_FILES = (
    "/etc/mosquitto/conf.d/davylamp.conf", "/etc/mosquitto/conf.d/davylamp.conf.before",
    "/etc/mosquitto/davylamp.acl", "/etc/mosquitto/passwords",
)  # fmt: skip
_LINK = "/var/lib/davylamp"  # systemd's, to the state


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
            raise DeploymentError(f"user: got {own_name()}, expected root; fix: sudo davylamp uninstall-service")
        release = self._releases.current()
        if release is None and not self._layout.store.exists():
            self._without_store(purge=purge)
            return
        with undisturbed(self._layout.store):
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
        layout = self._layout
        places = (layout.configuration, layout.state, layout.drop_ins)
        left = [path for path in places if path.exists() or path.is_symlink()]
        if layout.unit.exists() or layout.environment.exists():
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
        remove_tree(layout.configuration)
        remove_tree(layout.drop_ins)
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
        BrokerSetup(self._machine, say=self._say).save()  # a power cut would bring back what it has on its disk

    def _remove_service(self) -> None:
        layout = self._layout
        self._say("3/3 remove the service and its files")
        for path in (layout.wants, layout.unit, layout.trial):
            path.unlink(missing_ok=True)
        self._service.reload()

    def _remove_files(self, release: Release | None, *, purge: bool) -> list[tuple[Path, str]]:
        layout, kept = self._layout, list[tuple[Path, str]]()
        ours = layout.configuration.is_symlink() or not layout.configuration.exists()
        if not purge and ours and release is not None and release.configuration.is_dir():
            # A folder in place of the link, ready for a new installation.
            fresh = path_beside(layout.configuration)
            remove_tree(fresh)
            copy_tree(release.configuration, fresh)
            sync_tree(fresh)
            layout.configuration.unlink(missing_ok=True)
            fresh.rename(layout.configuration)
            sync_folder(layout.configuration.parent)
        elif purge or layout.configuration.is_symlink():
            remove_tree(layout.configuration)
        if layout.configuration.is_dir():
            what = f"configuration, bundles and credentials; sudo rm -r {CONFIGURATION} removes them"
            kept.append((layout.configuration, what))
        for path in (layout.program, layout.environment):
            if path.is_symlink():
                path.unlink()
        if purge:
            self._remove_state()
            remove_tree(layout.drop_ins)
        if layout.state.is_dir():
            kept.append((layout.state, f"the journal; sudo rm -r {_LINK} {STATE} removes it"))
        if layout.drop_ins.is_dir():
            kept.append((layout.drop_ins, f"your settings of the service; sudo rm -r {UNIT}.d removes them"))
        remove_tree(layout.store)
        broker = map(self._machine.path, _BROKER_FILES)
        return [*kept, *((path, "the broker's, which runs on") for path in broker if path.exists())]

    def _remove_state(self) -> None:
        remove_tree(self._machine.path(_LINK))
        remove_tree(self._layout.state)
