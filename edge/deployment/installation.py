"""Installation: the steps of ``davylamp install-service``, each printed before it is taken."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

from edge.deployment.broker import BrokerSetup
from edge.deployment.environments import Environments, Wheels
from edge.deployment.machine import Machine
from edge.deployment.mosquitto_logins import AccessRule
from edge.deployment.password_file import absence, read_password_file
from edge.deployment.preflight import PYTHON, Preflight
from edge.deployment.release_draft import ReleaseDraft
from edge.deployment.releases import Release, Releases
from edge.deployment.service import Service
from edge.deployment.service_layout import CONFIGURATION, UNIT, ServiceLayout
from edge.deployment.takeover import Takeover
from edge.deployment.undisturbed import undisturbed
from edge.deployment.wheel_source import WheelSource
from edge.deployment.wishes import Wishes
from edge.errors import DeploymentError

ONLINE_WITHIN = 30.0
"""Time for a new agent to be online at the broker [s]."""

_DOWNLOADED = 230_000_000  # [bytes] of wheels and the environment made from them
_CHECK_SECONDS = 180.0  # a Raspberry Pi 3 loads ONNX Runtime within 10 s


class Installation:
    """Installs the service, or upgrades it.

    Parameters
    ----------
    machine
        Where.
    say
        Takes a line for the user.
    service
        Starts and stops the agent.
    """

    def __init__(self, machine: Machine, *, say: Callable[[str], None], service: Service | None = None) -> None:
        self._machine = machine
        self._say = say
        self._layout = ServiceLayout(machine)
        self._releases = Releases(machine)
        self._service = service or Service(machine)
        self._broker = BrokerSetup(machine, say=lambda line: say(f"    {line}"))

    def run(self, wishes: Wishes) -> None:
        """Take all steps.

        Raises
        ------
        DeploymentError
            Something is missing or wrong, a line each; what ran before runs on.
        """
        source = WheelSource(self._machine, wishes)
        preflight = Preflight(self._machine)
        wheels = self._preflight(preflight, source, wishes)
        environments = Environments(self._machine, PYTHON, preflight.target.python)
        if wishes.dry_run:
            self._describe(source, wheels, environments, wishes)
            return
        with undisturbed(self._layout.store):
            try:
                self._install(wishes, source, wheels, environments, preflight)
            except OSError as error:
                raise DeploymentError(
                    f"{error.filename or self._layout.store}: {error.strerror or error}; what ran before runs on"
                ) from error
            finally:
                source.clean()

    def _preflight(self, preflight: Preflight, source: WheelSource, wishes: Wishes) -> Wheels | None:
        problems, wheels = preflight.problems(), None
        try:
            wheels = source.given()
            if wheels is not None:
                environments = Environments(self._machine, PYTHON, preflight.target.python)
                if not environments.is_complete(environments.place(wheels)):
                    problems += preflight.lacks_room(wheels.installed_bytes())
            elif source.running() is None:
                problems += source.problems() + preflight.lacks_room(_DOWNLOADED)
        except DeploymentError as error:
            problems.append(str(error))
        problems += _unusable(wishes)
        nothing = self._releases.current() is None and not Takeover(self._machine).found()
        if nothing and not wishes.bundles and wishes.config is None:
            problems.append("bundle: got none, and nothing is installed yet; fix: --bundle one.davy")
        if wishes.broker:
            problems += self._broker.problems(offline=wishes.offline)
        if problems:
            raise DeploymentError("\n".join(problems))
        self._say(f"1/6 preflight: {preflight.target}: nothing is missing")
        for warning in preflight.warnings:
            self._say(f"    warning: {warning}")
        return wheels

    def _describe(self, source: WheelSource, wheels: Wheels | None, environments: Environments, wishes: Wishes) -> None:
        if wheels is not None:
            place = environments.place(wheels)
            done = "is there" if environments.is_complete(place) else "would be made"
            self._say(f"2/6 environment {place.name}: {done}")
        elif (running := source.running()) is not None:
            self._say(f"2/6 environment {running.name}: is there")
        else:
            self._say("2/6 environment: its wheels would be downloaded, and it would be made")
        for path in Takeover(self._machine).found():
            self._say(f"    {path}: would be taken over as release 0")
        current = self._releases.current()
        before = "" if current is None else f", beside release {current.number}, which runs on meanwhile"
        self._say(f"3/6 release {self._releases.next_number()} would be built{before}")
        broker = "the broker would be set up, and " if wishes.broker else ""
        self._say(f"4/6 {broker}the agent would be checked as its service")
        self._say(f"5/6 it would be started, and has {ONLINE_WITHIN:g} s to be online; otherwise it is rolled back")
        self._say("6/6 dry run: nothing was changed")

    def _install(
        self, wishes: Wishes, source: WheelSource, wheels: Wheels | None, environments: Environments,
        preflight: Preflight,
    ) -> None:  # fmt: skip
        self._recover()
        environment = self._environment(source, wheels, environments, preflight)
        takeover = Takeover(self._machine)
        if found := takeover.found():
            takeover.run()
            runs = ", which runs on" if self._layout.unit.exists() else ""
            self._say(f"    {' and '.join(map(str, found))}: taken over as release 0{runs}")
        before = self._releases.current()
        if before is not None and self._releases.keep_edited_unit(before):
            self._say(
                f"    warning: {UNIT} was changed by hand, is replaced, and is kept as {before.unit}; "
                "fix: sudo systemctl edit davylamp, whose settings stay"
            )
        draft = ReleaseDraft(self._machine, environment, before, self._say)
        self._say(f"3/6 release {draft.release.number}: {CONFIGURATION} with what is new")
        try:
            draft.fill(wishes)
            if wishes.broker:
                self._set_up_broker(draft)
            if before is not None and draft.same_as(before) and self._goes_on(before):
                return
            release = self._releases.complete(draft.release)
            self._check(release)
            self._switch(release, before)
        except BaseException:
            self._broker.undo()
            raise
        finally:
            self._releases.clean()
            kept = [r.environment for r in self._releases.all()]
            environments.remove_others(kept)
        if wishes.broker:
            self._broker.save()
        self._say(f"6/6 release {release.number} runs; kept besides: {self._kept()}")

    def _recover(self) -> None:
        """Tidy up after an installation that was interrupted."""
        if self._service.on_trial:
            self._service.end_trial()
            current = self._releases.current()
            if current is None:
                self._service.stop()
            else:
                self._say(f"    an earlier installation was interrupted: back to release {current.number}")
                self._service.restart()
        self._releases.repair()
        self._releases.clean()

    def _environment(
        self, source: WheelSource, wheels: Wheels | None, environments: Environments, preflight: Preflight
    ) -> Path:
        if wheels is None and (running := source.running()) is not None:
            self._say(f"2/6 environment {running.name}: is there")
            return running
        if wheels is None:
            self._say("    downloading the wheels")
            wheels = source.download(preflight.target)
        place = environments.place(wheels)
        if environments.is_complete(place):
            self._say(f"2/6 environment {place.name}: is there")
            return place
        self._say(f"2/6 environment {place.name}: being made from {len(wheels.others) + 1} wheels")
        begun = time.monotonic()
        environments.make(wheels)
        self._say(f"    {_disk_mb(place):.0f} MB in {time.monotonic() - begun:.0f} s")
        return place

    def _set_up_broker(self, draft: ReleaseDraft) -> None:
        self._say("    broker: Mosquitto with our settings, logins and access rules")
        python, gateway = draft.release.environment / "bin/python", draft.release.gateway
        printed = self._machine.run([python, "-m", "edge.agent.access_rules", gateway]).stdout
        self._broker.set_up(draft.password(), draft.facts["base"], AccessRule.read(printed), port=draft.facts["port"])

    def _goes_on(self, current: Release) -> bool:
        """Let the current release go on, if it runs; returns whether there is nothing else to do."""
        self._releases.repair()
        self._service.reload()
        if not self._service.is_active:
            self._say("    nothing is new, but the agent does not run: it is started")
            self._service.restart()
        self._await_online(current)
        self._say(f"6/6 release {current.number} has all of this already, and is online: nothing is changed")
        return True

    def _check(self, release: Release) -> None:
        self._say("4/6 check, as the service: its user, its sandbox, its credentials")
        words = ["check", "--as-service", "--unit", str(release.unit), "-c", str(release.gateway), "--listen", "0"]
        done = self._machine.run([release.program, *words], seconds=_CHECK_SECONDS, check=False)
        lines = (done.stdout + done.stderr).splitlines()
        for line in lines:
            self._say(f"    {line}")
        if done.returncode:
            errors = [line.removeprefix("error").strip() for line in lines if line.startswith("error")]
            folder = f"{release.configuration}/"  # it is about to go: what remains is the name
            other = [line for line in lines if not line.startswith("ok ")][-3:]
            unknown = [f"it ended with exit code {done.returncode} and no reason; fix: see sudo journalctl -n 30"]
            reasons = "\n".join(line.removeprefix(folder) for line in errors or other or unknown)
            raise DeploymentError(f"check refuses the new release, and nothing was switched:\n{reasons}")

    def _switch(self, release: Release, before: Release | None) -> None:
        """Start a release on trial, and make it permanent when it is online.

        Until then everything that a boot finds is the old one's: the trial lies in ``/run``.
        """
        self._say(f"5/6 switch: release {release.number} has to be ready, and online within {ONLINE_WITHIN:g} s")
        try:
            self._service.begin_trial(release.unit.read_bytes())
            self._service.restart()
            self._await_online(release)
            complete = self._releases.switch(release)
        except BaseException as error:
            self._roll_back(before, error)
            raise
        if not complete:
            self._say(f"    warning: no room for the links to release {release.number}; fix: make room, run this again")
        self._service.end_trial()

    def _await_online(self, release: Release) -> None:
        words = ["check", "--as-service", "--unit", str(release.unit), "-c", str(release.gateway)]
        done = self._machine.run(
            [release.program, *words, "--online", f"{ONLINE_WITHIN:g}"], seconds=_CHECK_SECONDS, check=False
        )
        lines = [line for line in (done.stdout + done.stderr).splitlines() if line.strip()]
        for line in lines:
            self._say(f"    {line}")
        if done.returncode:
            errors = [line.removeprefix("error").strip() for line in lines if line.startswith("error")]
            raise DeploymentError(f"it is not online: {(errors or lines or ['no answer'])[0]}")

    def _roll_back(self, before: Release | None, error: BaseException) -> None:
        self._service.end_trial()
        reason = str(error) or type(error).__name__
        if before is None or not self._layout.unit.exists():
            self._service.stop()
            raise DeploymentError(f"the new release was stopped again: {reason}") from error
        try:
            self._service.restart()
        except DeploymentError as second:
            raise DeploymentError(
                f"the new release was rolled back: {reason}\nrelease {before.number} does not start either: {second}"
            ) from error
        raise DeploymentError(
            f"the new release was rolled back: {reason}\nrelease {before.number} runs again"
        ) from error

    def _kept(self) -> str:
        previous = self._releases.previous()
        return "none" if previous is None else f"release {previous.number}"


def _unusable(wishes: Wishes) -> list[str]:
    """Return a sentence for each file that was asked for and cannot be used."""
    paths = (*wishes.bundles, *wishes.files, *(() if wishes.config is None else (wishes.config,)))
    found = [fault for fault in map(absence, paths) if fault is not None]
    if wishes.password is not None:
        try:
            read_password_file(wishes.password)
        except DeploymentError as error:
            found.append(str(error))
    return found


def _disk_mb(folder: Path) -> float:
    """Return how much room a folder takes [MB]."""
    blocks = sum(path.lstat().st_blocks for path in folder.rglob("*"))
    return 512 * blocks / 1e6
