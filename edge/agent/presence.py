"""Content of the retained topics ``state``, ``info`` and ``availability``."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Literal
from uuid import uuid4

import msgspec
from msgspec.structs import replace

from config.settings.gateway import Gateway
from edge.agent.presence_messages import AvailabilityMessage, BundleInfo, InfoMessage, StateMessage
from edge.agent.stations import Stations
from edge.bundles.bundle import Bundle
from edge.clock import Clock, rfc3339
from edge.mqtt.topics import Topics
from edge.scoring.gas_unit import GasUnit


class Presence:
    """Birth, will and other messages of one run of the agent about itself.

    ``run_id``, new at every start and published under the key ``session``, marks which run a ``state`` is from: the
    will of an earlier run may be published late, and does not apply to this one.

    Parameters
    ----------
    gateway
        Settings.
    topics
        Names of the topics.
    clock
        Dates the messages.

    Attributes
    ----------
    run_id
        Identifies this run.
    """

    def __init__(self, gateway: Gateway, topics: Topics, clock: Clock) -> None:
        self.run_id = str(uuid4())
        self._gateway = gateway
        self._topics = topics
        self._clock = clock
        self._since = rfc3339(clock.now())

    @property
    def version(self) -> str:
        """Version of davylamp."""
        return _version()

    @property
    def will(self) -> tuple[str, bytes]:
        """Topic and payload that the broker publishes when the connection ends without a clean stop."""
        return self._topics.state, msgspec.json.encode(self._state("offline"))

    @property
    def birth(self) -> StateMessage:
        """Body of ``state`` while the agent runs, before any station is known."""
        return self._state("online")

    def birth_of(self, stations: Stations) -> StateMessage:
        """Return the body of ``state`` while the agent runs."""
        used = {group.bundle.id for group in stations.groups} | {station.group.bundle.id for station in stations}
        waiting = {station.waiting for station in stations if station.waiting is not None}
        return replace(self.birth, bundles=tuple(sorted(used)), waiting=tuple(sorted(waiting)))

    @property
    def stopped(self) -> StateMessage:
        """Body of ``state`` after a clean stop."""
        return self._state("stopped", rfc3339(self._clock.now()))

    def availability(self, station: str, *, online: bool) -> AvailabilityMessage:
        """Return the body of a station's ``availability``."""
        return AvailabilityMessage(
            state="online" if online else "offline",
            station=station,
            session=self.run_id,
            ts=rfc3339(self._clock.now()),
        )

    def info(self, stations: Stations, protocol: str | None) -> InfoMessage:
        """Return the body of ``info``: what runs here, with which settings; nothing in it is secret."""
        groups = [*stations.groups, *(station.group for station in stations)]
        bundles = {group.bundle.id: group.bundle for group in groups}
        return InfoMessage(
            gateway=self._gateway.gateway,
            version=_version(),
            session=self.run_id,
            since=self._since,
            mqtt=protocol,
            sees_refusals=protocol == "5",
            exceedances_per_1000=stations.rate,
            exceedances_from="gateway.yaml" if stations.rate_request is None else "request",
            topics=tuple(each.template for group in stations.groups for each in group.patterns),
            stations=tuple(sorted(station.name for station in stations)),
            adapted_per_1000={station.name: _per_1000(station.state.adaptation.rates()) for station in stations},
            bundles=tuple(map(_bundle_info, bundles.values())),
            scored_by={station.name: station.group.bundle.id for station in stations},
            waiting={station.name: station.waiting for station in stations if station.waiting is not None},
        )

    def _state(self, state: Literal["online", "stopped", "offline"], ts: str | None = None) -> StateMessage:
        return StateMessage(state=state, session=self.run_id, since=self._since, version=_version(), ts=ts)


def _per_1000(rates: Mapping[str, float]) -> dict[str, float]:
    return {kind: float(f"{1000 * rate:.4g}") for kind, rate in rates.items()}


def _bundle_info(bundle: Bundle) -> BundleInfo:
    unit = GasUnit.from_bundle(bundle)
    return BundleInfo(
        bundle=bundle.id,
        file=Path(bundle.path).name,
        created=bundle.manifest.created,
        station=bundle.station.name,
        columns=tuple(bundle.station.keys),
        units=tuple(bundle.station.units),
        reconstruction=bundle.manifest.reconstruction.kind,
        generator=bundle.manifest.generator.kind,
        gas_unit=None if unit is None else unit.code,
        background=None if unit is None else unit.round(bundle.background),
        enhancement=None if unit is None else bundle.enhancement,
        no_onset=bundle.no_onset(absent=True),
    )


@cache
def _version() -> str:
    """Return the installed version, from the name of the folder in which installers leave it.

    :mod:`importlib.metadata` looks there as well, but takes 2 MiB to do so.
    """
    for folder in sys.path:
        for found in Path(folder).glob("davylamp-*.dist-info"):
            return found.name.split("-")[1].removesuffix(".dist")
    return "unknown"  # pragma: no cover  it runs from a folder and is not installed
