"""Says how the files of a bundle's station are written, where the bundle does not."""

from __future__ import annotations

from pathlib import Path

import msgspec

from config.errors import ConfigError
from config.settings.station import Station
from config.yaml.load import load_station
from edge.bundles.bundle import Bundle


def file_station(bundle: Bundle, path: str | Path | None) -> Station:
    """Return the bundle's station as another station file describes its files.

    Parameters
    ----------
    bundle
        The bundle.
    path
        A station file with the bundle's columns, perhaps under other names, with other missing values or in another
        order, and with its own ways to write times and numbers; ``None``: the bundle's station as it is.

    Raises
    ------
    ConfigError
        The file is wrong, or it has other keys or units than the bundle.
    """
    if path is None:
        return bundle.station
    described = load_station(path)
    by_key = {feature.key: feature for feature in described.features}
    for feature in bundle.station.features:
        found = by_key.get(feature.key)
        if found is None:
            have = ", ".join(by_key)
            raise ConfigError([f"{path}: features: got the keys {have}, expected also {feature.key}, as in the bundle"])
        if found.unit != feature.unit:
            place = f"{path}: features.{feature.key}.unit"
            raise ConfigError([f'{place}: got "{found.unit}", expected "{feature.unit}", as in the bundle'])
    return msgspec.structs.replace(described, features=tuple(by_key[key] for key in bundle.station.keys), ratio=None)
