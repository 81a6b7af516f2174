"""Makes the entries of gateway.yaml with their bundles and scorers."""

from __future__ import annotations

from collections.abc import Sequence

from config.settings.gateway import Gateway, StationEntry
from edge.agent.gas_alarms import GasAlarms
from edge.agent.source import sources_of
from edge.agent.station import StationGroup
from edge.bundles.bundle import Bundle
from edge.bundles.manifest import SCORER
from edge.scoring.scorer import SCORED, Scorer
from edge.synthesis.sampler import Sampler


def make_groups(gateway: Gateway, bundles: Sequence[Bundle]) -> list[StationGroup]:
    """Make the group of each entry of gateway.yaml.

    Parameters
    ----------
    gateway
        Settings.
    bundles
        One for each entry, in order.

    Raises
    ------
    config.errors.ConfigError
        ``keys`` or ``absent`` of an entry name a key that its bundle's station does not have, or a gas level is not in
        the unit of a gas column.
    BundleError
        A bundle has no scorer without the ``absent`` keys of its entry.
    """
    cadences = [bundle.manifest.scorers[SCORER].cadence for bundle in bundles]
    sources = sources_of(gateway.stations, [bundle.station for bundle in bundles], cadences)
    samplers = {bundle.id: Sampler(bundle.generator) for bundle in bundles}
    levels = GasAlarms.from_settings(gateway.alarms.methane, gateway.stations, bundles)
    rate = gateway.scoring.exceedances_per_1000
    return [
        StationGroup(source, bundle, make_scorer(gateway, source.entry, bundle, gas, rate), samplers[bundle.id], gas)
        for source, bundle, gas in zip(sources, bundles, levels, strict=True)
    ]


def make_scorer(
    gateway: Gateway, entry: StationEntry, bundle: Bundle, gas: GasAlarms, exceedances_per_1000: float
) -> Scorer:
    """Make the scorer of an entry for a requested rate of exceedances."""
    return Scorer(
        bundle,
        absent=entry.absent,
        exceedances_per_1000=exceedances_per_1000,
        enhancement=gas.enhancement,
        limit=gas.limit,
        adapt=gateway.scoring.adapt,
        rules={kind: gateway.alarms.rule_for(kind) for kind in SCORED},
    )
