"""Columns of any offset, spread and step, linear or logarithmic, end in a bundle that samples and scores."""

from __future__ import annotations

import tempfile
from pathlib import Path

import numpy as np
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from config.settings.station import Feature, Station
from config.settings.training import Training
from edge.arrays import Floats
from edge.bundles.bundle import Bundle
from edge.commands.score import score_files
from edge.commands.synthesize import synthesize
from edge.readings.csv.reader import read_table
from edge.readings.csv.writer import write_table
from export.export import export
from trainer.data.record import load_record
from trainer.generation.codec import NormalScoreCodec
from trainer.train import train

SETTINGS = replace(Training.quick(model="ae"), epochs=1, generator_epochs=2, generator_steps=1, components=10)
ROWS = 650

COLUMNS = st.fixed_dictionaries(
    {
        "offset": st.sampled_from([0.0, 7.0, 101_325.0, -1e6, 1.7e9, 1e12]),
        "spread": st.sampled_from([1e-12, 1e-6, 1e-3, 1.0, 50.0, 1e7]),
        "steps": st.sampled_from([None, 2, 30, 300, 1500]),
        "tail": st.sampled_from([0.0, 1.0, 2.5]),
        "log": st.booleans(),
        "share": st.floats(0, 1),
    }
)
"""Steps: how many of them lie in four spreads; ``None``: as many as there are numbers."""


def column(shape: dict[str, float | None], walk: Floats, rng: np.random.Generator) -> Floats:
    """Make a column [N] whose spread double precision resolves."""
    share, tail, steps = float(shape["share"] or 0), float(shape["tail"] or 0), shape["steps"]
    normal = share * walk + 0.5 * rng.standard_normal(len(walk))
    if tail:
        normal = np.expm1(tail * normal) / tail
    if steps is not None:
        normal = np.round(normal * steps / 4) * 4 / steps
    offset = float(shape["offset"] or 0)
    spread = max(float(shape["spread"] or 0), 1e-9 * abs(offset))
    values = offset + spread * normal
    return values - values.min() + spread if shape["log"] and values.min() <= 0 else values


@settings(
    max_examples=5,
    deadline=None,
    derandomize=True,
    phases=[Phase.explicit, Phase.generate],  # to shrink an example takes hundreds of trainings
    suppress_health_check=list(HealthCheck),
)
@given(shapes=st.lists(COLUMNS, min_size=2, max_size=4), seed=st.integers(0, 2**16))
def test_every_sound_record_ends_in_a_bundle(shapes: list[dict[str, float | None]], seed: int) -> None:
    rng = np.random.default_rng(seed)
    walk = np.cumsum(rng.standard_normal(ROWS)) / 15
    values = np.stack([column(shape, walk - walk.mean(), rng) for shape in shapes], axis=1)
    station = Station(
        name="any",
        features=tuple(
            Feature(
                name=f"S{place}",
                key=f"s{place}",
                unit="V",
                role="sensor",
                scale="log" if shape["log"] else "linear",
                range=(0.0 if shape["log"] else -1e18, 1e18),
                missing=(),
            )
            for place, shape in enumerate(shapes)
        ),
    )
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write_table(folder / "rows.csv", station.names, values)
        run = train(load_record([folder / "rows.csv"], station), SETTINGS, folder / "run")
        assert export(run, folder / "b.davy").worst <= 1e-5
        assert Bundle.open(folder / "b.davy").verify() <= 1e-5
        synthesize(folder / "b.davy", folder / "made.csv", n=300, seed=1)
        synthesize(folder / "b.davy", folder / "like.csv", n=20, seed=1, around=folder / "rows.csv")
        made = read_table(folder / "made.csv", station).values
        codec = run.generator.codec
        assert isinstance(codec, NormalScoreCodec)
        for place, digits in enumerate(run.generator.spec.digits):
            real, ours = values[:, place], made[:, place]
            assert (digits is None) == (place in codec.transform.steps)
            if digits is None:
                assert set(ours) <= set(real)
            else:
                last = max(10.0**-digits.least, 1e-5 * np.abs(real).max())
                assert real.min() - last <= ours.min() < ours.max() <= real.max() + last
        score_files(folder / "b.davy", [folder / "rows.csv"], folder / "scores.csv")
        assert len((folder / "scores.csv").read_text().splitlines()) == ROWS + 1
