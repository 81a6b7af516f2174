"""Imports a module when something of it is asked for, where another library imports it in case it is needed."""

from __future__ import annotations

import sys
from importlib import import_module
from importlib.util import find_spec
from types import ModuleType
from typing import Any


class LateModule(ModuleType):
    """Stands for a module until one of its attributes is read or set; from then on the module stands for itself.

    The loader of the standard library for this purpose, :class:`importlib.util.LazyLoader`, does not help here: an
    ``import`` statement already reads ``__spec__``, and that loads the module.
    """

    def __getattr__(self, name: str) -> Any:
        """Return an attribute of the module."""
        if name.startswith("__"):  # asked for by the import system
            raise AttributeError(name)
        return getattr(self._load(), name)

    def __setattr__(self, name: str, value: object) -> None:
        """Set an attribute of the module."""
        if name.startswith("__"):
            super().__setattr__(name, value)
        else:
            setattr(self._load(), name, value)

    def __delattr__(self, name: str) -> None:
        """Delete an attribute of the module."""
        delattr(self._load(), name)

    def _load(self) -> ModuleType:
        if sys.modules.get(self.__name__) is self:
            del sys.modules[self.__name__]
        return import_module(self.__name__)


def import_late(name: str) -> None:
    """Let the next ``import`` of a module cost nothing, unless it has been imported already."""
    if name in sys.modules:
        return
    parent, _, last = name.rpartition(".")
    module = LateModule(name)
    module.__spec__ = find_spec(name)
    sys.modules[name] = module
    if parent:
        setattr(import_module(parent), last, module)
