"""Settings: typed, frozen, every default written once; files are read with all their mistakes told at once."""

from __future__ import annotations

from config.errors import ConfigError, DavylampError
from config.gateway import Gateway
from config.loading import load, load_gateway, load_station, load_training
from config.rendering import render
from config.starting import init
from config.station import Feature, Ratio, Station
from config.training import Training

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
