"""A run becomes a bundle, the same byte for byte each time."""

from __future__ import annotations

import io
import json
import platform
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch

from edge.bundles.archive import unpack
from edge.bundles.bundle import Bundle
from export.errors import ExportError, ParityError
from export.export import export
from trainer.data.record import Record
from trainer.networks.generative import GenerativeAE
from trainer.run import Run

ROOT = Path(__file__).parents[2]
IS_X86 = platform.machine() == "x86_64"
CORES = {"x86_64": ("Haswell", "SkylakeX", "Zen"), "aarch64": ("ARMV8", "CORTEXA57", "NEOVERSEN1", "NEOVERSEV1")}
"""Machine -> processors that OpenBLAS has kernels for."""
PLAINEST = ({"OPENBLAS_CORETYPE": "Nehalem"} if IS_X86 else {}) | {
    "NPY_DISABLE_CPU_FEATURES": " ".join(np.show_config(mode="dicts")["SIMD Extensions"].get("found", [])),
    "ATEN_CPU_CAPABILITY": "default",
    "ONEDNN_MAX_CPU_ISA": "SSE41",
    "MKL_CBWR": "COMPATIBLE",
    "OMP_NUM_THREADS": "1",
}
"""Settings that make a processor compute like one with a single core and without wide vectors."""


@pytest.mark.parametrize("model", ["ae", "vae", "both"])
def test_a_second_export_of_a_run_gives_the_same_bytes(
    runs: dict[str, Path], bundles: dict[str, Path], tmp_path: Path, model: str
) -> None:
    export(Run.open(runs[model]), tmp_path / "under-another-name.davy")
    assert (tmp_path / "under-another-name.davy").read_bytes() == bundles[model].read_bytes()


def test_an_export_by_another_process_from_another_folder_gives_the_same_bytes(
    runs: dict[str, Path], bundles: dict[str, Path], tmp_path: Path
) -> None:
    shutil.copytree(runs["both"], tmp_path / "moved")
    script = (
        f"import sys; sys.path.insert(0, {str(ROOT)!r})\n"
        "from export.export import export; from trainer.run import Run; export(Run.open('moved'), 'x.davy')"
    )
    environment = {"PYTHONHASHSEED": "7", "TZ": "Asia/Tokyo", "LC_ALL": "C", "HOME": str(tmp_path)}
    subprocess.run([sys.executable, "-c", script], cwd=tmp_path, env=environment, check=True)
    assert (tmp_path / "x.davy").read_bytes() == bundles["both"].read_bytes()


