"""The same code serves other stations: three sensors and no gas; seven gas sensors and no climate."""

from __future__ import annotations

import io
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from msgspec.structs import replace

from config.settings.station import Feature, Role, Station
from config.settings.training import Training
from edge.arrays import Floats
from edge.bundles.bundle import Bundle
from edge.commands.inspect import inspect
from edge.commands.score import score_files
from edge.errors import BundleError
from edge.readings.csv.writer import write_table
from export.export import export
from trainer.data.record import Record
from trainer.summary import summary
from trainer.train import train

SETTINGS = replace(Training.quick(model="ae"), epochs=3, generator_epochs=1, generator_steps=1, components=5)
ROWS = 1200
SENSORS: list[Role] = ["sensor"] * 6


def station(name: str, *roles: Role) -> Station:
    return Station(
        name=name,
        features=tuple(
            Feature(name=f"S{i}", key=f"s{i}_v", unit="[ppb]" if role == "gas" else "V", role=role,
                    scale="log", range=(1e-3, 1e9), missing=())
            for i, role in enumerate(roles)
        ),
    )  # fmt: skip


def rows(columns: int, seed: int) -> Floats:
    """Positive columns that share one slow walk; its share falls from the first column to the last."""
    rng = np.random.default_rng(seed)
    walk = np.cumsum(rng.standard_normal(ROWS)) / 20
    cycle = np.sin(np.arange(ROWS) / 5)
    share = np.linspace(1.0, 0.3, columns)
    noise = 0.05 * rng.standard_normal((ROWS, columns))
    return np.asarray(1000 * np.exp(0.2 * walk[:, None] * share + 0.05 * cycle[:, None] * share[::-1] + noise))


def loop(kind: Station, values: Floats, sent: Floats, folder: Path, absent: Sequence[str] = ()) -> list[dict[str, str]]:
    """Train, summarise, export, verify, inspect and score; return the rows of scores.csv."""
    run = train(Record.from_values(values, kind), SETTINGS, folder / "run")
    assert "false alarms" in summary(run)
    export(run, folder / "one.davy")
    assert Bundle.open(folder / "one.davy").verify() <= 1e-5
    inspect(folder / "one.davy", as_json=False, out=io.StringIO())
    write_table(folder / "rows.csv", kind.names, sent)
    score_files(folder / "one.davy", [folder / "rows.csv"], folder / "scores.csv", absent=absent)
    lines = (folder / "scores.csv").read_text().splitlines()
    header = lines[0].split(",")
    return [dict(zip(header, line.split(","), strict=True)) for line in lines[1:]]


def test_three_sensors_and_no_gas(tmp_path: Path) -> None:
    kind, values = station("three", "sensor", "sensor", "sensor"), rows(3, seed=1)
    sent = values[:400].copy()
    sent[350:, 1] *= 10  # one sensor leaves the others
    found = loop(kind, values, sent, tmp_path)
    assert len(found) == 400
    assert all(row["consistency"] and row["reconstruction"] for row in found[60:])
    assert not any(row["methane"] or row["virtual_ppb"] for row in found)
    assert found[351]["culprit"] == "s1_v"
    assert "consistency" in found[351]["alarm"]
    bundle = Bundle.open(tmp_path / "one.davy")
    assert set(bundle.manifest.scorers) == {"scorer"}
    assert "no virtual gas: the station has no gas column" in bundle.manifest.scorers["scorer"].notes[0]
    with pytest.raises(BundleError, match="fix: leave absent out"):
        bundle.scoring(absent=True)


def test_seven_gas_sensors_and_no_climate(tmp_path: Path) -> None:
    kind, values = station("seven", *SENSORS, "sensor"), rows(7, seed=2)
    assert all(row["consistency"] for row in loop(kind, values, values[:400], tmp_path)[60:])


def test_a_gas_and_six_sensors_can_do_without_the_gas(tmp_path: Path) -> None:
    kind, values = station("gas", "gas", *SENSORS), rows(7, seed=3)
    found = loop(kind, values, values[:400], tmp_path, absent=["s0_v"])
    assert all(row["consistency"] and row["virtual_ppb"] for row in found[80:])
    assert Bundle.open(tmp_path / "one.davy").scoring(absent=True).size == 6
