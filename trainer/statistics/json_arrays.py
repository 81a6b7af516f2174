"""Encodes structs of arrays as JSON, and decodes them."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any, TypeVar

import msgspec
import numpy as np

from edge.arrays import Floats
from trainer.errors import TrainingError

Struct = TypeVar("Struct", bound=msgspec.Struct)

_DIGITS = 5  # significant ones, finer than any picture; whole numbers keep all of theirs


def encode_arrays(value: msgspec.Struct) -> bytes:
    """Encode a struct, its arrays as nested lists of numbers with 5 significant digits.

    JSON has no nan: it is written as the text ``nan``, since null means something else.
    """
    return msgspec.json.encode(_without_nan(msgspec.to_builtins(value, enc_hook=_listed))) + b"\n"


def decode_arrays(data: bytes, kind: type[Struct]) -> Struct:
    """Decode what :func:`encode_arrays` returned (msgspec.MsgspecError if it is damaged)."""
    return msgspec.json.decode(data, type=kind, dec_hook=_array, strict=False)  # numbers from texts: nan


def read_arrays(path: Path, kind: type[Struct], *, fix: str) -> Struct | None:
    """Read a file with the contents of :func:`encode_arrays`; ``None`` if there is none.

    Raises
    ------
    TrainingError
        The file is damaged; the message ends with ``fix``.
    """
    try:
        return decode_arrays(path.read_bytes(), kind)
    except FileNotFoundError:
        return None
    except (OSError, ValueError) as error:  # msgspec's errors and UnicodeDecodeError are ValueErrors
        raise TrainingError(f"{path}: cannot be read: {error}; fix: {fix}") from error


def _listed(value: object) -> Any:
    if not isinstance(value, np.ndarray):
        raise NotImplementedError(type(value))
    return _short(value.tolist())


def _short(value: Any) -> Any:
    if isinstance(value, list):
        return [_short(one) for one in value]
    if value.is_integer() and abs(value) < 1e15:
        return int(value)
    return float(f"{value:.{_DIGITS}g}")


def _without_nan(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _without_nan(one) for name, one in value.items()}
    if isinstance(value, list | tuple):
        return [_without_nan(one) for one in value]
    return "nan" if isinstance(value, float) and math.isnan(value) else value


def _array(kind: type[Any], value: Any) -> Floats:
    return np.array(value, dtype=np.float64)
