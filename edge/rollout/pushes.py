"""Pushes: bundles on their way to many stations, whichever gateway has them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, TextIO

from config.printable import escape_commands
from edge.bundles.archive import read_bundle
from edge.bundles.bundle import Bundle
from edge.clock import Clock
from edge.errors import BrokerError, BundleError, RequestError
from edge.mqtt.link import Link
from edge.mqtt.topics import Topics
from edge.rollout.push_session import PushSession
from edge.rollout.signing_key import SigningKey


class Pushes:
    """One push after the other; a gateway that does not answer is waited for once.

    Parameters
    ----------
    link
        The connection, subscribed to the answers of all gateways.
    clock
        Signs, and paces what is sent again.
    gateways
        Their topics.
    path
        A bundle, or a folder with one for each station, ``NAME.davy``.
    one
        Id and bytes of the one bundle; ``None``: each station has its own.
    key
        Signs them; ``None``: they are sent without a signature.
    patience
        Time without an answer after which a gateway is given up [s].
    shadow, force
        As of :meth:`edge.rollout.push_session.PushSession.push`.
    wait
        Whether to wait until each is active or refused.
    stop
        Returns whether a stop is requested.
    out
        Stream to print to.
    """

    def __init__(
        self,
        link: Link,
        clock: Clock,
        gateways: Sequence[Topics],
        path: Path,
        one: tuple[str, bytes] | None,
        *,
        key: SigningKey | None,
        patience: float,
        shadow: int | None,
        force: bool,
        wait: bool,
        stop: Callable[[], bool],
        out: TextIO,
    ) -> None:
        self._link = link
        self._clock = clock
        self._gateways = gateways
        self._path = path
        self._one = one
        self._key = key
        self._patience = patience
        self._shadow = shadow
        self._force = force
        self._wait = wait
        self._stop = stop
        self._out = out
        self._known: dict[str, list[str]] = {}  # base topic of a gateway -> its stations
        self._silent: dict[str, str] = {}  # that of one that does not answer -> the error

    def find_stations(self, named: Sequence[str] | None) -> list[str]:
        """Return the stations that are meant, and find out which gateway knows them.

        Parameters
        ----------
        named
            Names of stations; ``None``: every station that is known, or that has a bundle in the folder.

        Raises
        ------
        BrokerError
            The only gateway does not answer.
        RequestError
            There is none.
        KeyboardInterrupt
            A stop was requested.
        """
        for topics in self._gateways if len(self._gateways) > 1 or named is None else ():
            try:
                self._known[topics.base] = self._session(topics).stations()
            except BrokerError as error:
                if len(self._gateways) == 1:
                    raise
                self._silent[topics.base] = str(error)
                self._print(f"{topics.base}: {error}")
        if self._stop():
            raise KeyboardInterrupt
        if named is not None:
            return list(dict.fromkeys(named))
        known = sorted({name for names in self._known.values() for name in names})
        own = known if self._one is not None else [file.stem for file in sorted(self._path.glob("*.davy"))]
        if not known and self._one is not None:
            raise RequestError("the agent knows no station yet; fix: push it when one has sent a reading")
        if not own:
            raise RequestError(f"{self._path}: got no bundle NAME.davy in this folder, expected some; check the path")
        for station in known:
            if station not in own:
                self._print(f"{station}: keeps what it has: there is no {self._path / station}.davy")
        return own

    def push(self, station: str, *, alone: bool) -> bool:
        """Push for a station, print what became of it, and return whether that is good.

        Raises
        ------
        BrokerError
            Nobody answers, and the station is ``alone``.
        KeyboardInterrupt
            A stop was requested; what has come is kept.
        """
        path = self._path if self._one is not None else self._path / f"{station}.davy"
        topics = self._gateways[0]
        try:
            topics = self._home(station)
            bundle, data = self._one or load_bundle(path)
            session = self._session(topics, data, escape_commands(path.name)[-200:])
            models = session.push(station, shadow=self._shadow, force=self._force)
            if models is not None and self._wait:
                models = self._follow(session, station, models)
        except BrokerError as error:
            if alone:
                raise
            self._silent[topics.base] = str(error)
            self._print(f"{station}: {error}")
            return False
        except (RequestError, BundleError) as error:
            self._print(f"{station}: refused: {error}")
            return False
        if models is None:
            raise KeyboardInterrupt
        line, good = outcome_line(models, bundle, session.sha256)
        self._print(f"{station}: {line}")
        return good

    def _session(self, topics: Topics, data: bytes = b"", name: str = "") -> PushSession:
        return PushSession(
            self._link, topics, self._clock, data, name, key=self._key, patience=self._patience, stop=self._stop
        )

    def _home(self, station: str) -> Topics:
        """Return the gateway that knows a station; raises RequestError if none does, several do, or it is silent."""
        if len(self._gateways) == 1:
            homes = list(self._gateways)
        else:
            homes = [each for each in self._gateways if station in self._known.get(each.base, ())]
        names = ", ".join(each.base for each in homes or self._gateways)
        if not homes:
            raise RequestError(f"station: got {station!r}, expected one that has sent a reading to one of {names}")
        if len(homes) > 1:
            raise RequestError(f"{len(homes)} gateways know it ({names}); fix: name one with --base")
        if homes[0].base in self._silent:
            raise RequestError(self._silent[homes[0].base])
        return homes[0]

    def _follow(self, session: PushSession, station: str, models: dict[str, Any] | None) -> dict[str, Any] | None:
        """Print the progress of a shadow until it ends."""
        shown = -1
        while models is not None and (waiting := models["waiting"]) and waiting["model"]["sha256"] == session.sha256:
            if waiting["readings"] * 10 // max(1, waiting["of"]) != shown:
                shown = waiting["readings"] * 10 // max(1, waiting["of"])
                agreement = (waiting["comparison"] or {}).get("agreement")
                agreed = "" if agreement is None else f", both decide the same on {100 * agreement:.1f} %"
                self._print(f"{station}: shadow {waiting['readings']} of {waiting['of']} readings{agreed}")
            session.wait(1.0)
            models = session.status(station)
        return models

    def _print(self, line: str) -> None:
        print(escape_commands(line), file=self._out, flush=True)  # what an agent says may not command the terminal


def load_bundle(path: Path) -> tuple[str, bytes]:
    """Read a bundle that may be pushed; returns its id and the file's bytes (BundleError)."""
    data = read_bundle(path)
    return Bundle.load(data, str(path)).id, data


def outcome_line(models: dict[str, Any], bundle: str, sha256: str) -> tuple[str, bool]:
    """Say in one line what became of a bundle, and whether that is good.

    Parameters
    ----------
    models
        The station's models.
    bundle, sha256
        Id of the bundle, and SHA-256 of its file.
    """
    waiting, last, active = models["waiting"], models["last"], models["active"]
    if active["sha256"] == sha256:
        return f"{bundle} is active", True
    if waiting is not None and waiting["model"]["sha256"] == sha256 and waiting["phase"] != "shadow":
        return f"{bundle} has come, and is verified as soon as the station sends", True
    if waiting is not None and waiting["model"]["sha256"] == sha256:
        fix = f"davylamp request model/activate station={models['station']} activates it at once"
        return f"{bundle} is in shadow: {waiting['readings']} of {waiting['of']} readings; {fix}", True
    if last is not None and last["reason"]:
        return f"{last['bundle']} {last['outcome']}: {last['reason']}", False
    return f"{bundle} is not used; {active['bundle']} runs", False
