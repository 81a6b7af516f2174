"""Adam: the same bits as torch's, without torch's compiler."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import torch

from trainer.adam import Adam

ROOT = Path(__file__).parent.parent.parent


def test_it_gives_the_same_bits_as_torchs():
    rows = torch.randn(64, 5, generator=torch.Generator().manual_seed(0))
    ours, theirs = torch.nn.Linear(5, 5), torch.nn.Linear(5, 5)
    theirs.load_state_dict(ours.state_dict())
    optimiser, published = Adam(ours.parameters()), torch.optim.Adam(theirs.parameters(), fused=True)
    for step in range(1, 21):
        optimiser.step(torch.nn.functional.mse_loss(ours(rows), rows), 1e-2 / step)
        published.param_groups[0]["lr"] = 1e-2 / step
        published.zero_grad()
        torch.nn.functional.mse_loss(theirs(rows), rows).backward()
        published.step()
    assert torch.equal(ours.weight, theirs.weight)
    assert torch.equal(ours.bias, theirs.bias)


def test_a_training_does_not_load_torchs_compiler():
    program = (
        "import sys, torch; from trainer.adam import Adam; l = torch.nn.Linear(2, 2)\n"
        "Adam(l.parameters()).step(l(torch.ones(3, 2)).square().mean(), 1e-3)\n"
        "sys.exit(sum(name.startswith('torch._dynamo') for name in sys.modules))"
    )
    assert subprocess.run([sys.executable, "-c", program], cwd=ROOT, check=False).returncode == 0
