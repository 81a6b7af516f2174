"""Settings: typed, frozen, every default written once; files are read with all their mistakes told at once."""

from __future__ import annotations

from config.errors import ConfigError, DavylampError
from config.settings.gateway import Gateway
from config.settings.station import Feature, Ratio, Station
from config.settings.training import Training
from config.templates.templates import init
from config.yaml.load import load, load_gateway, load_station, load_training
from config.yaml.rendering import render

__all__ = [
    "ConfigError",
    "DavylampError",
    "Feature",
    "Gateway",
    "Ratio",
    "Station",
    "Training",
    "init",
    "load",
    "load_gateway",
    "load_station",
    "load_training",
    "render",
]
