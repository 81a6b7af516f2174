"""The gateway's install is enough for the gateway."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
WORKSTATION = (
    *("torch", "pandas", "sklearn", "scipy", "onnx", "matplotlib", "jinja2", "pyarrow", "safetensors", "pooch", "tqdm"),
    *("rich", "amqtt", "trainer", "export"),
)
MODULES = sorted(
    ".".join(path.relative_to(ROOT).with_suffix("").parts)
    for folder in ("config", "edge")
    for path in (ROOT / folder).rglob("*.py")
)
SCRIPT = """
import importlib, sys

class Blocker:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in {blocked}:
            raise ImportError(f"{{name}} is not on the gateway")

sys.meta_path.insert(0, Blocker())
sys.path.insert(0, {root!r})
for name in {names}:
    importlib.import_module(name.removesuffix(".__init__"))
print(*sorted({blocked} & {{name.partition(".")[0] for name in sys.modules}}))
"""


def _import(*names: str) -> subprocess.CompletedProcess[str]:
    script = SCRIPT.format(blocked=set(WORKSTATION), root=str(ROOT), names=names)
    return subprocess.run([sys.executable, "-c", script], check=False, capture_output=True, text=True)


def test_every_module_of_the_gateway_imports_without_the_workstations_libraries() -> None:
    run = _import(*MODULES, "davylamp")
    assert run.returncode == 0, run.stderr
    assert run.stdout.strip() == ""


@pytest.mark.parametrize("name", ["trainer.networks.autoencoder", "export.graphs", "pandas"])
def test_the_blocker_of_these_tests_blocks(name: str) -> None:
    assert "is not on the gateway" in _import(name).stderr


def test_importing_the_gateway_does_not_import_onnxruntime() -> None:
    path = f"sys.path.insert(0, {str(ROOT)!r})"
    script = f"import sys; {path}; import edge.bundles.bundle; print('onnxruntime' in sys.modules)"
    run = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "False"
