"""Loads settings from YAML files and reports all mistakes of a file at once, one line each."""

from __future__ import annotations

from pathlib import Path
from typing import Any, TypeVar

import msgspec

from config.errors import ConfigError
from config.file_fault import reading_fault
from config.settings.fleet import Fleet
from config.settings.gateway import Gateway
from config.settings.station import Station
from config.settings.training import Training
from config.yaml.document import parse_document
from config.yaml.messages import describe_type, format_value, split_annotated
from config.yaml.struct_builder import Problems, build_struct

_S = TypeVar("_S", bound=msgspec.Struct)


def load_station(path: str | Path) -> Station:
    """Read a station file; see :func:`load_settings`."""
    return load_settings(path, Station)


def load_training(path: str | Path | None = None) -> Training:
    """Read training settings, or return the defaults; see :func:`load_settings`."""
    return Training() if path is None else load_settings(path, Training)


def load_gateway(path: str | Path) -> Gateway:
    """Read gateway.yaml; see :func:`load_settings`.

    Paths of bundles, certificates and the password file are relative to the file; in the result they are absolute.
    """
    return _resolve_paths(load_settings(path, Gateway), Path(path).resolve().parent)


def load_fleet(path: str | Path) -> Fleet:
    """Read a fleet file; see :func:`load_settings`."""
    return load_settings(path, Fleet)


def load_settings(path: str | Path, struct: type[_S]) -> _S:
    """Read a YAML file as ``struct``.

    Parameters
    ----------
    path
        The file. Problems name it as it is given here.
    struct
        The settings that the file holds.

    Raises
    ------
    ConfigError
        The file has mistakes. The error lists all of them, one line each: ``file: dotted.path: got X, expected Y``.
    """
    data, problems = parse_document(_text(path))
    if data is None and not problems:
        problems.append(("", f"the file is empty, expected {describe_type(struct)}"))
    elif data is not None and not isinstance(data, dict):
        problems.append(("", f"got {format_value(data)}, expected {describe_type(struct)}"))
    if isinstance(data, dict):
        settings = build_struct(data, struct, problems)
        if not problems:
            return settings
    raise ConfigError(_lines(path, problems))


def _text(path: str | Path) -> str:
    try:
        return Path(path).read_bytes().decode("utf-8-sig")
    except FileNotFoundError:
        fix = "check the path, or start from the files that `davylamp init` copies"
        raise ConfigError([f"{path}: there is no such file; {fix}"]) from None
    except UnicodeDecodeError as error:
        where = f"byte {error.start} (0x{error.object[error.start]:02x})"
        raise ConfigError([f"{path}: {where} is not UTF-8; save the file as UTF-8"]) from None
    except OSError as error:
        raise ConfigError([f"{path}: cannot be read: {reading_fault(path, error)}"]) from None
    except ValueError as error:  # a NUL in the path
        raise ConfigError([f"{path}: cannot be read: {error}"]) from None


def _lines(path: str | Path, problems: Problems) -> list[str]:
    return [f"{path}: {_printable(f'{where}: {text}' if where else text)}" for where, text in problems]


def _printable(text: str) -> str:
    # A key with a line break in it must not become two lines.
    return "".join(char if char.isprintable() else ascii(char)[1:-1] for char in text)


def _resolve_paths(struct: _S, folder: Path) -> _S:
    """Make every path absolute that is declared as relative to its file."""
    changes: dict[str, Any] = {}
    for field in msgspec.structs.fields(struct):
        value = getattr(struct, field.name)
        if isinstance(value, msgspec.Struct):
            changes[field.name] = _resolve_paths(value, folder)
        elif isinstance(value, tuple) and value and isinstance(value[0], msgspec.Struct):
            changes[field.name] = tuple(_resolve_paths(item, folder) for item in value)
        elif isinstance(value, str) and any(
            (meta.extra or {}).get("relative") for meta in split_annotated(field.type)[1]
        ):
            changes[field.name] = str(folder / value)
    return msgspec.structs.replace(struct, **changes)
