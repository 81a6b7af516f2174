"""Wishes: what ``davylamp install-service`` was asked for."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Wishes:
    """What is to be installed.

    Parameters
    ----------
    bundles
        Bundles; those that are installed stay.
    config
        The gateway file; ``None``: the one that is installed, or the shipped one.
    files
        Further files that the gateway file names.
    password
        File with the broker's password.
    wheelhouse
        Folder with the wheels; ``None``: the environment that is running, or a download.
    broker
        Whether Mosquitto is installed and set up as well.
    offline
        Whether the network must not be used.
    dry_run
        Whether nothing is changed.
    """

    bundles: tuple[Path, ...] = ()
    config: Path | None = None
    files: tuple[Path, ...] = ()
    password: Path | None = None
    wheelhouse: Path | None = None
    broker: bool = False
    offline: bool = False
    dry_run: bool = False
