"""Makes the bundle of a run."""

from __future__ import annotations

import io
import os
from dataclasses import dataclass
from pathlib import Path
from typing import TextIO

import numpy as np

from config.atomic import write_bytes
from edge.arrays import Arrays
from edge.bundles.archive import pack
from edge.bundles.bundle import Bundle
from edge.bundles.manifest import Manifest, TrainingData
from edge.models.scoring_model import ScoringModel
from export.errors import ExportError
from export.golden import golden_rows
from export.graphs import decoder_graph, encoder_graph, scorer_graph
from export.parity import check_parity
from trainer.run import Run
from trainer.scoring.reconstruction import WhitenedReconstruction


@dataclass(frozen=True)
class Exported:
    """A bundle that was written.

    Parameters
    ----------
    path
        The file.
    id
        Id of the bundle.
    size
        Size in bytes.
    parity
        Member -> ``golden`` and ``random`` -> the largest difference between torch and ONNX Runtime in scaled space.
    """

    path: Path
    id: str
    size: int
    parity: dict[str, dict[str, float]]

    @property
    def worst(self) -> float:
        """Largest difference of all members."""
        return max(value for by_kind in self.parity.values() for value in by_kind.values())


def export(run: Run, path: str | os.PathLike[str], *, out: TextIO | None = None) -> Exported:
    """Make a bundle; the same run gives the same bytes, at any path and time, on any processor (see :mod:`export`).

    Parameters
    ----------
    run
        A finished training.
    path
        The bundle; it is replaced whole, and only if its graphs agree with torch.
    out
        Where the parity table is printed; ``None`` prints nothing.

    Raises
    ------
    ParityError
        ONNX Runtime does not reproduce the torch networks.
    ExportError
        ``path`` cannot be written.
    """
    path = Path(path)
    members = {
        "encoder.onnx": encoder_graph(run.generator.codec),
        "decoder.onnx": decoder_graph(run.generator.codec),
        **{f"{name}.onnx": _scorer(model) for name, model in run.scoring_models.items()},
        "tables.npz": _npz(_tables(run)),
        "golden.npz": _npz(golden_rows(run)),
    }
    data = pack(_manifest(run), members)
    bundle = Bundle.load(data, str(path))
    parity = check_parity(run, bundle)
    try:
        write_bytes(path, data)
    except OSError as error:
        raise ExportError(f"{path}: cannot be written: {error.strerror}; fix: another path after -o") from error
    exported = Exported(path, bundle.id, len(data), parity)
    if out is not None:
        _print(exported, out)
    return exported


def _manifest(run: Run) -> Manifest:
    return Manifest(
        davylamp=run.versions["davylamp"],
        created=run.created,
        station=run.station,
        features=run.station.keys,
        scaler=run.scaler,
        generator=run.generator_spec,
        scorers=run.scoring_specs,
        metrics=run.metrics,
        data=TrainingData(files=run.data.files, rows=run.data.rows, sha256=run.data.sha256),
        versions=run.versions,
        seed=run.seed,
        members={},
    )


def _scorer(model: ScoringModel) -> bytes:
    assert isinstance(model.network, WhitenedReconstruction)
    return scorer_graph(model.network.module, model.network.whitening)


def _tables(run: Run) -> Arrays:
    """Return the run's tables, except those that the graphs hold."""
    held = (*(f"{name}/whitening" for name in run.scoring_specs), "generator/shaping/")
    return {name: array for name, array in run.tables.items() if not name.startswith(held)}


def _npz(arrays: Arrays) -> bytes:
    buffer = io.BytesIO()
    # The arrays are sorted, and numpy dates zip entries 1980: the same arrays give the same bytes.
    np.savez(buffer, allow_pickle=False, **dict(sorted(arrays.items())))
    return buffer.getvalue()


def _print(exported: Exported, out: TextIO) -> None:
    print("torch against ONNX Runtime, largest difference in scaled space (at most 1e-05)", file=out)
    print(f"  {'':18}{'golden':>9}{'random':>9}", file=out)
    for member, worst in exported.parity.items():
        random = f"{worst['random']:>9.1e}" if "random" in worst else ""
        print(f"  {member:18}{worst['golden']:>9.1e}{random}", file=out)
    print(f"{exported.path}: bundle {exported.id}, {exported.size:,} bytes", file=out)
