"""Reads the folder that a training leaves behind."""

from __future__ import annotations

import os
import zipfile
from collections.abc import Callable
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import msgspec
import numpy as np

from config.settings.station import Station
from config.settings.training import Training
from config.yaml.load import load_station, load_training
from edge.arrays import Arrays
from edge.bundles.manifest import GeneratorSpec, NetworkSpec, ScoringSpec, TrainingData
from edge.bundles.scoring_tables import from_arrays, subtree
from edge.models.scaler import Scaler
from edge.models.scoring_model import ScoringModel
from trainer.errors import TrainingError

if TYPE_CHECKING:  # torch is slow to import, and a run's numbers are read without it: see the methods
    from torch import Tensor

    from trainer.generation.fitted_generator import FittedGenerator
    from trainer.networks.autoencoder import TabularAE, TabularVAE

T = TypeVar("T")


class About(msgspec.Struct, frozen=True, kw_only=True):
    """``run.json``: where a run comes from, and the structure of its networks.

    Parameters
    ----------
    created
        End of the training, RFC 3339.
    versions
        Package -> version.
    data
        The files trained on.
    seed
        Seed of the training.
    scaler
        Scaler of all columns.
    generator
        Description of the generator.
    scorers
        Name (``scorer``, ``scorer-absent``) -> description of the scoring model.
    """

    created: str
    versions: dict[str, str]
    data: TrainingData
    seed: int
    scaler: Scaler
    generator: GeneratorSpec
    scorers: dict[str, ScoringSpec]


MEASURED = "measured"
"""Folder of the fit that a run's metrics were measured on."""
_AGAIN = "fix: train again into this folder"


def _line(error: Exception) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0]


class Run:
    """A finished training, read from its folder as needed."""

    def __init__(self, folder: Path, about: About, station: Station, settings: Training) -> None:
        self.folder = folder
        self.station = station
        self.settings = settings
        self._about = about

    @classmethod
    def open(cls, folder: str | os.PathLike[str]) -> Run:
        """Open a run folder.

        Raises
        ------
        TrainingError
            ``folder`` is no run folder, or one of its files is damaged.
        ConfigError
            Its station or settings file is damaged.
        """
        folder = Path(folder)
        if not (folder / "run.json").is_file():
            raise TrainingError(
                f"{folder}: got no run.json in it, expected a run folder; fix: davylamp train ... -o {folder}"
            )
        return cls(
            folder,
            cls._decode(folder / "run.json", About),
            load_station(folder / "station.yaml"),
            load_training(folder / "settings.yaml"),
        )

    @staticmethod
    def _decode(path: Path, kind: type[Any]) -> Any:
        try:
            return msgspec.json.decode(path.read_bytes(), type=kind)
        except (OSError, msgspec.MsgspecError, UnicodeDecodeError) as error:
            raise TrainingError(f"{path}: cannot be read: {_line(error)}; {_AGAIN}") from error

    @property
    def created(self) -> str:
        """End of the training, RFC 3339."""
        return self._about.created

    @property
    def versions(self) -> dict[str, str]:
        """Package -> version at training."""
        return self._about.versions

    @property
    def data(self) -> TrainingData:
        """The files trained on."""
        return self._about.data

    @property
    def seed(self) -> int:
        """Seed of the training."""
        return self._about.seed

    @property
    def scaler(self) -> Scaler:
        """The scaler fitted on the training rows."""
        return self._about.scaler

    @cached_property
    def measured(self) -> Run:
        """The fit that left the test rows out; of an earlier version's run, which has one fit only, the run itself."""
        return Run.open(self.folder / MEASURED) if (self.folder / MEASURED).is_dir() else self

    @cached_property
    def metrics(self) -> dict[str, Any]:
        """Contents of ``metrics.json``."""
        return self._decode(self.folder / "metrics.json", dict)  # type: ignore[no-any-return]

    @cached_property
    def losses(self) -> dict[str, Any]:
        """Contents of ``losses.json``: network -> curve -> value by epoch, and the epoch ``chosen``."""
        return self._decode(self.folder / "losses.json", dict)  # type: ignore[no-any-return]

    @cached_property
    def tables(self) -> Arrays:
        """Contents of ``tables.npz``."""
        path = self.folder / "tables.npz"
        try:
            with np.load(path, allow_pickle=False) as tables:
                return dict(tables)
        except (OSError, ValueError, EOFError, zipfile.BadZipFile) as error:
            raise TrainingError(f"{path}: cannot be read: it is no whole npz file; {_AGAIN}") from error

    @property
    def generator_spec(self) -> GeneratorSpec:
        """Description of the generator."""
        return self._about.generator

    @property
    def scoring_specs(self) -> dict[str, ScoringSpec]:
        """Descriptions of the scoring models, by name."""
        return self._about.scorers

    def weights(self, name: str) -> dict[str, Tensor]:
        """Return the tensors of ``weights/NAME.safetensors``.

        Raises
        ------
        TrainingError
            The file is missing or damaged.
        """
        from safetensors.torch import load_file

        return self._load_weights(name, load_file)

    def parameter_count(self, name: str) -> int:
        """Count the parameters in ``weights/NAME.safetensors``, without torch; raises as :meth:`weights` does."""
        from safetensors.numpy import load_file

        return sum(array.size for array in self._load_weights(name, load_file).values())

    def _load_weights(self, name: str, load_file: Callable[[Path], dict[str, T]]) -> dict[str, T]:
        path = self.folder / "weights" / f"{name}.safetensors"
        try:
            return load_file(path)
        except Exception as error:  # safetensors raises its own, unexported error
            raise TrainingError(f"{path}: cannot be read: {_line(error)}; {_AGAIN}") from error

    @cached_property
    def generator(self) -> FittedGenerator:
        """The generator of synthetic rows, its network in torch."""
        from trainer.generation.fitted_generator import FittedGenerator

        weights = {} if self.generator_spec.network is None else self.weights("generator")
        arrays = subtree(self.tables, "generator")
        try:
            return FittedGenerator.from_arrays(self.generator_spec, self.station, self.scaler, arrays, weights)
        except (KeyError, ValueError, RuntimeError) as error:
            raise TrainingError(f"{self.folder}: generator: got {_line(error)}; {_AGAIN}") from error

    @cached_property
    def scoring_models(self) -> dict[str, ScoringModel]:
        """Scoring models by name; their networks are :class:`trainer.scoring.reconstruction.WhitenedReconstruction`."""
        return {name: self._scoring(name, fitted) for name, fitted in self.scoring_specs.items()}

    def _scoring(self, name: str, fitted: ScoringSpec) -> ScoringModel:
        from trainer.scoring.reconstruction import WhitenedReconstruction

        arrays = subtree(self.tables, name)
        module = self._module(name, fitted.network, len(fitted.keys))
        try:
            return from_arrays(fitted, self.station, arrays, WhitenedReconstruction(module, arrays["whitening"]))
        except (KeyError, ValueError) as error:
            raise TrainingError(f"{self.folder / 'tables.npz'}: {name}: got {error}; {_AGAIN}") from error

    def _module(self, name: str, network: NetworkSpec, features: int) -> TabularAE | TabularVAE:
        from trainer.networks.autoencoder import build_autoencoder

        model = build_autoencoder(network, features)
        model.load_state_dict(self.weights(name))
        return model.eval()
