"""Paths of the template files, and the function that copies them for a new installation."""

from __future__ import annotations

from pathlib import Path

from config.atomic import write_bytes
from config.errors import ConfigError

_HERE = Path(__file__).parent

METHANE = _HERE / "methane.yaml"
"""The station file of the methane station."""

TRAINING = _HERE / "training.yaml"
"""Every training setting with its default."""

GATEWAY = _HERE / "gateway.yaml"
"""Every setting of the agent with its default."""

MOSQUITTO = _HERE / "mosquitto.conf"
"""Settings with which a Mosquitto broker keeps what it has acknowledged."""

MOSQUITTO_ACL = _HERE / "mosquitto.acl"
"""Access rules for a broker that stations reach over the network."""

# Packaged beside this module by the wheel; in a source tree they have places of their own.
_CONSTRAINTS = (_HERE / "constraints.txt", _HERE.parents[1] / "constraints.txt")
_UNITS = ("davylamp.service", "davylamp-dashboard.service")
_UNIT_FOLDERS = (_HERE, _HERE.parents[1] / "systemd")


def constraints_path() -> Path:
    """Return the file with the versions that davylamp is tested with.

    Raises
    ------
    ConfigError
        It is not where the wheel and the source tree have it.
    """
    for path in _CONSTRAINTS:
        if path.is_file():
            return path
    raise ConfigError(
        [f"{_CONSTRAINTS[0]}: not found; fix: install davylamp from its wheel, or run it from a checkout"]
    )


def copy_templates(folder: str | Path) -> list[Path]:
    """Copy the station, training, gateway and broker files and the systemd units to a folder.

    Parameters
    ----------
    folder
        Created if it does not exist.

    Returns
    -------
    list of Path
        The files written.

    Raises
    ------
    ConfigError
        One of the files exists already (nothing is written then), or the folder cannot be written to.
    """
    folder = Path(folder)
    found = ([path for each in _UNIT_FOLDERS if (path := each / name).is_file()][:1] for name in _UNITS)
    units = [path for each in found for path in each]
    copies = {folder / source.name: source for source in (METHANE, TRAINING, GATEWAY, MOSQUITTO, MOSQUITTO_ACL, *units)}
    there = [target.name for target in copies if target.exists()]
    if there:
        raise ConfigError([f"{folder}: {', '.join(there)} exist already, and init never overwrites; move them away"])
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for target, source in copies.items():
            write_bytes(target, source.read_bytes())
    except OSError as error:
        raise ConfigError([f"{folder}: cannot be written to: {error.strerror}; choose another folder"]) from error
    return list(copies)