def test_an_export_on_another_processor_gives_the_same_bytes(
    runs: dict[str, Path], bundles: dict[str, Path], tmp_path: Path
) -> None:
    cores = CORES.get(platform.machine(), ())
    settings = {core: {"OPENBLAS_CORETYPE": core} for core in cores}
    settings |= {"this processor": {}, "the plainest processor": PLAINEST}
    script = (
        f"import json, sys, threadpoolctl; sys.path.insert(0, {str(ROOT)!r})\n"
        "from export.export import export; from trainer.run import Run; export(Run.open(sys.argv[1]), sys.argv[2])\n"
        "print(json.dumps([each.get('architecture') for each in threadpoolctl.threadpool_info()]))"
    )
    children = {
        name: subprocess.Popen(
            [sys.executable, "-c", script, str(runs["both"]), str(tmp_path / f"{name}.davy")],
            env={"HOME": str(tmp_path)} | environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for name, environment in settings.items()
    }
    answers = {name: child.communicate(timeout=120) for name, child in children.items()}
    here = unpack(bundles["both"].read_bytes(), "this process")
    kernels = {}
    for name, (out, complaints) in answers.items():
        if children[name].returncode == -signal.SIGILL and name in cores:
            continue  # this processor lacks an instruction that the kernels for that core use
        assert children[name].returncode == 0, f"{name}: {complaints}"
        kernels[name] = [architecture for architecture in json.loads(out.splitlines()[-1]) if architecture]
        there = unpack((tmp_path / f"{name}.davy").read_bytes(), name)
        differ = [member for member, content in here.members.items() if there.members[member] != content]
        assert not differ, f"{name}, kernels of {kernels[name]}: {', '.join(differ)}"
        assert there.digest == here.digest, name
    if len(set(map(tuple, kernels.values()))) < 2:
        # Every x86-64 processor runs Nehalem's kernels, and those with AVX choose others by themselves.
        assert not IS_X86 or not any(kernels.values()), f"nothing was compared: {kernels}"
        pytest.skip(f"the linear algebra of this machine has one set of kernels: {kernels}")


@pytest.mark.parametrize("model", ["ae", "vae", "both"])
def test_a_bundle_is_small_and_names_no_place(runs: dict[str, Path], bundles: dict[str, Path], model: str) -> None:
    data = bundles[model].read_bytes()
    assert len(data) <= 700_000
    for place in (ROOT, Path.home(), runs[model], bundles[model].parent):
        if len(str(place)) > 1:
            assert str(place).encode() not in data


def test_the_manifest_tells_the_run(runs: dict[str, Path], bundles: dict[str, Path]) -> None:
    run, manifest = Run.open(runs["both"]), Bundle.open(bundles["both"]).manifest
    assert manifest.created == run.created
    assert manifest.seed == run.seed
    assert manifest.metrics == run.metrics
    assert manifest.versions == run.versions
    assert manifest.data.sha256 == run.data.sha256
    assert manifest.scaler == run.scaler
    assert manifest.features == run.station.keys
    assert manifest.generator == run.generator_spec
    assert manifest.scorers == run.scoring_specs


def test_a_scorer_and_its_tables_are_small(bundles: dict[str, Path]) -> None:
    bundle = Bundle.open(bundles["both"])
    for name in bundle.manifest.scorers:
        tables = sum(array.nbytes for key, array in bundle.tables.items() if key.startswith(f"{name}/"))
        assert bundle.manifest.members[f"{name}.onnx"].bytes + tables <= 150_000


def test_no_row_of_the_training_is_in_the_bundle(bundles: dict[str, Path], chamber: Record) -> None:
    golden = Bundle.open(bundles["both"]).golden["readings"].astype(np.float64)
    distance = np.abs(golden[:, None] / chamber.values[None] - 1).max(axis=2)
    assert distance.min() > 1e-6


def test_golden_rows_follow_one_another_slowly_and_are_physical(bundles: dict[str, Path]) -> None:
    bundle = Bundle.open(bundles["both"])
    readings = bundle.golden["readings"].astype(np.float64)
    low, high = np.array([feature.range for feature in bundle.station.features]).T
    assert ((readings >= low) & (readings <= high)).all()
    scaled = bundle.scaler.forward(readings)
    assert (np.diff(scaled, axis=0).std(axis=0) < 0.75 * scaled.std(axis=0)).all()


def test_the_parity_table_is_printed_with_every_graph_and_the_id(runs: dict[str, Path], tmp_path: Path) -> None:
    out = io.StringIO()
    exported = export(Run.open(runs["vae"]), tmp_path / "one.davy", out=out)
    for member, worst in exported.parity.items():
        line = next(line for line in out.getvalue().splitlines() if line.strip().startswith(member))
        assert line.split()[1:] == [f"{worst[kind]:.1e}" for kind in ("golden", "random") if kind in worst]
    assert exported.id == Bundle.open(tmp_path / "one.davy").id
    assert exported.id in out.getvalue()
    assert exported.size == (tmp_path / "one.davy").stat().st_size
    assert 0 < exported.worst <= 1e-5


def test_a_run_that_disagrees_with_its_graphs_leaves_the_old_bundle_as_it_was(
    runs: dict[str, Path], tmp_path: Path
) -> None:
    (tmp_path / "one.davy").write_bytes(b"old")
    run = Run.open(runs["ae"])
    network = run.generator.codec.network
    assert isinstance(network, GenerativeAE)
    with torch.no_grad():
        next(network.encoder.parameters())[0, 0] = torch.nan
    with pytest.raises(ParityError, match=r"encoder\.onnx"):
        export(run, tmp_path / "one.davy")
    assert (tmp_path / "one.davy").read_bytes() == b"old"
    assert len(list(tmp_path.iterdir())) == 1


def test_a_folder_that_is_not_there_is_named(runs: dict[str, Path], tmp_path: Path) -> None:
    with pytest.raises(ExportError, match=r"nowhere/one\.davy: cannot be written: No such file or directory; fix: "):
        export(Run.open(runs["ae"]), tmp_path / "nowhere" / "one.davy")
