"""Defines the bodies of the retained topics ``state``, ``availability`` and ``info``."""

from __future__ import annotations

from typing import Literal

import msgspec


class StateMessage(msgspec.Struct, frozen=True, kw_only=True):
    """Whether the agent runs; every key is there, ``null`` without a value.

    A station is available when this says ``online``, its own ``availability`` says ``online``, and both carry the
    same ``session``.

    Parameters
    ----------
    state
        ``online``; ``stopped`` after a clean stop; ``offline`` when the connection ended without one (the MQTT will).
    session
        Identifies the run of the agent, new at every start.
    since
        When this run began, RFC 3339.
    version
        Version of davylamp.
    ts
        Time of the clean stop, RFC 3339; ``None`` in every other state.
    bundles
        Ids of the bundles that score, while it is ``online``.
    waiting
        Ids of the bundles that wait to, after ``davylamp push``.
    """

    state: Literal["online", "stopped", "offline"]
    session: str
    since: str
    version: str
    ts: str | None = None
    bundles: tuple[str, ...] = ()
    waiting: tuple[str, ...] = ()


class AvailabilityMessage(msgspec.Struct, frozen=True, kw_only=True):
    """Whether a station sends readings; holds only while the gateway's ``state`` is online with the same ``session``.

    Parameters
    ----------
    state
        ``online``, or ``offline`` when it has fallen silent.
    station
        Its name.
    session
        The run of the agent that published this.
    ts
        When, RFC 3339.
    """

    state: Literal["online", "offline"]
    station: str
    session: str
    ts: str


class BundleInfo(msgspec.Struct, frozen=True, kw_only=True):
    """A bundle that scores readings.

    Parameters
    ----------
    bundle
        Its id.
    file
        Name of its file.
    created
        When it was trained, RFC 3339.
    station
        Name in its station file.
    columns
        Keys of the readings.
    units
        Their units, in the same order.
    reconstruction
        Network that scores: ``ae`` or ``vae``.
    generator
        Network that synthetic rows come from.
    gas_unit
        Unit of the gas column, as a UCUM code; ``None`` without one.
    background, enhancement
        Background of the gas in training, and the level above it that exceeds unless gateway.yaml says otherwise, in
        that unit.
    no_onset
        Why plumes are not found from the sensors alone; ``None``: they are.
    """

    bundle: str
    file: str
    created: str
    station: str
    columns: tuple[str, ...]
    units: tuple[str, ...]
    reconstruction: str
    generator: str
    gas_unit: str | None = None
    background: float | None = None
    enhancement: float | None = None
    no_onset: str | None = None


class InfoMessage(msgspec.Struct, frozen=True, kw_only=True):
    """What runs here, with which settings; every key is there. Published again when something in it has changed.

    Parameters
    ----------
    gateway
        Name of the gateway.
    version
        Version of davylamp.
    session
        Identifies the run of the agent.
    since
        When it began, RFC 3339.
    mqtt
        Version of MQTT in use: ``5`` or ``3.1.1``; ``None`` before the first connection.
    sees_refusals
        Whether the broker reports what it refuses (MQTT 5).
    exceedances_per_1000
        Requested exceedances per 1000 readings [-].
    exceedances_from
        ``gateway.yaml``, or ``request`` after ``rate/set``.
    topics
        Topics of readings.
    stations
        Stations that have sent a reading.
    adapted_per_1000
        Station -> kind of score -> its present rate [-], as far as it has adapted.
    bundles
        The bundles in use.
    scored_by
        Station -> id of the bundle that scores it.
    waiting
        Station -> id of the bundle that waits in shadow; the station's ``model`` topic says how it does.
    """

    gateway: str
    version: str
    session: str
    since: str
    mqtt: str | None
    sees_refusals: bool
    exceedances_per_1000: float
    exceedances_from: Literal["gateway.yaml", "request"]
    topics: tuple[str, ...]
    stations: tuple[str, ...]
    adapted_per_1000: dict[str, dict[str, float]]
    bundles: tuple[BundleInfo, ...]
    scored_by: dict[str, str]
    waiting: dict[str, str]
