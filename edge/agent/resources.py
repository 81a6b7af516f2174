"""Opens the files that gateway.yaml names, before anything is connected."""

from __future__ import annotations

from collections.abc import Callable

from config.errors import ConfigError
from config.settings.gateway import Gateway
from edge.bundles.bundle import Bundle
from edge.clock import Clock
from edge.journal.journal import Journal


def open_journal(gateway: Gateway, clock: Clock) -> Journal:
    """Open the journal as gateway.yaml says; raises JournalError when that cannot be done."""
    settings = gateway.journal
    return Journal(
        settings.path,
        durability=settings.durability,
        max_mb=settings.max_mb,
        readings_per_station=settings.readings_per_station,
        clock=clock,
    )


def open_bundles(gateway: Gateway, on_verified: Callable[[str, Bundle, float], None]) -> list[Bundle]:
    """Open and verify the bundle of every entry, each file once.

    Parameters
    ----------
    gateway
        Settings with the entries.
    on_verified
        Called with a file, its bundle, and the largest difference of its golden rows.

    Raises
    ------
    ConfigError
        There is no entry.
    BundleError
        A bundle must not be used.
    """
    if not gateway.stations:
        raise ConfigError(["gateway.yaml: stations: got none, expected at least one entry with a topic and a bundle"])
    bundles: dict[str, Bundle] = {}
    for entry in gateway.stations:
        if entry.bundle not in bundles:
            bundle = bundles[entry.bundle] = Bundle.open(entry.bundle)
            on_verified(entry.bundle, bundle, bundle.verify())
    return [bundles[entry.bundle] for entry in gateway.stations]
