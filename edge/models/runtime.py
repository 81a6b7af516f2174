"""Runs graphs in ONNX Runtime: on one thread, without spinning and without telemetry.

ONNX Runtime reports its use to its maker over the network and leaves a device id in the home directory, unless
``ORT_DISABLE_TELEMETRY`` is set before it is imported. It is therefore imported nowhere else in davylamp.
"""

from __future__ import annotations

import ctypes
import os
from functools import cache
from typing import Any, Protocol

import numpy as np
from numpy.typing import ArrayLike

from edge.arrays import Arrays
from edge.errors import BundleError

os.environ["ORT_DISABLE_TELEMETRY"] = "1"

_FATAL_ONLY = 4  # what it calls an error is raised as well, and its own lines have another form than the log's
_ARENA_MAX = -8  # M_ARENA_MAX of malloc.h
_TYPES: dict[str, type[np.floating]] = {"tensor(float)": np.float32, "tensor(double)": np.float64}


class Runtime(Protocol):
    """Anything that runs one graph."""

    def run(self, **inputs: ArrayLike) -> Arrays:
        """Return outputs by name for inputs by name."""


class OnnxGraph:
    """One graph in ONNX Runtime, on one thread; what it takes there can be given back until it runs again.

    Parameters
    ----------
    model
        The serialised graph.
    name
        Name of the graph, for messages.
    rows
        Most rows that go through it at a time, which bounds its memory; ``None``: all of them.

    Raises
    ------
    BundleError
        ONNX Runtime is not installed, or refuses the graph.
    """

    def __init__(self, model: bytes, name: str, rows: int | None = None) -> None:
        self._model, self._name, self._rows = model, name, rows
        self._session = self._open()
        self._outputs = [output.name for output in self._session.get_outputs()]
        self._inputs = {each.name: _TYPES.get(each.type, np.float32) for each in self._session.get_inputs()}

    def release(self) -> None:
        """Give back what the graph takes in ONNX Runtime, half a MiB; its next run takes it again, and some ms."""
        self._session = None

    def _open(self) -> Any:
        ort = _onnxruntime()
        options = ort.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        options.execution_mode = ort.ExecutionMode.ORT_SEQUENTIAL
        options.enable_cpu_mem_arena = False  # it takes a MiB and more for each graph, and makes no run faster
        options.log_severity_level = _FATAL_ONLY
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        options.add_session_config_entry("session.inter_op.allow_spinning", "0")
        try:
            return ort.InferenceSession(self._model, options, providers=["CPUExecutionProvider"])
        except Exception as error:  # ONNX Runtime's errors share no class but this one
            reason = " ".join(str(error).split())
            fix = "fix: export it again"
            raise BundleError(f"{self._name}: ONNX Runtime refuses this graph: {reason}; {fix}") from error

    def run(self, **inputs: ArrayLike) -> Arrays:
        """Return outputs by name; inputs are converted to the graph's types, rows first; a nan stays in its row.

        Raises
        ------
        BundleError
            ONNX Runtime cannot compute them.
        """
        feed = {name: np.ascontiguousarray(value, dtype=self._inputs[name]) for name, value in inputs.items()}
        if self._session is None:
            self._session = self._open()
        size = self._rows
        count = 0 if size is None else max(map(len, feed.values()))
        try:
            if size is None or count <= size:
                found = self._session.run(self._outputs, feed)
            else:
                parts = (
                    self._session.run(self._outputs, {name: value[at : at + size] for name, value in feed.items()})
                    for at in range(0, count, size)
                )
                found = [np.concatenate(pieces) for pieces in zip(*parts, strict=True)]
        except Exception as error:  # as above
            reason = " ".join(str(error).split())
            raise BundleError(f"{self._name}: ONNX Runtime cannot run this graph: {reason}") from error
        return dict(zip(self._outputs, found, strict=True))


def release_memory() -> None:
    """Return to the system what loading graphs has left free: some 5 MiB, which the C library would keep."""
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)  # of glibc alone
    if trim is not None:
        trim(0)


def share_heap() -> None:
    """Let all threads have one heap: what is free in that of one thread is of no use to the others, some 5 MiB."""
    setting = getattr(ctypes.CDLL(None), "mallopt", None)  # of glibc alone
    if setting is not None:
        setting(_ARENA_MAX, 1)


@cache
def _onnxruntime() -> Any:
    """Import ONNX Runtime when the first session is made: a bundle can be inspected without it."""
    try:
        import onnxruntime
    except ImportError as error:
        raise BundleError(
            f"onnxruntime is not installed here; davylamp's gateway needs a 64-bit Raspberry Pi OS ({error})"
        ) from error
    return onnxruntime
