"""A power cut at any step of a push, an activation or a return leaves the old bundle or the new one."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from edge.bundles.bundle import Bundle
from tests.bundle_variants import later
from tests.edge.agent.agents import StartAgent
from tests.edge.agent.pusher import TRUSTED, Pusher, bundle_of

_STEPS = ((Path, "open"), (Path, "mkdir"), (Path, "replace"), (Path, "unlink"), (os, "fsync"))


class _Cut(BaseException):
    """The power is cut."""


class _Power:
    """Cuts the power at a step with the folder of bundles: from there on, nothing reaches the disk."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, at: int) -> None:
        self.steps = 0
        self._at = at
        for owner, name in _STEPS:
            monkeypatch.setattr(owner, name, self._counting(getattr(owner, name)))

    def _counting(self, real: Callable[..., Any]) -> Callable[..., Any]:
        def step(*arguments: Any, **options: Any) -> Any:
            where = arguments[0]
            where = Path(f"/proc/self/fd/{where}").readlink() if isinstance(where, int) else Path(where)
            reads = real.__name__ == "open" and "b" in str(arguments[1:]) and "r" in str(arguments[1:])
            if "models" in where.parts and not reads:
                self.steps += 1
                if self.steps >= self._at:
                    raise _Cut
            return real(*arguments, **options)

        return step


def everything(pusher: Pusher, data: bytes) -> None:
    """Push a bundle, let it run, and go back."""
    pusher.push(data, shadow=3)
    pusher.send(6)
    pusher.ask("model/rollback", {})
    pusher.settle()


def test_a_power_cut_at_any_step_leaves_the_old_one_or_the_new_one(
    pusher: Pusher, start_agent: StartAgent, bundles: dict[str, Path], bundle: Bundle
) -> None:
    sent, at, finished, seen = 100, 1, False, set()
    while not finished:
        data = later(bundles["ae"], 2030 + at)
        new = Bundle.load(data, "").id
        with pytest.MonkeyPatch.context() as patched:
            power = _Power(patched, at)
            try:
                everything(pusher, data)
            except _Cut:
                pass
            else:
                finished = True
        if not finished:
            pusher.agent = start_agent(rollout=TRUSTED)
        numbers = pusher.send(1)
        assert len(numbers) == 1
        assert numbers[0] > sent, "no number is used twice"
        sent = numbers[0]
        active = bundle_of(pusher.models())
        assert active in (bundle.id, new), power.steps
        seen.add(active == new)
        models = pusher.push(data, shadow=0)
        assert bundle_of(models) == new, ("after a cut, it can be pushed again", at, models["last"])
        pusher.ask("model/rollback", {"bundle": bundle.id})
        pusher.settle()
        assert bundle_of(pusher.models()) == bundle.id
        at += 1
    assert at > 20, "the power was cut at every step"
    assert seen == {False, True}
