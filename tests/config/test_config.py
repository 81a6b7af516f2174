"""The package hands out what it says, and nothing else."""

from __future__ import annotations

import types

import config


def test_the_exported_names_are_exactly_the_public_ones() -> None:
    public = {
        name
        for name, value in vars(config).items()
        if not name.startswith("_") and not isinstance(value, types.ModuleType) and name != "annotations"
    }
    assert public == set(config.__all__)
